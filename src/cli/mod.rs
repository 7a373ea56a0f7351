//! People: arguments, files below the root, streams, exit codes. Everything that decides something is in lower layers.

mod approval;
mod args;
mod commands;
mod connect;
mod credentials;
mod dialect;
mod discover;
mod exit;
mod fail;
mod files;
mod formats;
mod gates;
mod github;
mod guards;
mod interrupt;
mod main;
mod memory;
mod new_files;
mod outputs;
mod progress;
mod protection;
mod remote;
mod removal;
mod report;
mod repository;
mod review;
mod rewrite;
mod saving;
mod scope;
mod session;
mod state_files;
mod streams;
mod walk;

pub use args::{Cli, Command};
pub use exit::Exit;
pub use main::{caught, main};
