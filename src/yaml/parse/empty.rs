//! Nodes of no characters: allowed as values and documents, mostly not as keys.

use crate::yaml::{Node, NodeKind, ScalarStyle};

/// An empty document has a plain, empty, untagged scalar as its root.
pub(super) fn absent(root: &Node) -> bool {
    matches!(&root.kind, NodeKind::Scalar { text, style: ScalarStyle::Plain } if text.is_empty())
        && root.tag.is_none()
        && root.span.start == root.span.end
}

/// Why Go refuses a key: collections, and keys of no characters that no `?` announces.
pub(super) fn bad_key(text: &str, key: &Node) -> Option<&'static str> {
    match &key.kind {
        NodeKind::Seq(_) | NodeKind::Map(_) => Some("a key is a list or a mapping"),
        NodeKind::Scalar { .. } if absent(key) => {
            let before = text.get(..key.span.start).unwrap_or_default().trim_end();
            (!before.ends_with('?')).then_some("a key is missing before `:`")
        }
        NodeKind::Scalar { .. } => None,
    }
}
