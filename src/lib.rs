//! omni-scale: a declarative plan/apply engine for Talos Linux clusters run by Sidero Omni on Proxmox VE.
//!
//! Layers, lowest first; a module imports only from lower layers and from its own (`tests/architecture.rs` enforces it):
//!
//! | layer | modules | what |
//! |---|---|---|
//! | 0 | `address` `secret` `untrusted` `value` `resource` `diag` `yaml` `wire` `cel` `selector` | vocabulary |
//! | 1 | `kinds` `spec` `template` `provider` | what exists |
//! | 2 | `graph` `live` `diff` `state::model` | relations |
//! | 3 | `checks` `plan` `import` `adopt` | decision |
//! | 4 | `policy` `render` | judgement and words |
//! | 5 | `world` `client` `backend` `state::{store,local,remote,object,objects,carrier,probe,conditional,journal,hold,lease,heartbeat,envelope,seal}` | the outside |
//! | 6 | `engine` | motion |
//! | 7 | `cli` `lab` | people; a world to rehearse in |
//!
//! Everything below layer 5 is a pure function of values: no clock, randomness, environment, filesystem or network.

pub mod address;
pub mod adopt;
pub mod backend;
pub mod cel;
pub mod checks;
pub mod cli;
pub mod client;
pub mod diag;
pub mod diff;
pub mod engine;
pub mod graph;
pub mod import;
pub mod kinds;
pub mod lab;
pub mod live;
pub mod plan;
pub mod policy;
pub mod provider;
pub mod render;
pub mod resource;
pub mod secret;
pub mod selector;
pub mod spec;
pub mod state;
pub mod template;
pub mod untrusted;
pub mod value;
pub mod wire;
pub mod world;
pub mod yaml;
