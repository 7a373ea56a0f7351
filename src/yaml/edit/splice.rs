//! Changes of bytes.

use crate::diag::Span;

/// Bytes that give way to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Splice {
    /// What goes; empty for an insertion.
    pub(super) span: Span,
    /// What comes.
    pub(super) text: String,
}

impl Splice {
    pub(super) fn new(start: usize, end: usize, text: impl Into<String>) -> Self {
        Self { span: Span::new(start, end), text: text.into() }
    }
}

/// Carries out splices, which may come in any order but must not overlap.
pub(super) fn apply(text: &str, splices: &[Splice]) -> Option<String> {
    let mut sorted: Vec<&Splice> = splices.iter().collect();
    sorted.sort_by_key(|s| (s.span.start, s.span.end));
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for splice in sorted {
        out.push_str(text.get(at..splice.span.start)?);
        out.push_str(&splice.text);
        at = splice.span.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}
