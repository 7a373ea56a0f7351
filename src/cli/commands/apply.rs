//! `apply`: plan, ask, carry out, verify.

use crate::address::Address;
use crate::cli::approval::Approval;
use crate::cli::args::{ApplyArgs, Global};
use crate::cli::connect::Connection;
use crate::cli::credentials;
use crate::cli::dialect::Unsettled;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::formats;
use crate::cli::gates::Gates;
use crate::cli::github;
use crate::cli::guards;
use crate::cli::interrupt;
use crate::cli::outputs::{self, Output};
use crate::cli::progress::Progress;
use crate::cli::protection;
use crate::cli::removal;
use crate::cli::report;
use crate::cli::scope;
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::engine::apply::{Deadlines, Outside, apply_as, run_id};
use crate::engine::claim::claim;
use crate::engine::gate::Open;
use crate::engine::recover::{RecoverError, recover};
use crate::engine::stop::Stop;
use crate::engine::verify::{Verified, verify};
use crate::plan::{Action, Lifted, Plan, PlanInput, PlanOptions, Selection, Warning};
use crate::policy;
use crate::render::context::Context;
use crate::render::scope::without_unknown;
use crate::secret::DigestKey;
use crate::state::hold::Hold;
use crate::world::Clock as _;
use crate::world::real::RealClock;

