//! Bounded YAML: text to nodes with places, under limits; scalars as Go's YAML reads them; text written as Go writes it.

pub mod edit;
mod emit;
mod folded;
mod format;
mod inner;
mod limits;
mod merge;
mod node;
mod order;
mod parse;
mod resolve;
mod scalar_style;
mod shape;
mod tabs;
mod timestamp;

pub use emit::{Out, write};
pub use folded::folded_anew;
pub use format::{FormatError, format};
pub use inner::{InnerPlaces, parse_inner};
pub use limits::{Aliases, EmptyInFlow, Limits};
pub use node::{Document, Node, NodeKind, ScalarStyle};
pub use order::natural;
pub use parse::{parse, text_of};
pub use resolve::{
    Mismatch, Scalar, as_bool, as_i64, as_integer, as_list, as_pairs, as_string, as_u32, as_u64, describe,
    is_null, resolve, resolve_plain, to_value,
};

#[cfg(test)]
mod tests;
