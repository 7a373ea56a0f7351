//! A Proxmox VE cluster: its state, and its REST API as one node answers it.

mod access;
mod create;
mod guests;
mod ha;
mod lxc;
mod mapping;
mod model;
mod network;
mod nodes;
mod parameters;
mod power;
mod reply;
mod resources;
mod routes;
mod storage;
mod tasks;
mod volumes;

pub use access::{Token, full as full_privileges};
pub use model::{Bridge, Cluster, Guest, GuestKind, Image, LeftDisk, Node, Storage, lowest};
pub use reply::Reply;
pub use routes::{Request, handle};
