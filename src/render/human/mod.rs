//! Text for people.

pub mod diag;
mod excerpt;
mod layout;
pub mod plan;
pub mod status;
mod tree;
mod value;
