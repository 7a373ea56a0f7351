//! The text of a patch, manifest or health check.

use super::Builder;
use crate::template::model::{Inline, Text};
use crate::yaml::{self, Node, NodeKind, Out};

/// Indent of encoded mappings.
const INDENT: usize = 4;

impl Builder<'_> {
    /// The text of `inline`, or of the file; empty if the file is not readable.
    pub(super) fn text(&self, inline: Option<&Inline>, file: &Text) -> String {
        match inline {
            Some(inline) => text(inline),
            None => self
                .contents
                .get(&file.value)
                .ok()
                .and_then(|id| self.sources.get(id))
                .map(|source| source.text.clone())
                .unwrap_or_default(),
        }
    }
}

/// What Omni stores for content written in the template: a text byte for byte, a mapping encoded anew, a list as documents.
fn text(inline: &Inline) -> String {
    match inline {
        Inline::Text(node) => node.text().unwrap_or_default().to_owned(),
        Inline::Mapping(node) => mapping(node),
        Inline::List(items, _) => {
            let documents: Vec<String> =
                items.iter().map(|item| item.as_ref().map_or_else(|| "{}\n".to_owned(), mapping)).collect();
            documents.join("---\n")
        }
    }
}

/// The keys of the outermost mapping are texts whatever they look like (`1:` becomes `"1":`); further in, Go keeps what they
/// are.
fn mapping(node: &Node) -> String {
    let NodeKind::Map(pairs) = &node.kind else { return String::new() };
    let mut entries: Vec<(String, Out)> =
        pairs.iter().map(|(k, v)| (k.text().unwrap_or_default().to_owned(), Out::from_node(v))).collect();
    entries.sort_by(|a, b| yaml::natural(&a.0, &b.0));
    yaml::write(&Out::Map(entries), INDENT)
}
