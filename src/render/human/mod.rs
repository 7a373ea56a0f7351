//! Text for people.

pub mod diag;
mod excerpt;
