//! `apply`: plan, ask, carry out, verify.

use super::plan as plan_command;
use crate::cli::args::{ApplyArgs, Global, Risk};
use crate::cli::connect::Connection;
use crate::cli::credentials;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::interrupt;
use crate::cli::progress::Progress;
use crate::cli::report;
use crate::cli::repository::Repository;
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::engine::apply::{Deadlines, Outside, apply};
use crate::engine::recover::{RecoverError, recover};
use crate::engine::stop::Stop;
use crate::engine::verify::{Verified, verify};
use crate::kinds::Effect;
use crate::plan::{Action, Plan, PlanOptions};

pub(in crate::cli) fn run(global: &Global, args: &ApplyArgs, streams: &Streams) -> Exit {
    let may_ask = credentials::may_ask();
    if let Err(fail) = usage(args, may_ask) {
        return fail.tell(streams);
    }
    let done = session::load(global, streams).and_then(|repository| {
        session::block_on(async {
            let connection = session::connect(&repository, &args.world, streams).await?;
            let exit = carry_out(&repository, &connection, args, streams).await;
            // The lab keeps its world whatever became of the run.
            let closed = connection.close().await;
            let exit = exit?;
            closed.map(|()| exit)
        })
    });
    match done {
        Ok(exit) => exit,
        Err(fail) => fail.tell(streams),
    }
}

/// Who approves must be known before anything is read.
fn usage(args: &ApplyArgs, may_ask: bool) -> Result<(), Fail> {
    if args.auto_approve && args.max_risk.is_none() && args.world.lab.is_none() {
        return Err(Fail::new(Exit::Usage, "`--auto-approve` needs `--max-risk` when it is not for the lab")
            .help(
                "choose the worst that may happen unseen: `--max-risk low`, `medium`, `high` or `critical`",
            ));
    }
    if !args.auto_approve && !may_ask {
        let flags =
            if args.world.lab.is_some() { "--auto-approve" } else { "--auto-approve --max-risk RISK" };
        return Err(Fail::new(Exit::Usage, "there is no terminal to ask on")
            .help(format!("approve beforehand with `{flags}`")));
    }
    Ok(())
}

async fn carry_out(
    repository: &Repository,
    connection: &Connection,
    args: &ApplyArgs,
    streams: &Streams,
) -> Result<Exit, Fail> {
    if connection.world.is_none() && std::env::var_os("CI").is_some() {
        streams.say("note: the record is local (`state/`): on runners that are thrown away, keep that folder between runs");
    }
    let stop = interrupt::watch(streams, interrupt::APPLY);
    let _lease = connection.store.lease()?;
    let progress = Progress::new(streams, connection.clock.clone());
    let runs = connection.store.runs();
    let outside = Outside {
        omni: &connection.omni,
        clock: connection.clock.as_ref(),
        rng: connection.rng.as_ref(),
        store: &connection.store,
        fs: &connection.fs,
        runs: &runs,
        observer: &progress,
        stop: &stop,
        deadlines: Deadlines {
            goal: std::time::Duration::from_secs(u64::from(args.timeout) * 60),
            ..Deadlines::default()
        },
    };
    let record = session::record(connection).await?;
    let record = recover(outside, &connection.name, record).await.map_err(recovery)?;
    let plan = session::make_plan(repository, connection, record.as_ref(), streams).await?;
    streams.data(&plan_command::text(&plan, streams.out, false));
    if let Some(exit) = refuse(&plan, args, streams) {
        return Ok(exit);
    }
    if plan.steps.is_empty() {
        return Ok(Exit::Done);
    }
    if !args.auto_approve
        && plan.steps.iter().any(|s| s.action.is_change())
        && !approved(&plan, &stop, streams).await
    {
        streams.tell("Not approved. Nothing was changed.");
        return Ok(if stop.requested() { Exit::Stopped } else { Exit::Error });
    }
    let report = apply(outside, &plan, record).await?;
    progress.finish();
    let verified = if report.complete() {
        Some(match connection.look().await {
            Ok(snapshot) => {
                verify(&repository.desired, &snapshot, report.record.as_ref(), PlanOptions::default())
            }
            Err(fail) => Verified::Unknown(fail.message),
        })
    } else {
        None
    };
    streams.data(&report::text(&plan, &report, verified.as_ref(), connection.world.as_deref()));
    if let Some(e) = &report.memory {
        streams.error(&e.to_string(), Some(&e.help()));
    }
    Ok(report::exit(&report, verified.as_ref()))
}

