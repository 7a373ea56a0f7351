//! `spec upgrade`: the engine sections behind a spec that has narrative ones only. Asks nobody; the old text stays byte for byte.

use std::fmt::Write as _;

use clap::{Args, Subcommand};

use super::init::survey_of;
use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::files::Root;
use crate::cli::repository;
use crate::cli::streams::Streams;
use crate::diag::{Sink, Source, Sources};
use crate::spec::upgrade::{self, AppendError, Survey};
use crate::untrusted::Untrusted;
use crate::yaml::{Limits, parse, text_of};

/// `spec …`
#[derive(Debug, Subcommand)]
pub enum SpecCommand {
    /// Write the engine sections behind a narrative spec, from the facts in it and in the files beside it
    Upgrade(UpgradeArgs),
}

/// `spec upgrade`
#[derive(Debug, Args)]
pub struct UpgradeArgs {
    /// Print the difference, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the difference, write nothing, and exit with 1 if there is one
    #[arg(long)]
    pub check: bool,
}

/// Above the new sections.
const HEADING: [&str; 2] = [
    "ENGINE SECTIONS, written by `omni-scale spec upgrade` from what stands above and in the files beside this one.",
    "Lines with `# ?` are questions: answer them, or leave them out.",
];

pub(in crate::cli) fn run(global: &Global, command: &SpecCommand, streams: &Streams) -> Exit {
    let SpecCommand::Upgrade(args) = command;
    match upgrade(global, args, streams) {
        Ok(exit) => exit,
        Err(fail) => fail.tell(streams),
    }
}

fn upgrade(global: &Global, args: &UpgradeArgs, streams: &Streams) -> Result<Exit, Fail> {
    let root = Root::open(&global.directory)?;
    let path = repository::spec_path(&root, global)?;
    let bytes = root.read(&path)?;
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let id = sources.add(path.clone(), String::from_utf8_lossy(&bytes));
    let read = text_of(id, &bytes).map_err(|d| vec![d]).and_then(|t| Ok((t, parse(id, t, &Limits::spec())?)));
    let (text, documents) = match read {
        Ok(read) => read,
        Err(problems) => {
            sink.push_all(problems);
            return Err(repository::judge(&sources, &sink, streams)
                .err()
                .unwrap_or_else(|| Fail::said(Exit::Files)));
        }
    };
    let mut survey = Survey::default();
    let unseen = survey_of(&root, &mut survey);
    let (mut facts, left) = survey.facts(None);
    let source = Source::new(path.clone(), text);
    upgrade::narrate(&documents, &source, &mut facts);
    let sections = upgrade::sections(&facts);
    let new = match upgrade::append(text, &HEADING, &sections) {
        Ok(new) => new,
        Err(AppendError::Present(present)) => {
            let list: Vec<String> = present.iter().map(|p| format!("`{p}`")).collect();
            streams
                .data(&format!("`{path}` has engine sections already: {}. Nothing to do.", list.join(", ")));
            return Ok(Exit::Done);
        }
        Err(e) => return Err(Fail::new(Exit::Files, format!("`{path}`: {e}"))),
    };
    if args.dry_run || args.check {
        streams.data(&difference(&path, text, &new));
        return Ok(if args.check { Exit::Error } else { Exit::Done });
    }
    root.rewrite(&path, new.as_bytes())?;
    let old = text.lines().count();
    let mut out = format!("Wrote the engine sections behind line {old} of `{path}`.\n");
    let questions: Vec<(usize, String)> =
        upgrade::questions(&new).into_iter().filter(|(line, _)| *line > old).collect();
    let mut lines: Vec<String> =
        left.iter().map(|l| format!("{}: {}", Untrusted::new(&*l.path).line(160), l.why)).collect();
    lines.extend(
        unseen.paths.iter().map(|(p, why)| {
            format!("{}: {}", Untrusted::new(&**p).line(160), Untrusted::new(&**why).line(160))
        }),
    );
    lines.extend(unseen.bound);
    if !lines.is_empty() {
        out.push_str("\nLeft out\n");
        for line in &lines {
            let _ = writeln!(out, "  {line}");
        }
    }
    if !questions.is_empty() {
        out.push_str("\nQuestions in it\n");
        for (line, question) in questions {
            let _ = writeln!(out, "  {path}:{line}  {question}");
        }
    }
    // Warnings are for `validate`.
    let mut silent = streams.clone();
    silent.quiet = true;
    let valid = repository::load(global, &silent).is_ok();
    let next = if valid { "omni-scale plan" } else { "omni-scale validate   there are errors, as above" };
    let _ = writeln!(out, "\nNext\n  {next}");
    streams.data(&out);
    Ok(Exit::Done)
}

/// A unified difference of a text and the same with more behind it.
fn difference(path: &str, old: &str, new: &str) -> String {
    const CONTEXT: usize = 3;
    let (before, after): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = before.len();
    let from = same.saturating_sub(CONTEXT);
    let mut out = format!("--- {path}\n+++ {path}\n");
    let _ = writeln!(
        out,
        "@@ -{},{} +{},{} @@",
        if same == 0 { 0 } else { from + 1 },
        same - from,
        from + 1,
        after.len() - from
    );
    for (i, line) in after.iter().enumerate().skip(from) {
        let _ = writeln!(out, "{}{line}", if i < same { ' ' } else { '+' });
    }
    out
}
