//! Hostile and broken inputs, entry by entry: command lines (A), files (B), YAML (C), what would ruin a cluster (D), servers (E), what the tool left behind
//! (F), outputs (G to J). Each part is one table and one loop that runs all of it; `coverage` has them all, and `docs/reference/hostile-inputs.md` shows them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

mod a_command_line;
mod b_files;
mod c_yaml;
mod coverage;
mod d_semantics;
mod e_servers;
mod entries;
mod f_memory;
mod g_to_j_outputs;
mod isolation;
mod judge;
#[path = "../cli/repository.rs"]
#[expect(dead_code, reason = "shared with the tests of the binary")]
mod repository;
mod scene;
mod server;
#[path = "../shipped/mod.rs"]
mod shipped;
