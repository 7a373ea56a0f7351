//! Which machines go, by Omni's own order where Omni chooses.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::kinds::Effect;
use crate::live::GuestKind;
use crate::plan::Lost;
use crate::plan::scene::{Readable, Scene};
use crate::resource::{LiveResource, Phase};
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
        let status = scene.snapshot().omni.find("MachineStatuses", &n.resource.id.id);
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

/// The machine request of a node's machine, which is also the name of its VM; else the machine's UUID.
pub(in crate::plan) fn name_of(scene: &Scene<'_>, node: &LiveResource) -> String {
    let uuid = node.resource.id.id.as_str();
    let omni = &scene.snapshot().omni;
    omni.find("MachineStatuses", uuid)
        .and_then(|s| s.resource.omni_label("machine-request").map(str::to_owned))
        .or_else(|| {
            omni.list("MachineRequestStatuses")
                .iter()
                .find(|s| s.resource.spec.get("id").and_then(crate::value::Value::as_str) == Some(uuid))
                .map(|s| s.resource.id.id.clone())
        })
        .unwrap_or_else(|| uuid.to_owned())
}

fn lost(scene: &Scene<'_>, address: &Address, name: &str, predicted: bool) -> Lost {
    Lost {
        address: address.clone(),
        machine: Some(Untrusted::new(name).line(120)),
        vm: vm_of(scene, name),
        effect: Effect::Destroy,
        predicted,
    }
}

/// The VM of a machine request: its name, and the provider's tag; none if that is not unique.
pub(in crate::plan) fn vm_of(scene: &Scene<'_>, request: &str) -> Option<String> {
    let mut found = scene
        .snapshot()
        .proxmox
        .values()
        .filter_map(|p| p.guests.known())
        .flatten()
        .filter(|g| g.kind == GuestKind::Qemu && g.name.as_deref() == Some(request))
        .filter(|g| g.tags.iter().any(|t| t.starts_with("machine-request.")));
    let guest = found.next()?;
    found.next().is_none().then(|| format!("{}/{}", Untrusted::new(&guest.node).line(64), guest.vmid))
}
