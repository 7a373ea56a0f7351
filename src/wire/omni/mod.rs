//! Omni's JSON gateway as data: what to ask, what is signed, and what an answer proves. Nothing here opens a socket.
//!
//! `POST {origin}/api/{package.Service}/{Method}` with a JSON message. A [`Call`] is one such request without its signature;
//! [`payload`] is the text that gets signed; [`headers`] is what is sent; [`resource`], [`resources`] and [`accepted`] read
//! the answer and say what it proves.

mod audit;
mod call;
mod clock;
mod document;
mod fault;
mod headers;
mod json;
mod mask;
mod message;
mod payload;
mod reply;

pub use audit::{AuditEvent, audit_events};
pub use call::{Call, NotSendable, Operation};
pub use clock::{clock_difference, http_date};
pub use document::{decode_document, encode_spec};
pub use fault::Fault;
pub use headers::{Field, Signed, headers};
pub use json::{JsonError, parse_json};
pub use message::innermost;
pub use payload::{NAMES as SIGNED_NAMES, payload, signed_text};
pub use reply::{Reply, accepted, resource, resources, try_again};
