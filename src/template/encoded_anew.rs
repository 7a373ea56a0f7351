//! omnictl encodes every document anew before it decodes it strictly. Folded blocks do not come through unchanged, and what it
//! renders has the changed text.

use crate::yaml::{Document, Node, NodeKind, ScalarStyle, folded_anew};

/// The documents as omnictl decodes them.
pub(super) fn encoded_anew(documents: &[Document]) -> Vec<Document> {
    let mut documents = documents.to_vec();
    documents.iter_mut().filter_map(|d| d.root.as_mut()).for_each(node);
    documents
}

fn node(node: &mut Node) {
    match &mut node.kind {
        NodeKind::Scalar { text, style: ScalarStyle::Folded } => *text = folded_anew(text),
        NodeKind::Scalar { .. } => {}
        NodeKind::Seq(items) => items.iter_mut().for_each(self::node),
        NodeKind::Map(pairs) => pairs.iter_mut().for_each(|(_, value)| self::node(value)),
    }
}
