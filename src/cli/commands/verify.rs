//! `verify`: the definition of done, with what was observed.

use clap::{Args, ValueEnum};

use crate::cli::args::{Global, World};
use crate::cli::exit::Exit;
use crate::cli::guards;
use crate::cli::review;
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::plan::{PlanInput, PlanOptions, Selection};
use crate::policy::Standing;
use crate::render::human::done as human;
use crate::render::json::done as json;

/// Format of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum VerifyFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// `verify`
#[derive(Debug, Args)]
#[command(after_help = "\
An entry of `definition_of_done` is a text, or { text, check } with an expression over the plan and the files
(docs/reference/policy.md). A text without a check is printed as not checked and decides nothing.

Exit codes: 0 every check holds, 1 one does not, or has no value, 69 not everything that tells could be read")]
pub struct VerifyArgs {
    /// Which world.
    #[command(flatten)]
    pub world: World,
    /// Format on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: VerifyFormat,
}

pub(in crate::cli) fn run(global: &Global, args: &VerifyArgs, streams: &Streams) -> Exit {
    let made = session::load_for_server(global, streams).and_then(|files| {
        session::block_on(async {
            let connection = session::connect(&files.repository, &args.world, streams).await?;
            let (memory, seen) = tokio::join!(session::memory(&connection), connection.look());
            let (memory, seen) = (memory?, seen?);
            let record = memory.record.as_ref();
            let repository = files.settle(&seen.omni, streams)?;
            let everything = Selection::default();
            let options = PlanOptions::selecting(&everything);
            let input = PlanInput {
                desired: &repository.desired,
                snapshot: &seen,
                record,
                key: connection.digest_key.as_ref(),
                options,
            };
            let plan = guards::checked(session::make_plan(&repository, &input, streams)?, &input)?;
            let checked = review::definition_of_done(&repository, &plan);
            connection.close().await?;
            Ok((checked, plan.unknown))
        })
    });
    let (checked, unknown) = match made {
        Ok(made) => made,
        Err(fail) => return fail.tell(streams),
    };
    let holds = checked.iter().all(|c| matches!(c.standing, Standing::Holds | Standing::Unchecked));
    streams.data(&match args.format {
        VerifyFormat::Text => {
            let look = streams.out.words();
            human::text(&checked, look)
        }
        VerifyFormat::Json => json::text(&checked, holds && unknown.is_empty()),
    });
    if let Some(first) = unknown.first() {
        streams.error(
            &format!("not everything that tells could be read: {first}"),
            Some("verify again when it can be"),
        );
        return Exit::Unreachable;
    }
    if holds { Exit::Done } else { Exit::Error }
}
