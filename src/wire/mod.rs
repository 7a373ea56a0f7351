//! Requests and replies as plain data: building one and reading one are pure, and only `world::Net` owns a socket.

mod fingerprint;
pub mod omni;
pub mod proxmox;

pub use fingerprint::{Fingerprint, FingerprintError};
