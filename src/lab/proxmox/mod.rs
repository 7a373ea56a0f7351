//! A Proxmox VE cluster: its state, and its REST API as one node answers it.

mod access;
mod guests;
mod lxc;
mod model;
mod nodes;
mod reply;
mod resources;
mod routes;
mod storage;
mod tasks;

pub use access::{Token, full as full_privileges};
pub use model::{Cluster, Guest, GuestKind, Image, Node, Storage, lowest};
pub use routes::{Request, handle};
