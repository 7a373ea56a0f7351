//! Golden plans: each folder holds the planner's inputs (`desired.json`, `snapshot.json`, `record.json` where there is one)
//! and what comes out (`plan.txt`, `plan.json`, `plan.md`, `plan.github`, `plan.html`). `UPDATE_GOLDEN=1` writes the outputs anew; read them before committing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod cases;
mod codes;
mod completeness;
mod export;
mod guard_table;
mod guards;
mod markdown;
mod pages;
mod policy;
mod properties;
#[path = "../random_template/mod.rs"]
mod random_template;
mod saved;
mod second;
#[path = "../sinks/shown.rs"]
mod shown;
mod simulate;
mod status;
