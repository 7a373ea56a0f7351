//! Where a block scalar stands: events give the place of its text, people look at the indicator.

use crate::diag::Span;

/// From the indicator, which stands between the token that ends at `before` and the text, to the end of the last line that
/// is not blank.
pub(super) fn block_span(text: &str, before: usize, at: Span) -> Span {
    let between = text.get(before..at.end).unwrap_or_default();
    let mut start = at.start;
    let mut skip: Option<fn(char) -> bool> = None;
    for (i, c) in between.char_indices() {
        match (skip, c) {
            (Some(until), c) if !until(c) => {}
            (_, '|' | '>') => {
                start = before + i;
                break;
            }
            (_, '#' | '%') => skip = Some(|c| c == '\n'),
            (_, '&' | '!' | '*') => skip = Some(char::is_whitespace),
            _ => skip = None,
        }
    }
    let raw = text.get(start..at.end.max(start)).unwrap_or_default();
    Span::new(start, start + raw.trim_end_matches([' ', '\n', '\r', '\t']).len())
}

/// Whether a block scalar's last line is the last of the text and has no line end: then its value has none either.
pub(super) fn unfinished(text: &str, at: Span) -> bool {
    let last = text.rsplit('\n').next().unwrap_or_default();
    !last.trim().is_empty() && at.end >= text.trim_end().len()
}
