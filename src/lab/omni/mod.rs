//! The Omni half of the lab: its JSON gateway, its signature check and its rules for what users write.
//!
//! [`OmniServer`] answers requests as values; [`router`] puts it on a socket. Controllers work on the [`Store`] directly.
//! Streams, the COSI State service and most management calls answer 501.

mod access;
mod audit;
mod auth;
mod document;
mod errors;
mod gateway;
mod json;
mod list;
mod management;
pub mod pgp;
mod proto;
mod rules;
pub mod schema;
mod selectors;
mod serve;
mod server;
mod shifted;
pub mod store;
mod version;

pub use audit::Event;
pub use auth::{Account, Role};
pub use serve::{Times, router};
pub use server::{Answer, HttpReply, HttpRequest, OmniServer, RequestLine, RequestLog, Waiting};
pub use store::{Change, ChangeKind, Key, Phase, Resource, Store, StoreError};
pub use version::ServerVersion;
