//! What is wrong with files, at their lines.

use super::escape::{message, property};
use crate::diag::{Diagnostic, Severity, Sources};
use crate::plan::Warning;

/// GitHub shows ten of each sort from one step; one is for the rest.
const MOST: usize = 9;

/// One command for each problem, errors first, in the order of the files within; what policies find in the files alone follows.
/// Of each sort the first nine are shown and the rest counted.
pub fn file_annotations(sources: &Sources, all: &[Diagnostic], found: &[Warning]) -> String {
    let sorts = [("error", Severity::Error), ("warning", Severity::Warning), ("notice", Severity::Note)];
    let mut out = String::new();
    for (word, severity) in sorts {
        let mut lines: Vec<String> =
            all.iter().filter(|d| d.severity == severity).map(|d| one(word, d, sources)).collect();
        lines.extend(found.iter().filter(|w| sort(w) == severity).map(|w| finding(word, w)));
        let rest = lines.len().saturating_sub(MOST);
        lines.iter().take(MOST).for_each(|l| out.push_str(l));
        if rest > 0 {
            let line = format!("{rest} more, all of them in the log");
            out.push_str(&format!("::{word} title=omni-scale validate::{}\n", message([line.as_str()])));
        }
    }
    out
}

fn one(word: &str, d: &Diagnostic, sources: &Sources) -> String {
    let mut out = format!("::{word} title={}", property(&format!("{} omni-scale validate", d.code)));
    let place = d.labels.first().and_then(|l| Some((l, sources.get(l.source)?)));
    if let Some((label, source)) = place {
        let (line, column) = source.line_col(label.span.start);
        let (last, end) = source.line_col(label.span.end);
        out.push_str(&format!(",file={},line={line},endLine={last}", property(&source.path)));
        // A column is only for marks within one line.
        if last == line {
            out.push_str(&format!(",col={column},endColumn={end}"));
        }
    }
    let mut lines = vec![d.message.as_str()];
    lines.extend(d.notes.iter().map(String::as_str));
    let help = d.help.as_ref().map(|h| format!("help: {h}"));
    lines.extend(help.as_deref());
    out.push_str(&format!("::{}\n", message(lines)));
    out
}

fn sort(warning: &Warning) -> Severity {
    match (warning.blocks, warning.info) {
        (true, _) => Severity::Error,
        (_, true) => Severity::Note,
        _ => Severity::Warning,
    }
}

fn finding(word: &str, warning: &Warning) -> String {
    let name = warning.rule.as_deref().unwrap_or(&warning.code);
    let title = property(&format!("{} {name}", warning.code));
    let help = warning.help.as_ref().map(|h| format!("help: {h}"));
    let lines = std::iter::once(warning.message.as_str()).chain(help.as_deref());
    format!("::{word} title={title}::{}\n", message(lines))
}
