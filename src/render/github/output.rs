//! Outputs of a step, for the ones after it.

use super::escape::output;
use crate::plan::Plan;
use crate::policy::Risk;
use crate::render::context::Context;

/// Lines of the summary before the rest is counted.
const LINES: usize = 20;

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit code.
    pub exit: u8,
}

/// The text to append to the file that `GITHUB_OUTPUT` names. `random` as for [`super::escape::output`].
///
/// | key | value |
/// |---|---|
/// | `has_changes` | `true` if applying changes anything outside the record |
/// | `blocked` | `true` if apply refuses because of a finding |
/// | `complete` | `false` if something was not seen |
/// | `risk` | `low`, `medium`, `high`, `critical` |
/// | `digest` | of the plan; empty where it has none |
/// | `summary` | the totals in one line, then what blocks and what is lost, one a line |
/// | `exit` | exit code |
pub fn outputs(plan: &Plan, context: &Context, outcome: Outcome, random: &[u8; 16]) -> String {
    let yes = |b: bool| if b { "true" } else { "false" };
    let summary = summary(plan);
    let exit = outcome.exit.to_string();
    let mut out = String::new();
    for (key, value) in [
        ("has_changes", yes(plan.steps.iter().any(|s| s.action.is_change()))),
        ("blocked", yes(plan.warnings.iter().any(|w| w.blocks))),
        ("complete", yes(plan.unknown.is_empty())),
        ("risk", Risk::of(plan.summary.worst).word()),
        ("digest", context.digest.as_deref().unwrap_or("")),
        ("exit", &exit),
    ] {
        out.push_str(&output(key, [value], random));
    }
    out.push_str(&output("summary", summary.iter().map(String::as_str), random));
    out
}

fn summary(plan: &Plan) -> Vec<String> {
    let s = &plan.summary;
    let mut lines = vec![format!(
        "{} create, {} update, {} destroy, {} machines lost, worst effect {}",
        s.create,
        s.update,
        s.destroy,
        s.machines_lost,
        s.worst.word()
    )];
    let blocks = plan.warnings.iter().filter(|w| w.blocks).map(|w| format!("blocked: {}", w.message));
    let gaps = plan.unknown.iter().map(|line| format!("not seen: {line}"));
    let lost = plan.lost.iter().map(|l| {
        let name = l.machine.as_deref().unwrap_or("one that Omni chooses");
        format!("lost: {name}, with {}", l.address)
    });
    let mut rest = blocks.chain(gaps).chain(lost);
    lines.extend(rest.by_ref().take(LINES));
    let more = rest.count();
    if more > 0 {
        lines.push(format!("… {more} more"));
    }
    lines
}
