//! Which machines go, by Omni's own order where Omni chooses.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::kinds::Effect;
use crate::plan::Lost;
use crate::plan::scene::{Readable, Scene};
use crate::resource::{LiveResource, Phase, ResourceId};
use crate::untrusted::Untrusted;

/// Every machine given, by UUID order: nothing is chosen, so nothing is predicted.
pub(super) fn all(scene: &Scene<'_>, address: &Address, nodes: &[&LiveResource]) -> Vec<Lost> {
    let mut nodes = nodes.to_vec();
    nodes.sort_by(|a, b| a.resource.id.cmp(&b.resource.id));
    nodes.iter().map(|n| lost(scene, address, &name_of(scene, n), false)).collect()
}

/// Every machine of a set that goes, and the requests of machines that are still being made.
pub(super) fn whole_set(
    scene: &Scene<'_>,
    address: &Address,
    set: &str,
    nodes: &[&LiveResource],
) -> Vec<Lost> {
    let mut out = all(scene, address, nodes);
    out.extend(unused_requests(scene, set, nodes).into_iter().map(|r| lost(scene, address, &r, false)));
    out
}

/// Every machine of a cluster that goes, and the requests of machines that are still being made for its sets: they go
/// with it, though they have never joined.
pub(super) fn whole_cluster(
    scene: &Scene<'_>,
    address: &Address,
    cluster: &str,
    nodes: &[&LiveResource],
) -> Vec<Lost> {
    let mut out = all(scene, address, nodes);
    for set in scene.in_cluster("MachineSets", cluster) {
        let requests = unused_requests(scene, &set.resource.id.id, nodes);
        out.extend(requests.into_iter().map(|r| lost(scene, address, &r, false)));
    }
    out
}

/// The machines that Omni takes when a set shrinks by `count`: requests without a machine in the cluster first; then
/// nodes without status, then disconnected ones, then the oldest, then by id. Locks do not count.
pub(super) fn scale_down(
    scene: &Scene<'_>,
    address: &Address,
    set: &str,
    nodes: &[&LiveResource],
    count: usize,
) -> Vec<Lost> {
    let statuses = scene.readable("MachineStatuses") == Readable::Yes;
    let mut names: Vec<String> = unused_requests(scene, set, nodes);
    let mut nodes = nodes.to_vec();
    nodes.sort_by_cached_key(|n| {
        let status = scene.live(&ResourceId::default_ns("MachineStatuses", &n.resource.id.id));
        let rank = match status {
            None => 0,
            Some(s) if is_disconnected(s) => 1,
            Some(_) => 2,
        };
        (rank, n.created.clone(), n.resource.id.id.clone())
    });
    if statuses {
        names.extend(nodes.iter().map(|n| name_of(scene, n)));
    }
    let mut out: Vec<Lost> = names.iter().take(count).map(|n| lost(scene, address, n, true)).collect();
    while out.len() < count {
        out.push(Lost {
            address: address.clone(),
            machine: None,
            vm: None,
            effect: Effect::Destroy,
            predicted: true,
        });
    }
    out
}

/// Whether a MachineStatus says that its machine is cut off.
fn is_disconnected(status: &LiveResource) -> bool {
    status.resource.omni_label("disconnected").is_some()
        || status.resource.spec.get("connected").and_then(crate::value::Value::as_bool) != Some(true)
            && status.resource.omni_label("connected").is_none()
}

/// Requests of a set that no machine of the cluster uses.
fn unused_requests(scene: &Scene<'_>, set: &str, nodes: &[&LiveResource]) -> Vec<String> {
    let used: BTreeSet<String> = nodes.iter().map(|n| name_of(scene, n)).collect();
    let mut all: Vec<(String, String)> = scene
        .snapshot()
        .omni
        .list("MachineRequests")
        .iter()
        .filter(|r| r.phase == Phase::Running && r.resource.omni_label("machine-request-set") == Some(set))
        .filter(|r| r.resource.omni_label("machine-request-in-use").is_none())
        .filter(|r| !used.contains(&r.resource.id.id))
        .map(|r| (r.created.clone(), r.resource.id.id.clone()))
        .collect();
    all.sort();
    all.into_iter().map(|(_, id)| id).collect()
}

/// The machine of a node, as people know it.
pub(super) fn name_of(scene: &Scene<'_>, node: &LiveResource) -> String {
    scene.machine_name(&node.resource.id.id).to_owned()
}

fn lost(scene: &Scene<'_>, address: &Address, name: &str, predicted: bool) -> Lost {
    Lost {
        address: address.clone(),
        machine: Some(Untrusted::new(name).line(120)),
        vm: scene.vm(name).map(|g| format!("{}/{}", Untrusted::new(&g.node).line(64), g.vmid)),
        effect: Effect::Destroy,
        predicted,
    }
}
