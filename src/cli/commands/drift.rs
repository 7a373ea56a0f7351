//! `drift`: what is otherwise in Omni than it was applied. Reads only, and proposes nothing.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};

use crate::cli::args::{Global, World};
use crate::cli::authors::authors;
use crate::cli::connect::Connection;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::formats::{self, IN_FILES};
use crate::cli::github;
use crate::cli::outputs;
use crate::cli::scope::{self, ScopeArgs};
use crate::cli::session;
use crate::cli::streams::{Look, Streams};
use crate::plan::PlanOptions;
use crate::plan::drift::{Drift, DriftInput, Drifted, drift};
use crate::render::context::Context;
use crate::render::github::drift_annotations as annotations;
use crate::render::html;
use crate::render::human::drift as human;
use crate::render::json::drift as json;
use crate::render::markdown;
use crate::resource::ResourceId;

/// Format of a drift report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DriftFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// Markdown for an issue.
    Md,
    /// Annotations of GitHub.
    Github,
    /// A page that stands alone.
    Html,
}

/// `drift`
#[derive(Debug, Args)]
#[command(after_help = "\
What matters: fields that we applied and that are otherwise now; things of ours that are gone or on their way out; things
that are not ours in clusters of ours; locks. Labels and annotations of others, and the formatting of texts, are counted.
Without a record nothing was applied that could have drifted.

Exit codes: 0 no drift, or drift without --detailed-exitcode; 2 drift; 69 not everything could be read")]
pub struct DriftArgs {
    /// Which world.
    #[command(flatten)]
    pub world: World,
    /// Exit with 2 when there is drift, instead of 0
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Format on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: DriftFormat,
    /// List what does not matter, too
    #[arg(long)]
    pub full: bool,
    /// Also write the report to a file, as `json=PATH` or in any other format; may be repeated
    #[arg(long, value_name = "FORMAT=PATH")]
    pub out: Vec<String>,
    /// What of the whole.
    #[command(flatten)]
    pub scope: ScopeArgs,
}

pub(in crate::cli) fn run(global: &Global, args: &DriftArgs, streams: &Streams) -> Exit {
    match report(global, args, streams) {
        Ok(exit) => exit,
        Err(fail) => fail.tell(streams),
    }
}

fn report(global: &Global, args: &DriftArgs, streams: &Streams) -> Result<Exit, Fail> {
    let outs = outputs::of(&args.out, format)?;
    let selection = args.scope.selection()?;
    let found = session::load_for_server(global, streams).and_then(|files| {
        session::block_on(async {
            let connection = session::connect(&files.repository, &args.world, streams).await?;
            let (memory, seen) = tokio::join!(session::memory(&connection), connection.look_around());
            let (memory, seen) = (memory?, seen?);
            session::warn_in_doubt(&memory, streams);
            let repository = files.settle(&seen.omni, streams)?;
            scope::check(&selection, &repository, memory.record.as_ref(), &seen)?;
            let mut found = drift(&DriftInput {
                desired: &repository.desired,
                snapshot: &seen,
                record: memory.record.as_ref(),
                key: connection.digest_key.as_ref(),
                options: PlanOptions::selecting(&selection),
            });
            name_writers(&mut found, &connection).await;
            connection.close().await?;
            Ok(found)
        })
    })?;
    let context = formats::context(global);
    streams.data(&draw(&found, args.format, &context, args.full, streams.out));
    let files = outs
        .iter()
        .map(|(format, path)| (path.as_path(), draw(&found, *format, &context, args.full, IN_FILES)));
    outputs::write_all(&files.collect::<Vec<_>>())?;
    let exit = if !found.unknown.is_empty() {
        Exit::Unreachable
    } else if args.detailed_exitcode && !found.drifted.is_empty() {
        Exit::Changes
    } else {
        Exit::Done
    };
    github::tell_drift(&found, &context, exit)
}

/// How long Omni's audit log is asked back for what is gone: nobody tells when it went.
const BACK: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);
/// An event and the time of a write that it explains are of one server, and lie apart by no more than this, in milliseconds.
const APART: i128 = 120_000;
/// Days of the log that are asked for; what drifted on more of them is told without names.
const DAYS: usize = 10;

/// Says who wrote what drifted, where the audit log tells and the event is of that write.
async fn name_writers(found: &mut Drift, connection: &Connection) {
    let written = |item: &Drifted| item.when.as_ref().and_then(|w| w.parse::<jiff::Timestamp>().ok());
    let mut days: BTreeMap<String, jiff::Timestamp> = BTreeMap::new();
    for time in found.drifted.iter().filter_map(written) {
        days.insert(time.strftime("%Y-%m-%d").to_string(), time);
    }
    let mut asked: Vec<Vec<jiff::Timestamp>> =
        days.into_values().rev().take(DAYS).map(|time| vec![time]).collect();
    if found.drifted.iter().any(|d| d.when.is_none())
        && let Ok(now) = jiff::Timestamp::from_second(connection.clock.unix() as i64)
        && let Ok(oldest) = now.checked_sub(BACK)
    {
        asked.push(vec![oldest, now]);
    }
    let mut by: BTreeMap<ResourceId, (String, i128)> = BTreeMap::new();
    for times in asked {
        for (id, event) in authors(connection, &times).await {
            if by.get(&id).is_none_or(|known| known.1 < event.1) {
                by.insert(id, event);
            }
        }
    }
    for item in &mut found.drifted {
        let Some((who, at)) = by.get(&item.id) else { continue };
        let fits = written(item).is_none_or(|w| (i128::from(w.as_millisecond()) - at).abs() <= APART);
        item.who = fits.then(|| who.clone());
    }
}

fn draw(drift: &Drift, format: DriftFormat, context: &Context, full: bool, look: Look) -> String {
    match format {
        DriftFormat::Text => {
            let look = look.words();
            human::text(drift, full, look)
        }
        DriftFormat::Json => json::text(drift),
        DriftFormat::Md => markdown::drift(drift, context, full, markdown::COMMENT),
        DriftFormat::Github => annotations(drift),
        DriftFormat::Html => html::drift(drift, context),
    }
}

fn format(name: &str) -> Result<DriftFormat, Fail> {
    DriftFormat::from_str(name, false).map_err(|_| {
        let names: Vec<String> = DriftFormat::value_variants()
            .iter()
            .filter_map(|f| Some(f.to_possible_value()?.get_name().to_owned()))
            .collect();
        Fail::new(Exit::Usage, format!("`{name}` is no format of a drift report"))
            .help(format!("formats are {}", names.join(", ")))
    })
}
