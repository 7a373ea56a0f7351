//! Text for people.

pub mod diag;
pub mod doctor;
pub mod done;
pub mod drift;
mod excerpt;
pub mod explained;
mod fields;
pub mod file_diff;
mod findings;
mod layout;
mod machines;
mod placement;
pub mod plan;
mod scope;
pub mod stale;
pub mod status;
mod steps;
mod tree;
mod waves;
