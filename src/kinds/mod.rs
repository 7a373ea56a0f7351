//! What exists: one file per kind, and the facts about its fields.

mod effect;

pub use effect::{Certainty, Effect};
