//! The same facts in every form: text, JSON, graphs. No renderer computes anything.

mod areas;
pub mod context;
pub mod diff;
mod drift;
pub mod github;
pub mod graph;
pub mod html;
pub mod human;
pub mod json;
pub mod markdown;
mod placement;
pub mod scope;
mod unified;
mod value;
mod width;
mod word_diff;
mod words;
