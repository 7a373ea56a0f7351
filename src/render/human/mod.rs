//! Text for people.

pub mod diag;
mod excerpt;
mod layout;
pub mod plan;
mod value;
