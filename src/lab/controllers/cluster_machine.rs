//! Cluster machines: made from nodes, and taken apart when their node goes.

use serde_json::json;

use super::super::labels;
use super::super::machine::{Doing, time};
use super::super::omni::{Key, Resource};
use super::super::world::Pass;
use super::view::{cluster_of, is_control_plane, place};

const CONTROLLER: &str = "MachineSetStatusController";
const FINALIZERS: [&str; 6] = [
    "ClusterMachineConfigPatchesController",
    "ClusterMachineEncryptionKeyController",
    "ClusterMachineController",
    "ClusterMachineConfigController",
    "ClusterMachineStatusController",
    "ClusterMachineTeardownController",
];

/// Creates, starts and carries out teardown.
pub fn run(pass: &mut Pass<'_>) {
    for node in pass.all("MachineSetNodes") {
        if node.tearing_down() {
            pass.release("MachineSetNodes", &node.key.id, &[CONTROLLER]);
            continue;
        }
        create(pass, &node);
    }
    start_teardown(pass);
    for machine in pass.all("ClusterMachines") {
        if machine.tearing_down() {
            take_apart(pass, &machine);
        }
    }
}

fn create(pass: &mut Pass<'_>, node: &Resource) {
    let id = &node.key.id;
    if pass.get("ClusterMachines", id).is_some() {
        return;
    }
    let Some(cluster) = pass.get("Clusters", cluster_of(node)).filter(|c| !c.tearing_down()) else { return };
    if pass.get("Machines", id).is_none_or(|m| m.tearing_down()) {
        return;
    }
    pass.hold(node, &[CONTROLLER]);
    let made = place(
        Resource::new(
            Key::of("ClusterMachines", id),
            json!({ "kubernetes_version": cluster.text("/kubernetes_version") }),
        ),
        node,
    )
    .owned_by(CONTROLLER);
    pass.create(made);
    if let Some(made) = pass.get("ClusterMachines", id) {
        pass.hold(&made, &FINALIZERS);
    }
    if let Some(machine) = pass.get("Machines", id) {
        pass.hold(&machine, &[CONTROLLER]);
    }
}

/// Workers leave all at once; control planes one after another, unless the whole set goes.
fn start_teardown(pass: &Pass<'_>) {
    for machine in pass.all("ClusterMachines") {
        let id = &machine.key.id;
        if machine.tearing_down() || pass.get("MachineSetNodes", id).is_some_and(|n| !n.tearing_down()) {
            continue;
        }
        let set = machine.labelled(labels::SET).unwrap_or_default();
        let whole = pass.get("MachineSets", set).is_none_or(|s| s.tearing_down());
        let busy = pass.labelled("ClusterMachines", labels::SET, set).iter().any(|m| m.tearing_down());
        if is_control_plane(&machine) && !whole && busy {
            continue;
        }
        pass.teardown("ClusterMachines", id);
    }
}

/// Lets the finalizers fall in order; the machine is reset in between, however long that takes.
fn take_apart(pass: &mut Pass<'_>, member: &Resource) {
    let id = member.key.id.clone();
    let now = pass.world.now;
    pass.release(
        "ClusterMachines",
        &id,
        &["ClusterMachineController", "ClusterMachineConfigPatchesController"],
    );
    let cut = pass.get("Links", &id).is_none_or(|l| l.tearing_down() && !in_set_removal(pass, member));
    let etcd_broken = pass.world.clusters.get(cluster_of(member)).is_some_and(|c| c.etcd_broken);
    let Some(machine) = pass.world.machines.get_mut(&id) else {
        return finish(pass, &id);
    };
    if cut {
        machine.config = None;
        return finish(pass, &id);
    }
    // Neither a machine that is not heard is reset, nor does a control plane leave etcd without a quorum.
    if machine.silent_since.is_some() || (etcd_broken && is_control_plane(member)) {
        return;
    }
    if machine.config.is_some() && machine.doing != Doing::Resetting {
        machine.begin(Doing::Resetting, now, time::RESET);
        pass.wake_at(now + time::RESET);
        return;
    }
    if machine.doing == Doing::Resetting {
        return;
    }
    finish(pass, &id);
}

/// The Link is going because its request goes with the set, not because somebody deleted the Link.
fn in_set_removal(pass: &Pass<'_>, member: &Resource) -> bool {
    pass.get("Links", &member.key.id)
        .and_then(|l| l.labelled(labels::REQUEST).map(str::to_owned))
        .and_then(|r| pass.get("MachineRequests", &r))
        .is_some_and(|r| r.tearing_down())
}

fn finish(pass: &mut Pass<'_>, id: &str) {
    for kind in ["MachinePendingUpdates", "ClusterMachineConfigStatuses"] {
        if pass.get(kind, id).is_some() {
            pass.destroy(kind, id);
        }
    }
    pass.release(
        "ClusterMachines",
        id,
        &["ClusterMachineConfigController", "ClusterMachineTeardownController"],
    );
    if pass.get("ClusterMachineStatuses", id).is_some() {
        pass.destroy("ClusterMachineStatuses", id);
    }
    let upgrade = format!("900-cm-{id}-kubernetes-upgrade");
    if pass.get("ConfigPatches", &upgrade).is_some() {
        pass.destroy("ConfigPatches", &upgrade);
    }
    pass.forget(&format!("apply:{id}"));
    pass.destroy("ClusterMachines", id);
    pass.release("Machines", id, &[CONTROLLER]);
}
