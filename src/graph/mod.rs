//! Relations between addresses: what needs what, and why.

mod build;
mod desired;
pub mod edges;
mod naming;
mod wave;

pub use build::{Cycle, Edge, Graph, items};
pub use desired::{Desired, DesiredCluster, DesiredProvider, DesiredResource, Prune};
pub use naming::address_of;
pub use wave::Wave;
