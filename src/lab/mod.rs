//! A world to rehearse in: servers on loopback that speak the wire of Omni and Proxmox VE, and behind them a model of
//! Omni's controllers, the Proxmox infrastructure provider and machines.
//!
//! It is written from the protocol reference and from recorded timelines, never from this program's own clients: it imports
//! only `address`, `secret`, `untrusted`, `diag`, `yaml` and the `world` traits, so that two independent readings meet on
//! the wire. Requests and types that are not modelled answer 501.

mod by_hand;
mod controllers;
mod document;
mod inject;
mod labels;
mod listen;
mod machine;
pub mod omni;
mod persist;
mod provider;
mod proxmox;
mod random;
mod respec;
mod s3;
mod scenario;
mod serve;
mod time;
mod world;

pub use respec::{spec_for, store_of, with_store};
pub use serve::{
    Fault, Lab, LabCounts, LabError, LabOptions, LabProxmox, LabStore, ProviderLog, Served, Speed, attached,
    faults, inject, provider_log, reset, worlds,
};
