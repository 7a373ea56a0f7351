//! `definition_of_done:` — prose, of which an entry `{ text, check }` can be verified.

use crate::diag::{Sink, SourceId};
use crate::spec::document::Section;
use crate::spec::expression::Expression;
use crate::spec::fields::wrong_type;
use crate::spec::model::{DoneItem, Place};
use crate::yaml::{Node, NodeKind, Scalar, resolve};

/// Reads the entries, in the file's order. An entry of another shape is prose and shown by its place only.
pub(in crate::spec) fn read(
    source: SourceId,
    section: Option<&Section<'_>>,
    sink: &mut Sink,
) -> Vec<DoneItem> {
    let node = section.map(|s| s.node);
    items(source, node, "definition_of_done.check", "desired.clusters.size() == 1", sink)
}

/// A list of texts and of `{ text, check }`. `path` is where a check stands, `example` is one that could.
pub(super) fn items(
    source: SourceId,
    list: Option<&Node>,
    path: &str,
    example: &str,
    sink: &mut Sink,
) -> Vec<DoneItem> {
    let Some(NodeKind::Seq(items)) = list.map(|n| &n.kind) else { return Vec::new() };
    items
        .iter()
        .map(|item| {
            let check = item.get("check").and_then(|check| {
                if matches!(resolve(check), Scalar::Str) && check.text().is_some() {
                    return Some(Expression::new(source, check));
                }
                sink.push(
                    wrong_type(source, check, path, "an expression, as text")
                        .help(format!("put it in quotes: `check: \"{example}\"`")),
                );
                None
            });
            let text = item.text().or_else(|| item.get("text").and_then(Node::text)).unwrap_or_default();
            DoneItem { text: text.trim().to_owned(), check, place: Place { source, span: item.span } }
        })
        .collect()
}
