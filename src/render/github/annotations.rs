//! Annotations: workflow commands that GitHub shows beside the lines of a pull request.

use super::escape::{message, property};
use crate::address::Address;
use crate::kinds::Effect;
use crate::plan::{Plan, Step, Warning};
use crate::render::context::Context;
use crate::render::words;

/// GitHub shows ten of each sort from one step, in the order in which they come; one is for the rest.
const MOST: usize = 9;
/// Machines named in one annotation.
const NAMES: usize = 20;

/// How loud it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Notice,
}

struct Annotation {
    level: Level,
    /// How bad it is; the worst come first.
    rank: (u8, Effect),
    title: String,
    lines: Vec<String>,
    source: Option<String>,
}

/// One command a line, worst first; what is beyond the first nine is counted.
pub fn text(plan: &Plan, context: &Context) -> String {
    let mut all = annotations(plan);
    all.sort_by_key(|a| std::cmp::Reverse(a.rank));
    let rest = all.len().saturating_sub(MOST);
    let mut out = String::new();
    if words::quiet(plan) && all.is_empty() {
        let n = plan.summary.unchanged;
        let line = format!("No changes. {n} {}", if n == 1 { "object matches" } else { "objects match" });
        all.push(Annotation {
            level: Level::Notice,
            rank: (0, Effect::None),
            title: "omni-scale plan".to_owned(),
            lines: vec![line],
            source: None,
        });
    }
    for one in all.iter().take(MOST) {
        command(one, context, &mut out);
    }
    if rest > 0 {
        let line = format!("{rest} more in the report");
        out.push_str(&format!("::notice title=omni-scale plan::{}\n", message([line.as_str()])));
    }
    out
}

fn command(one: &Annotation, context: &Context, out: &mut String) {
    let word = match one.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Notice => "notice",
    };
    out.push_str(&format!("::{word} title={}", property(&one.title)));
    if let Some(source) = &one.source {
        let (path, line) = context.place(source);
        out.push_str(&format!(",file={}", property(&path)));
        if let Some(line) = line {
            out.push_str(&format!(",line={line}"));
        }
    }
    out.push_str(&format!("::{}\n", message(one.lines.iter().map(String::as_str))));
}

fn annotations(plan: &Plan) -> Vec<Annotation> {
    let findings = plan.warnings.iter().map(|w| finding(plan, w));
    let gaps = plan.unknown.iter().map(|line| Annotation {
        level: Level::Error,
        rank: (5, Effect::Unknown),
        title: "plan incomplete".to_owned(),
        lines: vec![line.clone(), "it is not planned, and apply refuses".to_owned()],
        source: None,
    });
    let steps = plan.steps.iter().filter(|s| s.action.is_change()).map(change);
    findings.chain(gaps).chain(lost(plan)).chain(steps).collect()
}

fn finding(plan: &Plan, warning: &Warning) -> Annotation {
    let name = warning.guard.as_deref().unwrap_or(&warning.code);
    let rule = warning.rule.as_deref().map_or(String::new(), |r| format!(" ({r})"));
    let (level, rank, word) = match (warning.blocks, warning.lifted.is_some(), warning.info) {
        (true, ..) => (Level::Error, 6, "blocks"),
        (_, true, _) => (Level::Warning, 3, "is lifted"),
        (_, _, true) => (Level::Notice, 0, "tells"),
        _ => (Level::Warning, 2, "warns"),
    };
    let mut lines = vec![warning.message.clone()];
    lines.extend(warning.help.iter().map(|h| format!("help: {h}")));
    match (&warning.lifted, &warning.lift) {
        (Some(lifted), _) => lines.push(format!("lifted by {}", lifted.by)),
        (None, Some(lift)) => lines.push(format!("lifted with {lift}")),
        (None, None) => {}
    }
    Annotation {
        level,
        rank: (rank, Effect::None),
        title: format!("{name}{rule} {word}"),
        lines,
        source: warning.address.as_ref().and_then(|a| source(plan, a)),
    }
}

/// Where an address is declared: its own step's place, else that of the first below it.
fn source(plan: &Plan, address: &Address) -> Option<String> {
    let declared = |s: &&Step| s.source.is_some();
    let own = plan.steps.iter().filter(declared).find(|s| s.address == *address);
    let below = || plan.steps.iter().filter(declared).find(|s| address.contains(&s.address));
    own.or_else(below)?.source.clone()
}

fn lost(plan: &Plan) -> Option<Annotation> {
    let first = plan.lost.first()?;
    let n = plan.lost.len();
    let mut lines: Vec<String> = plan
        .lost
        .iter()
        .take(NAMES)
        .map(|l| {
            let name = l.machine.as_deref().unwrap_or("one that Omni chooses");
            let predicted = if l.predicted { " (predicted)" } else { "" };
            format!("{name}: {}{predicted}, with {}", l.effect.word(), l.address)
        })
        .collect();
    if n > NAMES {
        lines.push(format!("… {} more", n - NAMES));
    }
    Some(Annotation {
        level: Level::Warning,
        rank: (4, Effect::Destroy),
        title: format!(
            "{n} {} lost, with the data on their disks",
            if n == 1 { "machine" } else { "machines" }
        ),
        lines,
        source: source(plan, &first.address),
    })
}

fn change(step: &Step) -> Annotation {
    let (word, predicted) = words::effect(step.effect, step.certainty);
    let predicted = if predicted { " (predicted)" } else { "" };
    let disturbs = step.effect >= Effect::Reboot;
    let mut lines = vec![format!("{} {}", step.action.word(), step.address)];
    lines.extend(step.notes.iter().cloned());
    Annotation {
        level: if disturbs { Level::Warning } else { Level::Notice },
        rank: (if disturbs { 3 } else { 1 }, step.effect),
        title: format!("effect {word}{predicted}"),
        lines,
        source: step.source.clone(),
    }
}
