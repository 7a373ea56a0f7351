//! What was seen outside, in one piece: observations that know the difference between absent and unknown.

mod backups;
mod observation;
pub mod placement;
mod snapshot;

pub use backups::Backup;
pub use observation::{Observation, Reason};
pub use snapshot::{
    Guest, GuestKind, NodeStatus, OmniSnapshot, ProxmoxFailure, ProxmoxSnapshot, PveNode, Snapshot, Storage,
};
