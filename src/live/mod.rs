//! What was seen outside, in one piece: observations that know the difference between absent and unknown.

mod backups;
mod evidence;
mod guest_config;
mod observation;
pub mod placement;
mod published;
mod records;
mod snapshot;

pub use backups::Backup;
pub use evidence::{Bridge, Evidence, Member, PciMapping, Task, Volume};
pub use guest_config::{Device, GuestConfig};
pub use observation::{Observation, Reason};
pub use published::Published;
pub use records::ProviderRecord;
pub use snapshot::{
    Guest, GuestKind, NodeStatus, OmniSnapshot, ProxmoxFailure, ProxmoxSnapshot, PveNode, Snapshot, Storage,
};
