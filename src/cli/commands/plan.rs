//! `plan`: what would change, and what that does to machines. Sends nothing that writes.

use crate::cli::args::{Global, PlanArgs, PlanFormat};
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::removal;
use crate::cli::session;
use crate::cli::streams::{Look, Streams};
use crate::plan::Plan;
use crate::render::diff;
use crate::render::human::{diag as words, plan as human};
use crate::render::json::plan as json;
use crate::world::real::{RealClock, RealFs};
use crate::world::{Clock as _, Fs as _};

pub(in crate::cli) fn run(global: &Global, args: &PlanArgs, streams: &Streams) -> Exit {
    let outs = match args.out.iter().map(|o| output(o)).collect::<Result<Vec<_>, _>>() {
        Ok(outs) => outs,
        Err(fail) => return fail.tell(streams),
    };
    let roots = match args.removal.roots() {
        Ok(roots) => roots,
        Err(fail) => return fail.tell(streams),
    };
    let made = session::load_for_server(global, streams).and_then(|files| {
        session::block_on(async {
            let connection = session::connect(&files.repository, &args.world, streams).await?;
            let (memory, seen) = tokio::join!(session::memory(&connection), connection.look());
            let memory = memory?;
            session::warn_in_doubt(&memory, streams);
            let record = memory.record.as_ref();
            let seen = seen?;
            let repository = files.settle(&seen.omni, streams)?;
            let desired = removal::desired(&repository, record, &roots)?;
            let plan = session::make_plan(&repository, &desired, &connection, &seen, record, None, streams)?;
            connection.close().await?;
            Ok(plan)
        })
    });
    let plan = match made {
        Ok(plan) => plan,
        Err(fail) => return fail.tell(streams),
    };
    match args.format {
        PlanFormat::Text => streams.data(&text(&plan, streams.out, args.brief)),
        PlanFormat::Json => streams.data(&json::text(&plan)),
        PlanFormat::Diff => streams.data(&differences(&plan, streams.out.color)),
    }
    for (format, path) in outs {
        let content = match format {
            PlanFormat::Json => json::text(&plan),
            PlanFormat::Diff => differences(&plan, false),
            PlanFormat::Text => {
                text(&plan, Look { color: false, ascii: false, width: 120, terminal: false }, args.brief)
            }
        };
        if let Err(e) = RealFs::new().replace(&path, content.as_bytes()) {
            return Fail::new(Exit::Error, format!("the plan was not written: {e}")).tell(streams);
        }
    }
    exit(&plan, args.detailed_exitcode)
}

/// The plan for people.
pub(in crate::cli) fn text(plan: &Plan, look: Look, brief: bool) -> String {
    let look = words::Look { colour: look.color, ascii: look.ascii, width: look.width };
    if brief { human::brief(plan, look) } else { human::text(plan, look) }
}

/// The plan as omnictl prints differences.
fn differences(plan: &Plan, color: bool) -> String {
    let now = jiff::Timestamp::from_second(RealClock::new().unix() as i64)
        .map_or_else(|_| "1970-01-01T00:00:00Z".to_owned(), |t| t.to_string());
    diff::text(plan, &now, diff::Secrets::Covered, color)
}

/// An incomplete plan is neither "no changes" nor "changes".
fn exit(plan: &Plan, detailed: bool) -> Exit {
    if !plan.unknown.is_empty() {
        Exit::Unreachable
    } else if plan.warnings.iter().any(|w| w.blocks) {
        Exit::Blocked
    } else if detailed && plan.steps.iter().any(|s| s.action.is_change()) {
        Exit::Changes
    } else {
        Exit::Done
    }
}

fn output(text: &str) -> Result<(PlanFormat, std::path::PathBuf), Fail> {
    let wrong = || {
        Fail::new(Exit::Usage, format!("`--out {text}` is not `json=PATH`, `text=PATH` or `diff=PATH`"))
            .help("saved plans that `apply` takes are not built yet")
    };
    let (format, path) = text.split_once('=').filter(|(_, p)| !p.is_empty()).ok_or_else(wrong)?;
    match format {
        "json" => Ok((PlanFormat::Json, path.into())),
        "diff" => Ok((PlanFormat::Diff, path.into())),
        "text" => Ok((PlanFormat::Text, path.into())),
        _ => Err(wrong()),
    }
}