fn recovery(e: RecoverError) -> Fail {
    match e {
        RecoverError::Store(e) => e.into(),
        RecoverError::Unreadable { .. } => Fail::new(Exit::Unreachable, e.to_string())
            .help("nothing was changed; apply again when it can be read"),
        RecoverError::StillThere { .. } => Fail::new(Exit::Unhealthy, e.to_string())
            .help("nothing else was changed; apply again when it is gone"),
        RecoverError::Stopped => Fail::new(Exit::Stopped, e.to_string()),
    }
}

/// What the plan itself forbids.
fn refuse(plan: &Plan, args: &ApplyArgs, streams: &Streams) -> Option<Exit> {
    if !plan.unknown.is_empty() {
        streams.error(
            "the plan is not complete, so it is not applied",
            Some("make what is unknown readable, then apply again; nothing was changed"),
        );
        return Some(Exit::Unreachable);
    }
    let blocks = plan.warnings.iter().filter(|w| w.blocks).count();
    if blocks > 0 {
        let what = if blocks == 1 { "1 block" } else { &format!("{blocks} blocks") };
        streams.error(&format!("the plan has {what}, so it is not applied"), Some("nothing was changed"));
        return Some(Exit::Blocked);
    }
    let risk = risk(plan.summary.worst);
    let limit = args.max_risk?;
    (risk > limit).then(|| {
        streams.error(
            &format!("the plan's risk is {}, above `--max-risk {}`", word(risk), word(limit)),
            Some("nothing was changed; read the plan, then allow that risk or change the files"),
        );
        Exit::Blocked
    })
}

fn risk(worst: Effect) -> Risk {
    match worst {
        Effect::None | Effect::NoEffect | Effect::Hot => Risk::Low,
        Effect::Reboot => Risk::Medium,
        // What we do not know counts as worse than a reboot.
        Effect::Unknown | Effect::Rebuild => Risk::High,
        Effect::Destroy => Risk::Critical,
    }
}

fn word(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
        Risk::Critical => "critical",
    }
}

/// What has to be typed to approve: more than `y` where machines are lost.
fn phrase(plan: &Plan) -> Option<String> {
    let destroyed = plan.steps.iter().find(|s| s.action == Action::Destroy && s.address.kind() == "cluster");
    if let Some(step) = destroyed {
        return Some(format!("destroy {}", step.address.name()));
    }
    let lost = plan.lost.first()?;
    let cluster = lost.address.cluster_name()?.to_owned();
    let control = plan.lost.iter().any(|l| l.address.name() == "control-planes");
    Some(if control { format!("destroy {cluster}") } else { cluster })
}

async fn approved(plan: &Plan, stop: &Stop, streams: &Streams) -> bool {
    let changes = plan.steps.iter().filter(|s| s.action.is_change()).count();
    let phrase = phrase(plan);
    match &phrase {
        Some(phrase) => {
            streams.tell(&format!("Machines will be lost. Type `{phrase}` to apply {changes} changes:"));
        }
        None => {
            let noun = if changes == 1 { "change" } else { "changes" };
            streams.tell(&format!("Apply {changes} {noun}? [y/N]"));
        }
    }
    let typed = tokio::task::spawn_blocking(credentials::answer);
    let typed = tokio::select! {
        typed = typed => typed.unwrap_or_default(),
        () = stop.wait() => return false,
    };
    match phrase {
        Some(phrase) => typed == phrase,
        None => matches!(typed.to_ascii_lowercase().as_str(), "y" | "yes"),
    }
}
