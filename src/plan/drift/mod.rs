//! Drift: what is otherwise in Omni than it was applied. The record is compared with what is live; the files only say
//! whether they agree, and nothing is proposed.

mod files;
mod find;
mod model;

pub use find::{DriftInput, drift};
pub use model::{Deviation, Drift, DriftField, Drifted, FilesSay, Minor};
