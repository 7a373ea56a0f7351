//! `validate`: the files alone; no network, no credentials.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};

use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::fix;
use crate::cli::repository::{self, Repository, Unread};
use crate::cli::review;
use crate::cli::streams::Streams;
use crate::diag::{Diagnostic, Sink, Sources};
use crate::graph::Graph;
use crate::plan::{Warning, codes, phases};
use crate::render::github;
use crate::render::human::plan as human;
use crate::render::json::files as json;
use crate::world::Clock as _;
use crate::world::real::RealClock;

/// Format of what is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ValidateFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// Annotations for GitHub Actions, at the lines of the files.
    Github,
}

/// `validate`
#[derive(Debug, Args)]
#[command(after_help = "\
What is wrong is printed for people on standard error in any format; a format other than text is printed on standard
output besides.

Exit codes: 0 nothing is wrong, 1 `--fix --check` found something to change, 3 a rule or a locked decision about the files is broken, 65 a file is wrong")]
pub struct ValidateArgs {
    /// Format on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: ValidateFormat,
    /// Make the changes that mend what was found and can do no harm; everything else in the files stays as it is
    #[arg(long)]
    pub fix: bool,
    /// With `--fix`: write nothing, print what would change, and exit with 1 if anything would
    #[arg(long, requires = "fix", visible_alias = "dry-run")]
    pub check: bool,
}

pub(in crate::cli) fn run(global: &Global, args: &ValidateArgs, streams: &Streams) -> Exit {
    if args.fix {
        match fix::run(global, args, streams) {
            // What is left is told as without the flag.
            Ok(None) => {}
            Ok(Some(exit)) => return exit,
            Err(fail) => return fail.tell(streams),
        }
    }
    let (repository, mut sink) = match repository::examine(global) {
        Ok(read) => read,
        Err(Unread::Fail(fail)) => return fail.tell(streams),
        Err(Unread::Files { sources, sink }) => {
            let mended = match mended(global, &sources, &sink, args) {
                Ok(mended) => mended,
                Err(fail) => return fail.tell(streams),
            };
            return end((&sources, &sink, &mended), &[], args, streams);
        }
    };
    let mended = match mended(global, &repository.sources, &sink, args) {
        Ok(mended) => mended,
        Err(fail) => return fail.tell(streams),
    };
    if !sink.has_errors() {
        sink.push_all(order(&repository));
    }
    // What rules say of the files alone needs no server.
    let found = if sink.has_errors() {
        Vec::new()
    } else {
        review::files(&repository, RealClock::new().unix() as i64)
    };
    let exit = end((&repository.sources, &sink, &mended), &found, args, streams);
    if exit == Exit::Done && args.format == ValidateFormat::Text {
        streams.data(&counts(&repository));
    }
    exit
}

/// That nothing needs itself, and that phases are in an order in which they can be done.
fn order(repository: &Repository) -> Vec<Diagnostic> {
    match Graph::build(&repository.desired) {
        Err(circle) => vec![Diagnostic::error(codes::CIRCLE, circle.to_string())],
        Ok(graph) => phases(&repository.desired, &graph).err().unwrap_or_default(),
    }
}

/// What `--fix` would mend, where somebody is told.
fn mended(
    global: &Global,
    sources: &Sources,
    sink: &Sink,
    args: &ValidateArgs,
) -> Result<BTreeSet<usize>, Fail> {
    match args.format {
        ValidateFormat::Json => fix::mended(global, sources, sink),
        ValidateFormat::Text | ValidateFormat::Github => Ok(BTreeSet::new()),
    }
}

/// Says all of it, in the forms that are wanted.
fn end(
    (sources, sink, mended): (&Sources, &Sink, &BTreeSet<usize>),
    found: &[Warning],
    args: &ValidateArgs,
    streams: &Streams,
) -> Exit {
    let judged = repository::judge(sources, sink, streams);
    if !found.is_empty() {
        let look = streams.err.words();
        streams.tell(&human::findings(found, look));
    }
    match args.format {
        ValidateFormat::Text => {}
        ValidateFormat::Json => streams.data(&json::text(sources, sink.all(), mended, found)),
        ValidateFormat::Github => streams.commands(&github::file_annotations(sources, sink.all(), found)),
    }
    match judged {
        Err(fail) => fail.tell(streams),
        Ok(()) if found.iter().any(|f| f.blocks) => Exit::Blocked,
        Ok(()) => Exit::Done,
    }
}

fn counts(repository: &Repository) -> String {
    let desired = &repository.desired;
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let resources: usize = desired.clusters.iter().map(|c| c.resources.len()).sum();
    format!(
        "Valid: {}, {}, {} with {}.",
        count(desired.providers.len(), "provider", "providers"),
        count(desired.classes.len(), "machine class", "machine classes"),
        count(desired.clusters.len(), "cluster", "clusters"),
        count(resources, "resource", "resources"),
    )
}
