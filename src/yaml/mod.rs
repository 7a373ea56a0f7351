//! Bounded YAML: text to nodes with places, under limits; scalars as Go's YAML reads them; text written as Go writes it.

mod node;

pub use node::{Document, Node, NodeKind, ScalarStyle};
