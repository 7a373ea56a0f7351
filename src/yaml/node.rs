//! Nodes: values with their places.

use crate::diag::{SourceId, Span};

/// How a scalar was written; only plain ones can be anything but text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarStyle {
    /// `text`
    Plain,
    /// `'text'`
    Single,
    /// `"text"`
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// A scalar: its text after unquoting, and how it was written.
    Scalar {
        /// Content.
        text: String,
        /// Notation.
        style: ScalarStyle,
    },
    /// A sequence.
    Seq(Vec<Node>),
    /// A mapping in file order; duplicate keys were refused, merge keys resolved, aliases replayed.
    Map(Vec<(Node, Node)>),
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Where: of a scalar the text with its quotes, of a block scalar from the indicator to the end of the last line.
    pub span: Span,
    /// Explicit tag (`!!str`), if written.
    pub tag: Option<String>,
}

impl Node {
    /// The entry `key` of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, v)| v)
    }
    /// Key and value of the entry `key` of a mapping.
    pub fn entry(&self, key: &str) -> Option<(&Node, &Node)> {
        match &self.kind {
            NodeKind::Map(m) => m.iter().find(|(k, _)| k.text() == Some(key)).map(|(k, v)| (k, v)),
            _ => None,
        }
    }
    /// The text of a scalar, whatever its type.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// One document of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Which text it stands in.
    pub source: SourceId,
    /// Its root; `None` for an empty document (null).
    pub root: Option<Node>,
    /// The document's bytes.
    pub span: Span,
    /// Places of the merge keys (`<<`) that were resolved.
    pub merges: Vec<Span>,
}
