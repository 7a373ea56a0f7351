//! Text for people.

pub mod diag;
mod excerpt;
pub mod file_diff;
mod layout;
pub mod plan;
pub mod status;
mod tree;
