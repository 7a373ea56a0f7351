//! Lines and columns of a text.

/// First byte of the line of a byte.
pub(in crate::yaml) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |n| n + 1)
}

/// Byte behind the line end of the line of a byte; the length of the text where there is none.
pub(in crate::yaml) fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|t| t.find('\n')).map_or(text.len(), |n| at + n + 1)
}

/// The line end's first byte.
pub(in crate::yaml) fn before_line_end(text: &str, at: usize) -> usize {
    let end = line_end(text, at);
    let line = text.get(at..end).unwrap_or_default();
    at + line.trim_end_matches('\n').trim_end_matches('\r').len()
}

/// Byte behind the line in which something ends that ends before `end`: what ends with its line end needs no further line.
pub(in crate::yaml) fn behind_lines(text: &str, end: usize) -> usize {
    if text.get(..end).is_some_and(|t| t.ends_with('\n')) { end } else { line_end(text, end) }
}

/// Characters between the beginning of the line and a byte.
pub(in crate::yaml) fn column(text: &str, at: usize) -> usize {
    text.get(line_start(text, at)..at).map_or(0, |t| t.trim_start_matches('\u{feff}').chars().count())
}

/// Whether only blanks stand before a byte in its line.
pub(in crate::yaml) fn begins_line(text: &str, at: usize) -> bool {
    text.get(line_start(text, at)..at).is_some_and(|t| t.trim_start_matches('\u{feff}').trim().is_empty())
}

/// Start of the blanks before a byte, in its line.
pub(in crate::yaml) fn before_blanks(text: &str, at: usize) -> usize {
    text.get(..at).map_or(at, |t| t.trim_end_matches([' ', '\t']).len())
}
