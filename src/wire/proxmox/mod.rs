//! Proxmox VE's REST API as plain data: what is asked, and how an answer is to be understood.
//!
//! Three things make this API unlike others. It has no 404: a missing guest, storage or node is a 500 with a text. The
//! reason phrase of the status line carries errors, at times as the only text. And lists are silently filtered by
//! privilege, so that an entry's absence proves nothing until [`Permissions`] were looked at.

mod entries;
mod loose;
mod permissions;
mod reply;
mod request;
mod task;
mod token;

pub use entries::{ClusterEntry, NodeEntry, ResourceEntry, StorageEntry, VersionReply};
pub use permissions::{Coverage, Permissions};
pub use reply::{AuthCause, Fault, read};
pub use request::{NodeName, PowerAction, Request, Verb};
pub use task::{TaskEnd, TaskStatus, Upid};
pub use token::{Token, TokenError};
