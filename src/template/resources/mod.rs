//! Models to resources: ids, labels, annotations and specs as omnictl makes them, in its order.

mod builder;
pub(in crate::template) mod cluster;
mod content;
mod kernel_args;
mod machine;
mod machine_set;
mod patch;

/// Ids of patches.
pub(super) mod patch_id {
    pub(in crate::template) use super::patch::{BELOW, CLUSTER, id};
}

pub(super) use builder::{Builder, render};
