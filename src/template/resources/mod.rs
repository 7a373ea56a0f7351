//! Models to resources: ids, labels, annotations and specs as omnictl makes them, in its order.

mod builder;
mod cluster;
mod content;
mod kernel_args;
mod machine;
mod machine_set;
mod patch;

pub(super) use builder::{Builder, render};
