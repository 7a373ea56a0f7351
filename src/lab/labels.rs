//! Omni's label and annotation names.

/// Cluster.
pub const CLUSTER: &str = "omni.sidero.dev/cluster";
/// Machine set.
pub const SET: &str = "omni.sidero.dev/machine-set";
/// One machine of a cluster.
pub const CLUSTER_MACHINE: &str = "omni.sidero.dev/cluster-machine";
/// One machine.
pub const MACHINE: &str = "omni.sidero.dev/machine";
/// Control plane.
pub const CONTROL_PLANE: &str = "omni.sidero.dev/role-controlplane";
/// Worker.
pub const WORKER: &str = "omni.sidero.dev/role-worker";
/// Omni's own patches.
pub const SYSTEM_PATCH: &str = "omni.sidero.dev/system-patch";
/// A patch that is not used.
pub const DISABLED: &str = "omni.sidero.dev/disabled";
/// Infrastructure provider.
pub const PROVIDER: &str = "omni.sidero.dev/infra-provider-id";
/// Machine request set.
pub const REQUEST_SET: &str = "omni.sidero.dev/machine-request-set";
/// Machine request.
pub const REQUEST: &str = "omni.sidero.dev/machine-request";
/// A request whose machine is in a cluster.
pub const IN_USE: &str = "omni.sidero.dev/machine-request-in-use";
/// A node made by Omni for a class.
pub const BY_CLASS: &str = "omni.sidero.dev/managed-by-machine-set-node-controller";
/// Lock of a machine.
pub const LOCKED: &str = "omni.sidero.dev/locked";
/// Lock of a cluster.
pub const CLUSTER_LOCKED: &str = "omni.sidero.dev/cluster-locked";
/// A change is held back by a lock.
pub const LOCKED_UPDATE: &str = "omni.sidero.dev/locked-update";
/// Connected.
pub const CONNECTED: &str = "omni.sidero.dev/connected";
/// Disconnected.
pub const DISCONNECTED: &str = "omni.sidero.dev/disconnected";

/// Mark of a request whose machine has joined: it joins once.
pub fn joined(request: &str) -> String {
    format!("joined:{request}")
}
