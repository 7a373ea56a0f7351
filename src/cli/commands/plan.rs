//! `plan`: what would change, and what that does to machines. Sends nothing that writes.

use crate::cli::args::{Global, PlanArgs};
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::formats;
use crate::cli::github;
use crate::cli::guards;
use crate::cli::outputs;
use crate::cli::removal;
use crate::cli::saving::{self, Made};
use crate::cli::scope;
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::plan::{Plan, PlanInput, PlanOptions};
use crate::render::context::Context;
use crate::world::Clock as _;
use crate::world::real::RealClock;

pub(in crate::cli) fn run(global: &Global, args: &PlanArgs, streams: &Streams) -> Exit {
    let outs = match args.outs.outputs() {
        Ok(outs) => outs,
        Err(fail) => return fail.tell(streams),
    };
    let roots = match args.removal.roots() {
        Ok(roots) => roots,
        Err(fail) => return fail.tell(streams),
    };
    let selection = match args.scope.beside_removal(&roots).and_then(|()| args.scope.selection()) {
        Ok(selection) => selection,
        Err(fail) => return fail.tell(streams),
    };
    let overrides = match args.overrides.given() {
        Ok(overrides) => overrides,
        Err(fail) => return fail.tell(streams),
    };
    let made = session::load_for_server(global, streams).and_then(|files| {
        session::block_on(async {
            let connection = session::connect(&files.repository, &args.world, streams).await?;
            let (memory, seen) = tokio::join!(session::memory(&connection), connection.look());
            let memory = memory?;
            session::warn_local(&connection, streams);
            session::warn_in_doubt(&memory, streams);
            let record = memory.record.as_ref();
            let seen = seen?;
            let repository = files.settle(&seen.omni, streams)?;
            let desired = removal::desired(&repository, record, &roots)?;
            scope::check(&selection, &repository, record, &seen)?;
            let options = PlanOptions::selecting(&selection).at(RealClock::new().unix() as u64);
            let key = connection.digest_key.as_ref();
            let input = PlanInput { desired: &desired, snapshot: &seen, record, key, options };
            let mut plan = session::make_plan(&repository, &input, streams)?;
            guards::reviewed(&mut plan, &repository, &input, &overrides)?;
            let mut context = formats::context(global);
            let made = Made {
                plan: &plan,
                snapshot: &seen,
                repository: &repository,
                connection: &connection,
                choices: saving::choices(&roots, &selection, &args.overrides),
            };
            saving::name(made, &args.saving, &outs, &mut context).await?;
            connection.close().await?;
            Ok((plan, context))
        })
    });
    let (plan, context) = match made {
        Ok(made) => made,
        Err(fail) => return fail.tell(streams),
    };
    match show(args, &outs, &plan, &context, streams) {
        Ok(exit) => exit,
        Err(fail) => fail.tell(streams),
    }
}

fn show(
    args: &PlanArgs,
    outs: &[outputs::Output],
    plan: &Plan,
    context: &Context,
    streams: &Streams,
) -> Result<Exit, Fail> {
    args.printing.print(plan, context, streams)?;
    outputs::write(outs, plan, context, args.printing.amount.view())?;
    saving::tell(outs, context, streams);
    github::tell(plan, context, exit(plan, args.detailed_exitcode), None)
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
