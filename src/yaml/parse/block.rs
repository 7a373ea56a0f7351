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

/// A tab behind the spaces of a block's first line, by which Go measures the indentation of the others, unless the header says it.
pub(super) fn tab_in_first_line(text: &str, span: Span) -> Option<usize> {
    let mut at = span.start;
    for (i, line) in text.get(span.start..)?.split_inclusive('\n').enumerate() {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let rest = line.get(spaces..).unwrap_or_default();
        match i {
            0 if line.chars().take(3).any(|c| c.is_ascii_digit()) => return None,
            0 => {}
            _ if rest.starts_with('\t') => return Some(at + spaces),
            _ if rest.trim_end_matches(['\r', '\n']).is_empty() => {}
            _ => return None,
        }
        at += line.len();
    }
    None
}

/// Whether a block scalar's last line is the last of the text and has no line end: then its value has none either.
pub(super) fn unfinished(text: &str, at: Span) -> bool {
    let last = text.rsplit('\n').next().unwrap_or_default();
    !last.trim().is_empty() && at.end >= text.trim_end().len()
}
