//! Drift as annotations, and as outputs of a step.

use super::escape::{message, output, property};
use crate::plan::drift::Drift;
use crate::render::drift::{field_name, files, verdict};

/// GitHub shows ten of each sort from one step; one is for the rest.
const MOST: usize = 9;
/// Lines of the summary before the rest is counted.
const LINES: usize = 20;

/// One command a line.
pub fn annotations(drift: &Drift) -> String {
    let command = |word: &str, title: &str, lines: &[String]| {
        format!("::{word} title={}::{}\n", property(title), message(lines.iter().map(String::as_str)))
    };
    let mut out = String::new();
    for line in drift.unknown.iter().take(MOST) {
        out.push_str(&command("error", "drift not fully known", std::slice::from_ref(line)));
    }
    for item in drift.drifted.iter().take(MOST) {
        let mut lines = vec![item.address.to_string()];
        let names: Vec<String> = item.fields.iter().take(10).map(field_name).collect();
        if !names.is_empty() {
            lines.push(names.join(", "));
        }
        lines.push(files(item));
        out.push_str(&command("warning", &format!("drift: {}", item.deviation.word()), &lines));
    }
    out.push_str(&command("notice", "omni-scale drift", &[verdict(drift)]));
    out
}

/// The text to append to the file that `GITHUB_OUTPUT` names, with the keys of a plan's: `has_changes` says whether there is
/// drift, `blocked` is `false`, `risk` is `low` and `digest` is empty, as nothing is applied.
pub fn drift_outputs(drift: &Drift, exit: u8, random: &[u8; 16]) -> String {
    let yes = |b: bool| if b { "true" } else { "false" };
    let exit = exit.to_string();
    let mut out = String::new();
    for (key, value) in [
        ("has_changes", yes(!drift.drifted.is_empty())),
        ("blocked", "false"),
        ("complete", yes(drift.unknown.is_empty())),
        ("risk", "low"),
        ("digest", ""),
        ("exit", &exit),
    ] {
        out.push_str(&output(key, [value], random));
    }
    let mut lines = vec![verdict(drift)];
    let items = drift.drifted.iter().take(LINES);
    lines.extend(items.map(|d| format!("{}: {}", d.deviation.word(), d.address)));
    let more = drift.drifted.len().saturating_sub(LINES);
    if more > 0 {
        lines.push(format!("… {more} more"));
    }
    out.push_str(&output("summary", lines.iter().map(String::as_str), random));
    out
}
