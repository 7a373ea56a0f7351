//! YAML inside a scalar of YAML (`providerdata: |`): parsed on its own, with places in the outer text.

use super::parse::parse;
use super::{Document, Limits, Node, NodeKind, ScalarStyle};
use crate::diag::{Diagnostic, SourceId, Span};

/// Parses the text of the scalar `node` of `outer` as a stream of its own. All spans, those of problems included, are places
/// of the outer text: exact for block scalars and for quoted or plain scalars without escapes or folding; else the whole scalar.
///
/// # Errors
/// As [`parse`]; also if the node is no scalar, which yields no documents rather than an error.
pub fn parse_inner(
    source: SourceId,
    outer: &str,
    node: &Node,
    limits: &Limits,
) -> Result<Vec<Document>, Vec<Diagnostic>> {
    let NodeKind::Scalar { text, .. } = &node.kind else { return Ok(Vec::new()) };
    let places = InnerPlaces::of(outer, node);
    match parse(source, text, limits) {
        Ok(mut documents) => {
            for document in &mut documents {
                document.span = places.map(document.span);
                document.merges.iter_mut().for_each(|span| *span = places.map(*span));
                if let Some(root) = &mut document.root {
                    places.map_node(root);
                }
            }
            Ok(documents)
        }
        Err(mut problems) => {
            for problem in &mut problems {
                for label in &mut problem.labels {
                    label.span = places.map(label.span);
                }
            }
            Err(problems)
        }
    }
}

/// From offsets of the text of a scalar to offsets of the file that it stands in: exact for block scalars and for quoted or
/// plain scalars without escapes or folding; else the whole scalar.
#[derive(Clone, Debug)]
pub struct InnerPlaces {
    /// Inner and outer offset of the beginning of each line; empty if lines do not correspond.
    lines: Vec<(usize, usize)>,
    whole: Span,
}

impl InnerPlaces {
    /// The places of a scalar of `outer`; of anything else its whole span.
    pub fn of(outer: &str, node: &Node) -> Self {
        match &node.kind {
            NodeKind::Scalar { text, style } => Self::new(outer, node.span, text, *style),
            NodeKind::Seq(_) | NodeKind::Map(_) => Self { lines: Vec::new(), whole: node.span },
        }
    }

    fn new(outer: &str, span: Span, text: &str, style: ScalarStyle) -> Self {
        let raw = outer.get(span.start..span.end).unwrap_or_default();
        let lines = match style {
            ScalarStyle::Literal => literal_lines(outer, span, text),
            ScalarStyle::Folded => None,
            ScalarStyle::Plain => (raw == text).then(|| vec![(0, span.start)]),
            ScalarStyle::Single | ScalarStyle::Double => {
                let body = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
                (body == text).then(|| vec![(0, span.start + 1)])
            }
        };
        Self { lines: lines.unwrap_or_default(), whole: span }
    }

    fn offset(&self, inner: usize) -> Option<usize> {
        let at = self.lines.partition_point(|(start, _)| *start <= inner);
        let (start, outer) = self.lines.get(at.checked_sub(1)?)?;
        Some((outer + inner - start).min(self.whole.end.max(*outer)))
    }

    /// Where bytes of the inner text stand in the outer one.
    pub fn map(&self, span: Span) -> Span {
        match (self.offset(span.start), self.offset(span.end)) {
            (Some(start), Some(end)) => Span::new(start, end),
            _ => self.whole,
        }
    }

    fn map_node(&self, node: &mut Node) {
        node.span = self.map(node.span);
        match &mut node.kind {
            NodeKind::Seq(items) => items.iter_mut().for_each(|n| self.map_node(n)),
            NodeKind::Map(pairs) => pairs.iter_mut().for_each(|(k, v)| {
                self.map_node(k);
                self.map_node(v);
            }),
            NodeKind::Scalar { .. } => {}
        }
    }
}

/// The lines of a literal block scalar: each stands in a line of its own, indented by the same number of blanks.
fn literal_lines(outer: &str, span: Span, text: &str) -> Option<Vec<(usize, usize)>> {
    let raw = outer.get(span.start..span.end)?;
    let header = raw.find('\n')? + 1;
    let mut raw_lines = Vec::new();
    let mut at = span.start + header;
    for line in raw.get(header..)?.split_inclusive('\n') {
        raw_lines.push((at, line));
        at += line.len();
    }
    let blanks = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let indent = text
        .split('\n')
        .zip(&raw_lines)
        .find(|(line, _)| !line.trim().is_empty())
        .and_then(|(line, (_, raw))| blanks(raw).checked_sub(blanks(line)))?;
    let mut inner = 0;
    let mut lines = Vec::new();
    for (i, line) in text.split('\n').enumerate() {
        let outer = raw_lines.get(i).map_or(span.end, |(start, raw)| start + indent.min(blanks(raw)));
        lines.push((inner, outer));
        inner += line.len() + 1;
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;

    #[test]
    fn places_inside_a_block_scalar_are_places_of_the_file() {
        let text = "spec:\n  data: |\n    # räume\n    cores: 4\n\n    disk:\n      - size: ten\n";
        let mut sources = Sources::default();
        let id = sources.add("a.yaml", text);
        let docs = parse(id, text, &Limits::default()).unwrap();
        let data = docs[0].root.as_ref().unwrap().get("spec").unwrap().get("data").unwrap();
        let inner = parse_inner(id, text, data, &Limits::default()).unwrap();
        let root = inner[0].root.as_ref().unwrap();
        let NodeKind::Seq(items) = &root.get("disk").unwrap().kind else { panic!() };
        let span = items[0].get("size").unwrap().span;
        assert_eq!(&text[span.start..span.end], "ten");
        assert_eq!(sources.get(id).unwrap().line_col(span.start), (7, 15));
    }

    #[test]
    fn problems_inside_point_at_the_outer_line() {
        for text in ["a: 1\nd: |\n  x: 1\n  x: 2\n", "a: 1\r\nd: |\r\n  x: 1\r\n  x: 2\r\n"] {
            let mut sources = Sources::default();
            let id = sources.add("a.yaml", text);
            let docs = parse(id, text, &Limits::default()).unwrap();
            let data = docs[0].root.as_ref().unwrap().get("d").unwrap();
            let problems = parse_inner(id, text, data, &Limits::default()).unwrap_err();
            let at: Vec<_> =
                problems[0].labels.iter().map(|l| sources.get(id).unwrap().line_col(l.span.start)).collect();
            assert_eq!(at, [(4, 3), (3, 3)], "{text:?}");
        }
    }

    #[test]
    fn text_with_escapes_points_at_the_whole_scalar() {
        let text = "d: \"x: 1\\nx: 2\\n\"\n";
        let docs = parse(SourceId(0), text, &Limits::default()).unwrap();
        let data = docs[0].root.as_ref().unwrap().get("d").unwrap();
        let problems = parse_inner(SourceId(0), text, data, &Limits::default()).unwrap_err();
        assert_eq!(problems[0].labels[0].span, data.span);
    }
}
