//! Whatever is live, the files that an import makes of it load, and plan empty.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod loaded;
mod properties;
#[path = "../random_template/mod.rs"]
mod random_template;
mod worlds;
