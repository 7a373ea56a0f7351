//! Escapes that YAML 1.2 knows and Go's YAML refuses.

use crate::diag::{Diagnostic, SourceId, Span, codes};

/// The refused escapes in `raw`, a double-quoted text that stands `at` a place.
pub(super) fn refused(source: SourceId, raw: &str, at: Span) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let mut chars = raw.char_indices();
    while let Some((i, c)) = chars.next() {
        if c != '\\' {
            continue;
        }
        let Some((_, escape)) = chars.next() else { break };
        let digits = raw.get(i + 2..i + 6).unwrap_or_default();
        let surrogate = escape == 'u'
            && u32::from_str_radix(digits, 16).is_ok_and(|code| (0xD800..0xE000).contains(&code));
        if escape == '/' {
            let place = Span::new(at.start + i, (at.start + i + 2).min(at.end));
            out.push(
                Diagnostic::error(codes::SYNTAX, "the escape `\\/` is refused by Omni's YAML")
                    .at(source, place, "")
                    .help("write `/`"),
            );
        }
        if surrogate {
            let place = Span::new(at.start + i, (at.start + i + 6).min(at.end));
            out.push(
                Diagnostic::error(codes::SYNTAX, "surrogate escapes are refused by Omni's YAML")
                    .at(source, place, "")
                    .help("write the character itself, or `\\U` with eight digits"),
            );
        }
    }
    out
}
