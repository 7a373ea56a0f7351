//! Expressions (CEL) that the spec holds: text with places. What they mean is not known here.

use crate::diag::{SourceId, Sources, Span};
use crate::yaml::{InnerPlaces, Node};

use super::model::Place;

/// An expression as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    source: SourceId,
    node: Node,
}

impl Expression {
    /// The expression that a scalar holds.
    pub(super) fn new(source: SourceId, node: &Node) -> Self {
        Self { source, node: node.clone() }
    }
    /// Its text.
    pub fn text(&self) -> &str {
        self.node.text().unwrap_or_default()
    }
    /// Where it stands.
    pub fn place(&self) -> Place {
        Place { source: self.source, span: self.node.span }
    }
    /// Where a part of its text stands in the file; the whole of it where folding or escapes hide that.
    pub fn place_of(&self, inner: Span, sources: &Sources) -> Place {
        let outer = sources.get(self.source).map_or("", |s| s.text.as_str());
        Place { source: self.source, span: InnerPlaces::of(outer, &self.node).map(inner) }
    }
}
