//! Machine sets: what holds them, and how many machines are asked of the provider for those that use a class.

use serde_json::json;

use super::super::labels;
use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};
use super::view::{allocation, cluster_of, is_control_plane, members};

const CONTROL_PLANE: [&str; 8] = [
    "MachineSetController",
    "ControlPlaneStatusController",
    "MachineSetNodeController",
    "MachineSetEtcdAuditController",
    "MachineSetStatusController",
    "MachineProvisionController",
    "MachineSetDestroyStatusController",
    "ClusterBootstrapStatusController",
];
const WORKERS: [&str; 6] = [
    "MachineProvisionController",
    "MachineSetStatusController",
    "MachineSetNodeController",
    "ControlPlaneStatusController",
    "MachineSetController",
    "MachineSetDestroyStatusController",
];

/// Finalizers and request sets.
pub fn run(pass: &mut Pass<'_>) {
    for set in pass.all("MachineSets") {
        if set.tearing_down() {
            continue;
        }
        pass.hold(&set, if is_control_plane(&set) { &CONTROL_PLANE[..] } else { &WORKERS[..] });
        request_set(pass, &set);
    }
}

fn request_set(pass: &mut Pass<'_>, set: &Resource) {
    let id = &set.key.id;
    let Some(cluster) = pass.get("Clusters", cluster_of(set)) else { return };
    let Some((name, count)) = allocation(set) else { return };
    let Some(class) = pass.get("MachineClasses", &name) else { return };
    let Some(auto) = class.spec.get("auto_provision").cloned() else { return };
    // A machine that cannot leave keeps its place, so that nothing new is asked for instead.
    let existing = members(pass, id).len() as u64;
    let field = |f: &str| auto.get(f).cloned().unwrap_or_default();
    let spec = lean(json!({
        "provider_id": field("provider_id"),
        "machine_count": count.max(existing),
        "talos_version": cluster.text("/talos_version"),
        "kernel_args": field("kernel_args"),
        "meta_values": field("meta_values"),
        "provider_data": field("provider_data"),
        "grpc_tunnel": field("grpc_tunnel"),
    }));
    pass.put(Resource::new(Key::of("MachineRequestSets", id), spec).owned_by("MachineProvisionController"));
    if let Some(made) = pass.get("MachineRequestSets", id) {
        pass.hold(&made, &["MachineRequestSetStatusController"]);
    }
    // The class is in use; the gateway refuses its deletion by looking at the sets, nothing needs to be marked.
    let _ = labels::REQUEST_SET;
}
