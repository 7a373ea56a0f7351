//! Relations between addresses: what needs what, and why.

mod build;
mod desired;
pub mod edges;
mod lifecycle;
mod naming;
mod phases;
mod removal;
mod wave;

pub use build::{Cycle, Edge, Graph, items};
pub use desired::{Desired, DesiredCluster, DesiredProvider, DesiredResource, Prune};
pub use lifecycle::{Lifecycle, Move, Pattern};
pub use naming::address_of;
pub use phases::{DesiredPhase, OutOfOrder, out_of_order, phase_of};
pub use removal::Removal;
pub use wave::Wave;
