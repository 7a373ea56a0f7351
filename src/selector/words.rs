//! The words of the library that the provider logs, so that a log can be found by them.

use crate::diag::Span;

/// `ERROR: <input>:1:6: …` with the line and a mark below it; `column` is counted from one. A text without a character has no
/// column.
pub(super) fn error(text: &str, (line, column): (usize, usize), message: &str) -> String {
    let Some(shown) = text.split('\n').nth(line.saturating_sub(1)).filter(|_| !text.is_empty()) else {
        return format!("ERROR: <input>:{line}:0: {message}");
    };
    // Tabs count as one column there.
    let (shown, dots) = (shown.replace('\t', " "), ".".repeat(column.saturating_sub(1)));
    format!("ERROR: <input>:{line}:{column}: {message}\n | {shown}\n | {dots}^")
}

/// Line and column of a byte, both counted from one.
pub(super) fn place(text: &str, at: Span) -> (usize, usize) {
    let before = text.get(..at.start.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    (line, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
}
