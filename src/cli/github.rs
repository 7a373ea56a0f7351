//! What a run in GitHub Actions knows and leaves behind: commits and addresses of the run, outputs for later steps, and the
//! summary of the step. Only where `GITHUB_ACTIONS` is `true`; the variables are the runner's own.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::args::Global;
use super::exit::Exit;
use super::fail::Fail;
use crate::plan::Plan;
use crate::plan::drift::Drift;
use crate::render::context::{Commit, Context, Link};
use crate::render::{github, markdown};
use crate::spec::DEFAULT_PATHS;
use crate::world::Rng as _;
use crate::world::real::RealRng;

/// Largest description of an event that is read, in bytes; GitHub's are far below.
const EVENT: u64 = 4 << 20;

/// Whether the output of this program is the log of a workflow.
pub(super) fn active() -> bool {
    env("GITHUB_ACTIONS").as_deref() == Some("true")
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// What the run knows of itself, added to `context`.
pub(super) fn context(global: &Global, context: Context) -> Context {
    let spec = global.spec.clone().unwrap_or_else(|| {
        let there = |path: &&&str| global.directory.join(path).is_file();
        (*DEFAULT_PATHS.iter().find(there).unwrap_or(&"spec/omni.yaml")).to_owned()
    });
    if !active() {
        return Context { key: spec, ..context };
    }
    let folder = env("GITHUB_WORKSPACE").and_then(|top| within(&top, &global.directory)).unwrap_or_default();
    let key = if folder.is_empty() { spec } else { format!("{folder}/{spec}") };
    let built = env("GITHUB_SHA").as_deref().and_then(Commit::parse);
    let event = event();
    let commit = |side: &str| {
        let sha = event.as_ref()?.pointer(&format!("/pull_request/{side}/sha"))?.as_str()?;
        Commit::parse(sha)
    };
    let (base, proposed) = (commit("base"), commit("head"));
    // Of a pull request the commit that is checked out is what merging would give.
    let (head, merge) = if proposed.is_some() { (proposed, built) } else { (built, None) };
    let repository = env("GITHUB_SERVER_URL").zip(env("GITHUB_REPOSITORY")).map(|(s, r)| format!("{s}/{r}"));
    let report = repository
        .as_ref()
        .zip(env("GITHUB_RUN_ID"))
        .and_then(|(repository, run)| Link::parse(&format!("{repository}/actions/runs/{run}")));
    let sources = repository
        .as_ref()
        .zip(head.as_ref())
        .and_then(|(repository, head)| Link::parse(&format!("{repository}/blob/{}", head.as_str())));
    Context { key, base, head, merge, report, sources, folder, ..context }
}

/// A folder within the checkout; empty for its top, nothing if it lies elsewhere.
fn within(top: &str, folder: &Path) -> Option<String> {
    let top = Path::new(top).canonicalize().ok()?;
    let folder = folder.canonicalize().ok()?;
    folder.strip_prefix(top).ok()?.to_str().map(str::to_owned)
}

/// The event that started the workflow.
fn event() -> Option<serde_json::Value> {
    let path = PathBuf::from(env("GITHUB_EVENT_PATH")?);
    let small = std::fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() <= EVENT);
    serde_json::from_slice(&std::fs::read(path).ok().filter(|_| small)?).ok()
}

/// Leaves outputs and summary behind, and ends with `exit`. `report` is the final block of an apply.
pub(super) fn tell(plan: &Plan, context: &Context, exit: Exit, report: Option<&str>) -> Result<Exit, Fail> {
    if !active() {
        return Ok(exit);
    }
    if let Some(path) = file("GITHUB_OUTPUT") {
        let mut random = [0; 16];
        RealRng.fill(&mut random);
        let outcome = github::Outcome { exit: exit.code() };
        append(&path, "GITHUB_OUTPUT", &github::outputs(plan, context, outcome, &random))?;
    }
    if let Some(path) = file("GITHUB_STEP_SUMMARY") {
        // Earlier commands of the same step may have written to it; all of it is dropped when it is too large.
        let there = std::fs::metadata(&path).map_or(0, |m| usize::try_from(m.len()).unwrap_or(usize::MAX));
        let outcome = report.map_or(String::new(), |r| markdown::outcome(r, exit == Exit::Done));
        let room = markdown::STEP_SUMMARY.saturating_sub(there).saturating_sub(outcome.len() + 2);
        if room >= markdown::LEAST {
            let text = format!("{outcome}{}\n", markdown::text(plan, context, room));
            append(&path, "GITHUB_STEP_SUMMARY", &text)?;
        }
    }
    Ok(exit)
}

/// The same for a drift report.
pub(super) fn tell_drift(drift: &Drift, context: &Context, exit: Exit) -> Result<Exit, Fail> {
    if !active() {
        return Ok(exit);
    }
    if let Some(path) = file("GITHUB_OUTPUT") {
        let mut random = [0; 16];
        RealRng.fill(&mut random);
        append(&path, "GITHUB_OUTPUT", &github::drift_outputs(drift, exit.code(), &random))?;
    }
    if let Some(path) = file("GITHUB_STEP_SUMMARY") {
        let there = std::fs::metadata(&path).map_or(0, |m| usize::try_from(m.len()).unwrap_or(usize::MAX));
        let room = markdown::STEP_SUMMARY.saturating_sub(there);
        if room >= markdown::LEAST {
            let text = format!("{}\n", markdown::drift(drift, context, true, room - 1));
            append(&path, "GITHUB_STEP_SUMMARY", &text)?;
        }
    }
    Ok(exit)
}

/// The regular file that a variable names; the runner has made it before.
fn file(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env(variable)?);
    std::fs::metadata(&path).is_ok_and(|m| m.is_file()).then_some(path)
}

fn append(path: &Path, variable: &str, text: &str) -> Result<(), Fail> {
    let written = OpenOptions::new().append(true).open(path).and_then(|mut f| f.write_all(text.as_bytes()));
    written.map_err(|e| {
        Fail::new(Exit::Error, format!("the file that `{variable}` names cannot be written: {e}"))
            .help("later steps of the job would not know what this one found")
    })
}
