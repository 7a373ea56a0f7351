//! The plan as one page that stands alone: no script, no request, no style but its own.
//!
//! Everything that a plan says reaches the page through `markup::Markup`, whose names of elements and attributes are
//! constants of the program and whose texts and attribute values each pass one escaper. A policy in the page forbids
//! whatever an escaper might miss.

mod changes;
mod drift;
mod escape;
mod findings;
mod graph;
mod impact;
mod markup;
mod page;
mod rest;
mod verdict;
mod waves;

pub use drift::text as drift;
pub use page::{body, text};
