//! Relations between addresses: what needs what, and why.

mod desired;

pub use desired::{Desired, DesiredCluster, DesiredProvider, DesiredResource, Prune};
