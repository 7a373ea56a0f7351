//! How declared clusters stand: what the files ask for, what Omni reports, and the VM of each machine, joined.
//!
//! [`status`] is a function of values and decides nothing of its own: whether a cluster is up is asked of
//! [`goal`](super::goal), as the planner and apply ask it. Every text from outside is made fit to be shown here.

mod cluster;
mod machine;
mod missing;
mod model;
mod phase;
mod set;
mod sight;
mod upgrade;
mod vm;

pub use cluster::{StatusInput, status};
pub use model::{
    Check, ClusterStatus, Counts, LoadBalancer, MachineStatus, Missing, MissingKind, Next, ProxmoxStatus,
    Role, SetStatus, Status, Up, Upgrade, Versions, Vm,
};
pub use phase::{ClusterPhase, RequestStage, SetPhase, Stage, UpgradePhase};
