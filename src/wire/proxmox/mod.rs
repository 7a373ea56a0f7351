//! Proxmox VE's REST API as plain data: what is asked, and how an answer is to be understood.
//!
//! Three things make this API unlike others. It has no 404: a missing guest, storage or node is a 500 with a text. The
//! reason phrase of the status line carries errors, at times as the only text. And lists are silently filtered by
//! privilege, so that an entry's absence proves nothing until [`Permissions`] were looked at.

mod entries;
mod guest;
mod loose;
mod permissions;
mod property;
mod reply;
mod request;
mod task;
mod token;

pub use entries::{
    ClusterEntry, CpuInfo, DnsReply, HaEntry, InterfaceEntry, MappingEntry, NodeEntry, NodeStatusReply,
    ResourceEntry, StorageEntry, TaskEntry, TokenReply, VersionReply, VolumeEntry,
};
pub use guest::{GuestConfigReply, GuestStatusReply, PendingEntry};
pub use permissions::{Coverage, Permissions};
pub use property::Property;
pub use reply::{AuthCause, Fault, read};
pub use request::{NodeName, PowerAction, Request, Verb};
pub use task::{TaskEnd, TaskStatus, Upid};
pub use token::{Token, TokenError};
