//! Tabs where Go's YAML wants spaces: at the beginning of a line, and after `-`, `?` in block context.

use crate::diag::{Diagnostic, SourceId, Span, codes};

/// Reports tabs in indentation outside of `inside` (scalars and flow collections).
pub(super) fn check(source: SourceId, text: &str, inside: &[Span]) -> Vec<Diagnostic> {
    if !text.contains('\t') {
        return Vec::new();
    }
    let mut sorted = inside.to_vec();
    sorted.sort_unstable();
    let mut spans = sorted.iter().peekable();
    let mut reach = 0;
    let mut out = Vec::new();
    let mut start = 0;
    let mut comment = false;
    for line in text.split_inclusive('\n') {
        // Everything that begins before this line; `reach` is the farthest end among them.
        while let Some(span) = spans.next_if(|s| s.start < start) {
            reach = reach.max(span.end);
        }
        // A comment that follows a line of nothing but a comment is read with it, whatever stands before it.
        let comment_before = std::mem::replace(&mut comment, line.trim_start().starts_with('#'));
        if start >= reach
            && !(comment && comment_before)
            && let Some(at) = offending(line)
        {
            out.push(
                Diagnostic::error(codes::SYNTAX, "a tab stands where YAML wants spaces")
                    .at(source, Span::new(start + at, start + at + 1), "this tab")
                    .help("indent with spaces"),
            );
        }
        start += line.len();
    }
    out
}

/// The offset of a tab in the indentation of a line, or after its block indicators.
fn offending(line: &str) -> Option<usize> {
    let mut rest = line.char_indices().peekable();
    loop {
        while rest.next_if(|(_, c)| *c == ' ').is_some() {}
        match rest.next()? {
            (at, '\t') => return Some(at),
            (_, '-' | '?') if rest.peek().is_some_and(|(_, c)| matches!(c, ' ' | '\t')) => {}
            _ => return None,
        }
    }
}
