//! Requests and replies as plain data: building one and reading one are pure, and only `world::Net` owns a socket.

mod fingerprint;

pub use fingerprint::{Fingerprint, FingerprintError};
