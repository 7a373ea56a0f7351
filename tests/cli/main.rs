//! The binary as users run it: a copy of the shipped deployment, exit codes, streams, the lab.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod adopt;
mod apply;
mod back_ends;
mod checks;
mod dialect;
mod doctor;
mod drift;
mod exit_codes;
mod explain;
mod export;
mod files;
mod fmt;
mod github;
mod guards;
mod import;
mod init;
mod lifecycle;
mod plan;
mod policy;
mod remote;
mod removal;
mod repository;
mod saved;
mod schemas;
mod scope;
mod sealing;
#[path = "../shipped/mod.rs"]
mod shipped;
mod spec_upgrade;
mod status;
mod terminal;
mod trust;
mod usage;
mod wrong_inputs;
