//! The Omni half of the lab: its JSON gateway, its signature check and its rules for what users write.

mod json;
pub mod pgp;
mod proto;
pub mod schema;
pub mod store;

pub use store::{Change, ChangeKind, Key, Phase, Resource, Store, StoreError};
