//! Deletion of machine sets and clusters: Omni finishes it alone, in its own order.

use serde_json::json;

use super::super::labels;
use super::super::omni::{Key, Resource};
use super::super::world::Pass;
use super::view::{is_control_plane, members};

/// One look at everything that is to go.
pub fn run(pass: &mut Pass<'_>) {
    for set in pass.all("MachineSets") {
        if set.tearing_down() {
            machine_set(pass, &set);
        }
    }
    for cluster in pass.all("Clusters") {
        if cluster.tearing_down() {
            self::cluster(pass, &cluster);
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Requests, nodes and machines of a set go together; the set itself only when the provider is done.
fn machine_set(pass: &mut Pass<'_>, set: &Resource) {
    let id = &set.key.id;
    let machines = members(pass, id);
    pass.put(
        Resource::new(
            Key::of("MachineSetDestroyStatuses", id),
            json!({ "phase": format!("Destroying: {}", counted(machines.len(), "machine")) }),
        )
        .owned_by("MachineSetDestroyStatusController"),
    );
    pass.teardown("MachineRequestSets", id);
    for node in pass.labelled("MachineSetNodes", labels::SET, id) {
        pass.teardown("MachineSetNodes", &node.key.id);
    }
    if is_control_plane(set) && pass.get("ControlPlaneStatuses", id).is_some() {
        pass.destroy("ControlPlaneStatuses", id);
    }
    let requests = pass.labelled("MachineRequests", labels::REQUEST_SET, id);
    if machines.is_empty() && requests.is_empty() && pass.get("MachineRequestSets", id).is_none() {
        if pass.get("MachineSetStatuses", id).is_some() {
            pass.destroy("MachineSetStatuses", id);
        }
        pass.destroy("MachineSetDestroyStatuses", id);
        pass.destroy("MachineSets", id);
    }
}

/// Workers, then the control plane, then patches, extensions, statuses and the cluster.
fn cluster(pass: &mut Pass<'_>, cluster: &Resource) {
    let id = &cluster.key.id;
    let sets = pass.labelled("MachineSets", labels::CLUSTER, id);
    let machines = pass.labelled("ClusterMachines", labels::CLUSTER, id).len();
    pass.put(
        Resource::new(
            Key::of("ClusterDestroyStatuses", id),
            json!({
                "phase": format!(
                    "Destroying: {}, {}", counted(sets.len(), "machine set"), counted(machines, "machine"),
                ),
            }),
        )
        .owned_by("ClusterDestroyStatusController"),
    );
    for patch in pass.labelled("ConfigPatches", labels::CLUSTER, id) {
        if patch.key.id.ends_with("-kubernetes-upgrade") {
            pass.destroy("ConfigPatches", &patch.key.id);
        }
    }
    for kind in ["KubernetesStatuses", "KubernetesUpgradeStatuses", "TalosUpgradeStatuses"] {
        if pass.get(kind, id).is_some() {
            pass.destroy(kind, id);
        }
    }
    let workers = sets.iter().any(|s| !is_control_plane(s));
    for set in &sets {
        if !is_control_plane(set) || !workers {
            pass.teardown("MachineSets", &set.key.id);
        }
    }
    if !sets.is_empty() {
        return;
    }
    for kind in
        ["ConfigPatches", "KubernetesManifestGroups", "KubernetesHealthChecks", "ExtensionsConfigurations"]
    {
        for resource in pass.labelled(kind, labels::CLUSTER, id) {
            pass.destroy(kind, &resource.key.id);
        }
    }
    for kind in [
        "ClusterStatuses",
        "ClusterBootstrapStatuses",
        "LoadBalancerStatuses",
        "LoadBalancerConfigs",
        "ClusterUUIDs",
        "ClusterConfigVersions",
        "ClusterDestroyStatuses",
    ] {
        if pass.get(kind, id).is_some() {
            pass.destroy(kind, id);
        }
    }
    pass.world.clusters.remove(id);
    let own = [
        format!("kubernetes:{id}"),
        "kubernetes-".to_owned(),
        format!("talos:{id}"),
        format!("bootstrap:{id}"),
    ];
    pass.world.marks.retain(|m, _| !own.iter().any(|p| m.starts_with(p.as_str()) && m.contains(id.as_str())));
    pass.destroy("Clusters", id);
}
