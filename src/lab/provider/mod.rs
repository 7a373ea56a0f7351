//! The Proxmox infrastructure provider before its version 0.1, as a reader of machine requests that owns VMs.
//!
//! It works on one request at a time, from one wait to the next, and knows Proxmox VE only through its API. What fails is
//! tried again every minute, for ever, and Omni is told nothing of it: the status keeps naming the last step that passed or
//! waited. The reason is in its log.

mod boot;
mod client;
mod data;
mod log;
mod order;
mod place;
mod remove;
mod run;
mod schema;
mod selector;
mod state;
mod steps;
mod words;

pub use boot::address;
pub use data::read as read_data;
pub use order::{Order, parameters};
pub use run::{alive, run};
pub use schema::text as schema_text;
pub use state::{Progress, ProviderState, Step, record};
