//! Where a key and its value stand in the lines of a file: what a change may touch without touching anything else.

use crate::diag::Span;
use crate::yaml::{Node, NodeKind, ScalarStyle};

/// The place of a scalar, if exactly its text stands there, with its quotes if it has some.
pub(super) fn verbatim(text: &str, node: &Node) -> Option<Span> {
    let NodeKind::Scalar { text: meant, style } = &node.kind else { return None };
    let raw = text.get(node.span.start..node.span.end)?;
    let written = match style {
        ScalarStyle::Plain => raw,
        ScalarStyle::Single => raw.strip_prefix('\'')?.strip_suffix('\'')?,
        ScalarStyle::Double => raw.strip_prefix('"')?.strip_suffix('"')?,
        ScalarStyle::Literal | ScalarStyle::Folded => return None,
    };
    (written == meant && node.tag.is_none()).then_some(node.span)
}

/// [`verbatim`], if the value belongs to the key alone: an alias shows the value of an anchor that stands elsewhere.
pub(super) fn exact(text: &str, key: &Node, value: &Node) -> Option<Span> {
    let key = verbatim(text, key)?;
    let span = verbatim(text, value)?;
    let between = text.get(key.end..span.start)?;
    (between.trim() == ":").then_some(span)
}

/// The line of a key and its value, if they have one for themselves; without a comment behind them, which stays.
pub(super) fn line_of(text: &str, key: &Node, value: &Node) -> Option<Span> {
    let span = exact(text, key, value)?;
    let start = begins_line(text, key)?;
    let rest = text.get(span.end..)?;
    let line = rest.split('\n').next()?;
    let behind = line.trim_start_matches([' ', '\t']);
    if behind.starts_with('#') && behind.len() < line.len() {
        return Some(Span::new(key.span.start, span.end + (line.len() - behind.len())));
    }
    let end = if rest.len() > line.len() { span.end + line.len() + 1 } else { span.end + line.len() };
    (behind.trim().is_empty()).then(|| Span::new(start, end))
}

/// Where a line behind that of a key goes, and its text with indentation and line end.
pub(super) fn behind(text: &str, key: &Node, value: &Node, line: &str) -> Option<(usize, String)> {
    let span = exact(text, key, value)?;
    let start = begins_line(text, key)?;
    let indent = text.get(start..key.span.start)?;
    let rest = text.get(span.end..)?;
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    Some(match rest.find('\n') {
        Some(i) => (span.end + i + 1, format!("{indent}{line}{end}")),
        None => (text.len(), format!("{end}{indent}{line}")),
    })
}

/// Where the line of a key begins, if nothing but blanks stands before the key.
fn begins_line(text: &str, key: &Node) -> Option<usize> {
    let before = text.get(..key.span.start)?;
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    before.get(start..)?.chars().all(|c| c == ' ').then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceId;
    use crate::yaml::{Limits, parse};

    fn pairs(text: &str) -> Vec<(Node, Node)> {
        let root = parse(SourceId(0), text, &Limits::default()).unwrap().remove(0).root.unwrap();
        match root.kind {
            NodeKind::Map(pairs) => pairs,
            _ => panic!("{text}"),
        }
    }

    #[test]
    fn a_line_goes_and_its_comment_stays() {
        for (text, after) in [
            ("a: 1\nb: 2\nc: 3\n", "a: 1\nc: 3\n"),
            ("a: 1\nb: 2  # why\nc: 3\n", "a: 1\n# why\nc: 3\n"),
            ("a: 1\nb: '2'", "a: 1\n"),
            ("a: 1\r\nb: 2 \r\nc: 3\r\n", "a: 1\r\nc: 3\r\n"),
        ] {
            let pairs = pairs(text);
            let span = line_of(text, &pairs[1].0, &pairs[1].1).unwrap();
            assert_eq!(format!("{}{}", &text[..span.start], &text[span.end..]), after, "{text:?}");
        }
    }

    #[test]
    fn a_line_comes_behind_another() {
        for (text, after) in [
            ("a: 1 # x\nb: 2\n", "a: 1 # x\nn: 1\nb: 2\n"),
            ("a: 1", "a: 1\nn: 1"),
            ("a: 1\r\nb: 2\r\n", "a: 1\r\nn: 1\r\nb: 2\r\n"),
        ] {
            let pairs = pairs(text);
            let (at, line) = behind(text, &pairs[0].0, &pairs[0].1, "n: 1").unwrap();
            assert_eq!(format!("{}{line}{}", &text[..at], &text[at..]), after, "{text:?}");
        }
    }

    #[test]
    fn what_is_not_sure_is_left_alone() {
        for text in [
            "{x: 1, a: 1}",
            "z: &v 1\na: *v\n",
            "z: 1\na: !!int 1\n",
            "z: 1\na: |\n  1\n",
            "z: 1\n? a\n: 1\n",
        ] {
            let pairs = pairs(text);
            assert_eq!(line_of(text, &pairs[1].0, &pairs[1].1), None, "{text:?}");
        }
    }
}
