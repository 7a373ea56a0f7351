//! Changes of files that mend what was found: bytes in place of bytes, so that everything else stays as it is.

use super::{SourceId, Span};

/// Bytes in place of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// In which text.
    pub source: SourceId,
    /// What goes.
    pub span: Span,
    /// What comes.
    pub text: String,
}

/// A change that mends one problem. Only changes that can do no harm are offered: what they change could not work as it stood,
/// or means the same as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an order ("add `sockets: 1`").
    pub title: String,
    /// Its edits; all of them or none.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// A change of one place.
    pub fn one(title: impl Into<String>, source: SourceId, span: Span, text: impl Into<String>) -> Self {
        Self { title: title.into(), edits: vec![Edit { source, span, text: text.into() }] }
    }
}

/// The text of `source` after fixes. Of two that touch the same bytes the later one is left out; the second result says of each
/// whether it was made.
pub fn apply(source: SourceId, text: &str, fixes: &[&Fix]) -> (String, Vec<bool>) {
    let mut taken: Vec<&Edit> = Vec::new();
    let mut made = Vec::with_capacity(fixes.len());
    for fix in fixes {
        let fits = |e: &Edit| {
            e.source == source
                && text.get(e.span.start..e.span.end).is_some()
                && !taken.iter().any(|t| touch(t.span, e.span))
        };
        let good = !fix.edits.is_empty() && fix.edits.iter().all(fits);
        if good {
            taken.extend(&fix.edits);
        }
        made.push(good);
    }
    taken.sort_by_key(|e| e.span.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in taken {
        out.push_str(text.get(at..edit.span.start).unwrap_or_default());
        out.push_str(&edit.text);
        at = edit.span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    (out, made)
}

/// Two insertions at one place touch: which comes first would be a guess.
fn touch(a: Span, b: Span) -> bool {
    (a.start < b.end && b.start < a.end) || a.start == b.start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_change_their_own_bytes_only() {
        let here = SourceId(3);
        let a = Fix::one("a", here, Span::new(2, 4), "XYZ");
        let b = Fix::one("b", here, Span::new(3, 5), "no");
        let c = Fix::one("c", here, Span::new(6, 6), "+");
        let d = Fix::one("d", here, Span::new(6, 6), "-");
        let elsewhere = Fix::one("e", SourceId(4), Span::new(0, 1), "no");
        let outside = Fix::one("f", here, Span::new(90, 91), "no");
        assert_eq!(
            apply(here, "012345678", &[&a, &b, &c, &d, &elsewhere, &outside]),
            ("01XYZ45+678".into(), vec![true, false, true, false, false, false])
        );
        let both = Fix {
            title: "both".into(),
            edits: vec![
                Edit { source: here, span: Span::new(0, 1), text: String::new() },
                Edit { source: here, span: Span::new(2, 3), text: "no".into() },
            ],
        };
        assert_eq!(
            apply(here, "012345678", &[&a, &both]),
            ("01XYZ45678".into(), vec![true, false]),
            "all edits of a fix or none"
        );
    }
}
