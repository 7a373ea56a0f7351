//! The sections that the tool acts on, one file each.

pub(super) mod address;
pub(super) mod decisions;
pub(super) mod done;
pub(super) mod lifecycle;
pub(super) mod omni;
pub(super) mod paths;
pub(super) mod phases;
pub(super) mod policy;
pub(super) mod providers;
pub(super) mod proxmox;
pub(super) mod rules;
pub(super) mod state;
mod trust;
