//! Questions that several controllers ask.

use std::sync::Arc;

use serde_json::Value;

use super::super::labels;
use super::super::machine::Doing;
use super::super::omni::Resource;
use super::super::world::Pass;

/// The cluster that a resource belongs to.
pub fn cluster_of(resource: &Resource) -> &str {
    resource.labelled(labels::CLUSTER).unwrap_or_default()
}

/// Whether it belongs to the control plane.
pub fn is_control_plane(resource: &Resource) -> bool {
    resource.labels.contains_key(labels::CONTROL_PLANE)
}

/// Class and count of a machine set that uses a class; `machine_class` is the old name of the field and wins.
pub fn allocation(set: &Resource) -> Option<(String, u64)> {
    let found = ["machine_class", "machine_allocation"].iter().find_map(|f| set.spec.get(f))?;
    let name = found.get("name").and_then(Value::as_str)?.to_owned();
    Some((name, found.get("machine_count").and_then(Value::as_u64).unwrap_or(0)))
}

/// Machines that a set wants: its class count, or its nodes when they are listed by hand.
pub fn wanted(pass: &Pass<'_>, set: &Resource) -> u64 {
    match allocation(set) {
        Some((_, count)) => count,
        None => {
            let nodes = pass.labelled("MachineSetNodes", labels::SET, &set.key.id);
            nodes.iter().filter(|n| !n.tearing_down()).count() as u64
        }
    }
}

/// Cluster machines of a set.
pub fn members(pass: &Pass<'_>, set: &str) -> Vec<Arc<Resource>> {
    pass.labelled("ClusterMachines", labels::SET, set)
}

/// Control planes of a cluster that run, are heard and stay.
pub fn running_planes(pass: &Pass<'_>, cluster: &str) -> usize {
    let now = pass.world.now;
    pass.labelled("ClusterMachines", labels::CLUSTER, cluster)
        .iter()
        .filter(|m| is_control_plane(m) && !m.tearing_down())
        .filter_map(|m| pass.world.machines.get(&m.key.id))
        .filter(|m| m.doing == Doing::Running && m.connected(now))
        .count()
}

/// Whether the cluster is locked.
pub fn cluster_locked(pass: &Pass<'_>, cluster: &str) -> bool {
    pass.get("Clusters", cluster).is_some_and(|c| c.annotations.contains_key(labels::CLUSTER_LOCKED))
}

/// Whether a machine is held back by its own lock.
pub fn machine_locked(pass: &Pass<'_>, machine: &str) -> bool {
    pass.get("MachineSetNodes", machine).is_some_and(|n| n.annotations.contains_key(labels::LOCKED))
}

/// Copies the labels that tie a resource to cluster, set and role.
pub fn place(mut to: Resource, from: &Resource) -> Resource {
    for name in [labels::CLUSTER, labels::SET, labels::CONTROL_PLANE, labels::WORKER] {
        if let Some(value) = from.labelled(name) {
            to = to.label(name, value);
        }
    }
    to
}

/// A number field of a spec.
pub fn number(resource: &Resource, pointer: &str) -> u64 {
    resource.spec.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

/// A flag of a spec.
pub fn flag(resource: &Resource, pointer: &str) -> bool {
    resource.spec.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
}
