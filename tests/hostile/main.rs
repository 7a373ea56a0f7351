//! Hostile and broken inputs, entry by entry: command lines (A), files (B), YAML (C), what would ruin a cluster (D). Each part is one table and one loop
//! that runs all of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

mod a_command_line;
mod b_files;
mod c_yaml;
mod d_semantics;
mod entries;
mod isolation;
#[path = "../cli/repository.rs"]
#[expect(dead_code, reason = "shared with the tests of the binary")]
mod repository;
mod scene;
#[path = "../shipped/mod.rs"]
mod shipped;