pub(in crate::cli) fn run(global: &Global, args: &ApplyArgs, streams: &Streams) -> Exit {
    let may_ask = credentials::may_ask();
    if let Err(fail) = usage(args, may_ask) {
        return fail.tell(streams);
    }
    let approval = match Approval::of(&args.approval) {
        Ok(approval) => approval,
        Err(fail) => return fail.tell(streams),
    };
    let given = args.removal.roots().and_then(|roots| {
        args.scope.beside_removal(&roots)?;
        let (roots, selection, overrides) =
            approval.chosen(roots, args.scope.selection()?, &args.overrides)?;
        Ok((roots, selection, overrides.given()?))
    });
    let (roots, selection, overrides) = match given {
        Ok(chosen) => chosen,
        Err(fail) => return fail.tell(streams),
    };
    let outs = match args.outs.outputs() {
        Ok(outs) => outs,
        Err(fail) => return fail.tell(streams),
    };
    let context = formats::context(global);
    let done = session::load_for_server(global, streams).and_then(|files| {
        session::block_on(async {
            let connection = session::connect(&files.repository, &args.world, streams).await?;
            let (approval, roots, selection, outs, context, overrides) =
                (&approval, &roots, &selection, &outs, &context, &overrides);
            let orders = Orders { approval, roots, selection, outs, context, overrides };
            let exit = Box::pin(carry_out(files, &connection, orders, args, streams)).await;
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
    let approved = args.approval.plan.is_some() || args.approval.expect_digest.is_some();
    if args.auto_approve && !approved && args.max_risk.is_none() && args.world.lab.is_none() {
        return Err(Fail::new(Exit::Usage, "`--auto-approve` needs `--max-risk` when it is not for the lab")
            .help(
                "choose the worst that may happen unseen: `--max-risk low`, `medium`, `high` or `critical`",
            ));
    }
    if !args.auto_approve && !may_ask && !approved {
        let flags =
            if args.world.lab.is_some() { "--auto-approve" } else { "--auto-approve --max-risk RISK" };
        return Err(Fail::new(Exit::Usage, "there is no terminal to ask on")
            .help(format!("approve beforehand: with a saved plan, `--expect-digest`, or `{flags}`")));
    }
    Ok(())
}

/// What is to be applied, and where else the plan goes.
#[derive(Clone, Copy)]
struct Orders<'a> {
    approval: &'a Approval,
    roots: &'a [Address],
    selection: &'a Selection,
    outs: &'a [Output],
    context: &'a Context,
    overrides: &'a [policy::Override],
}

async fn carry_out(
    files: Unsettled,
    connection: &Connection,
    orders: Orders<'_>,
    args: &ApplyArgs,
    streams: &Streams,
) -> Result<Exit, Fail> {
    session::warn_local(connection, streams);
    let stop = interrupt::watch(streams, interrupt::APPLY);
    if orders.approval.is_given() {
        let record = session::record(connection).await?;
        orders.approval.fits(connection, &files.repository, record.as_ref()).await?;
    }
    let wait = args.lock_timeout;
    let hold = tokio::select! {
        biased;
        hold = connection.memory.hold(connection, "apply", wait, streams) => hold?,
        () = stop.wait() => {
            streams.tell("Nothing was changed.");
            return Ok(Exit::Stopped);
        }
    };
    let done = under(hold.as_ref(), &stop, files, connection, orders, args, streams).await;
    // Should this fail, the lease runs out by itself; the next apply waits for that.
    if let Err(e) = hold.release().await {
        streams.say(&format!("note: the lease was not given back and runs out by itself: {e}"));
    }
    done
}

/// While nobody else writes.
async fn under(
    hold: &dyn Hold,
    stop: &Stop,
    files: Unsettled,
    connection: &Connection,
    Orders { approval, roots, selection, outs, context, overrides }: Orders<'_>,
    args: &ApplyArgs,
    streams: &Streams,
) -> Result<Exit, Fail> {
    let key = match &connection.digest_key {
        Some(key) => key.clone(),
        // Another run may have made it before this one had the lease.
        None => connection.memory.digest_key()?.unwrap_or_else(|| random_key(connection)),
    };
    let progress = Progress::new(streams, connection.clock.clone());
    let runs = connection.memory.runs();
    let everybody = Open;
    let outside = Outside {
        gates: &everybody,
        omni: &connection.omni,
        clock: connection.clock.as_ref(),
        rng: connection.rng.as_ref(),
        key: &key,
        store: connection.memory.store(),
        hold,
        fs: &connection.fs,
        runs: &runs,
        observer: &progress,
        stop,
        deadlines: Deadlines {
            goal: std::time::Duration::from_secs(u64::from(args.timeout) * 60),
            ..Deadlines::default()
        },
    };
    let record = session::record(connection).await?;
    let record = recover(outside, &connection.name, record).await.map_err(recovery)?;
    // Another run may have ended between the first look at the record and the lease.
    approval.unused(record.as_ref())?;
    let seen = connection.look().await?;
    let repository = files.settle(&seen.omni, streams)?;
    let desired = removal::desired(&repository, record.as_ref(), roots)?;
    scope::check(selection, &repository, record.as_ref(), &seen)?;
    let options = PlanOptions::selecting(selection).at(RealClock::new().unix() as u64);
    // A key that nobody keeps makes digests that nobody can compare: without one, plans are the same everywhere.
    let kept = connection.digest_key.is_some() || connection.memory.remote.is_none();
    let (recorded, digests) = (record.as_ref(), kept.then_some(&key));
    let input = PlanInput { desired: &desired, snapshot: &seen, record: recorded, key: digests, options };
    let mut plan = session::make_plan(&repository, &input, streams)?;
    if let Err(fail) = guards::reviewed(&mut plan, &repository, &input, overrides) {
        // What a saved plan was allowed to do may have nothing left to do it to: then it is stale, and says why.
        approval.agrees(&plan, &seen, connection, streams).await?;
        return Err(fail);
    }
    let mut context = context.clone();
    approval.name(&plan, connection.digest_key.as_ref(), &mut context)?;
    approval.agrees(&plan, &seen, connection, streams).await?;
    args.amount.print(&plan, &context, streams);
    outputs::write(outs, &plan, &context, args.amount.view())?;
    approval.expects(&context)?;
    if !args.auto_approve && credentials::may_ask() {
        by_word(&mut plan, stop, streams).await;
    }
    if let Some(exit) = refuse(&plan, args, streams) {
        return github::tell(&plan, &context, exit, None);
    }
    if plan.steps.is_empty() {
        protection::remember(
            connection.memory.store(),
            hold,
            record,
            &desired,
            policy::kept(repository.spec()),
        )
        .await?;
        return github::tell(&plan, &context, Exit::Done, None);
    }
    if !args.auto_approve
        && !approval.is_given()
        && plan.steps.iter().any(|s| s.action.is_change())
        && !approved(&plan, stop, streams).await
    {
        streams.tell("Not approved. Nothing was changed.");
        let exit = if stop.requested() { Exit::Stopped } else { Exit::Error };
        return github::tell(&plan, &context, exit, None);
    }
    if connection.digest_key.is_none() {
        connection.memory.keep_digest_key(&key)?;
    }
    let run = run_id(outside.clock, outside.rng);
    let record = match approval.claim(&run, outside.clock.unix() as i64) {
        Some((file, used)) => {
            let record = claim(outside, &plan.omni, record, file, used).await?;
            plan.record = Some((record.lineage.clone(), record.serial));
            Some(record)
        }
        None => record,
    };
    let gates = Gates { repository: &repository, connection, desired: &desired, key: digests, options };
    progress.follow(&plan);
    let mut report = apply_as(Outside { gates: &gates, ..outside }, &plan, record, run).await?;
    progress.finish();
    if report.complete() && plan.scope.is_none() && roots.is_empty() {
        report.record = protection::remember(
            connection.memory.store(),
            hold,
            report.record,
            &desired,
            policy::kept(repository.spec()),
        )
        .await?;
    }
    let verified = if report.complete() {
        Some(match connection.look().await {
            Ok(snapshot) => verify(&desired, &snapshot, report.record.as_ref(), digests, options),
            Err(fail) => Verified::Unknown(fail.message),
        })
    } else {
        None
    };
    let text = report::text(&plan, &report, verified.as_ref(), connection.world.as_deref());
    streams.data(&text);
    if let Some(e) = &report.memory {
        streams.error(&e.to_string(), Some(&e.help()));
    }
    github::tell(&plan, &context, report::exit(&report, verified.as_ref()), Some(&text))
}

fn random_key(connection: &Connection) -> DigestKey {
    let mut bytes = [0u8; 32];
    connection.rng.fill(&mut bytes);
    DigestKey::new(bytes)
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

/// Says what speaks against the plan.
fn refuse(plan: &Plan, args: &ApplyArgs, streams: &Streams) -> Option<Exit> {
    let limit = args.max_risk.map(policy::Risk::from);
    let verdict = policy::judge(plan, limit);
    if verdict.gaps > 0 {
        let help = match without_unknown(plan) {
            Some(flags) => format!("nothing was changed; try again, or apply the rest with {flags}"),
            None => "make what is unknown readable, then apply again; nothing was changed".to_owned(),
        };
        streams.error("the plan is not complete, so it is not applied", Some(&help));
        return Some(Exit::Unreachable);
    }
    if verdict.blocks > 0 {
        let blocks: Vec<&Warning> = plan.warnings.iter().filter(|w| w.blocks).collect();
        let (message, help) = guards::blocked(&blocks);
        streams.error(&message, Some(&help));
        return Some(Exit::Blocked);
    }
    let (limit, (address, risk)) = limit.zip(verdict.above.first())?;
    let message = format!("the risk of `{address}` is {}, above `--max-risk {}`", risk.word(), limit.word());
    streams.error(
        &message,
        Some("nothing was changed; read the plan, then allow that risk or change the files"),
    );
    Some(Exit::Blocked)
}

/// A lost majority is nobody's to allow but of a person in front of the plan, by a word of its own; nothing else is then in
/// the way.
async fn by_word(plan: &mut Plan, stop: &Stop, streams: &Streams) {
    let only_that = |w: &Warning| w.guard.as_deref() == Some("G03");
    if !plan.warnings.iter().filter(|w| w.blocks).all(only_that) {
        return;
    }
    for warning in plan.warnings.iter_mut().filter(|w| w.blocks) {
        let cluster = warning.address.as_ref().map_or("", |a| a.name());
        let phrase = format!("risk the quorum of {cluster}");
        streams.tell(&format!("G03: {}. Type `{phrase}` to go on all the same:", warning.message));
        if typed(stop).await.as_deref() != Some(phrase.as_str()) {
            return;
        }
        warning.blocks = false;
        let by = "a phrase typed on the terminal".to_owned();
        warning.lifted = Some(Lifted { by, owner: None, reason: None, expires: None });
    }
}

/// A line from the terminal; nothing when an interrupt came first.
async fn typed(stop: &Stop) -> Option<String> {
    let line = tokio::task::spawn_blocking(credentials::answer);
    tokio::select! {
        line = line => Some(line.unwrap_or_default()),
        () = stop.wait() => None,
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
    let noun = if changes == 1 { "change" } else { "changes" };
    let phrase = phrase(plan);
    match &phrase {
        Some(phrase) => {
            let lost = if plan.lost.len() == 1 { "A machine" } else { "Machines" };
            streams.tell(&format!("{lost} will be lost. Type `{phrase}` to apply {changes} {noun}:"));
        }
        None => {
            streams.tell(&format!("Apply {changes} {noun}? [y/N]"));
        }
    }
    let Some(typed) = typed(stop).await else { return false };
    match phrase {
        Some(phrase) => typed == phrase,
        None => matches!(typed.to_ascii_lowercase().as_str(), "y" | "yes"),
    }
}
