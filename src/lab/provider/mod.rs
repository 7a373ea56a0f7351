//! The Proxmox infrastructure provider before its version 0.1, as a reader of machine requests that owns VMs.
//!
//! It works on one request at a time, from one wait to the next. What fails is tried again every minute, for ever, and Omni
//! is told nothing of it: the status keeps naming the last step that passed or waited.

mod create;
mod data;
mod place;
mod remove;
mod schema;
mod selector;
mod state;
mod steps;

pub use create::{Order, create};
pub use data::read as read_data;
pub use schema::text as schema_text;
pub use state::{Progress, ProviderState, Step, record};
pub use steps::{address, alive, run};
