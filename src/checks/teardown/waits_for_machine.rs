//! A removal that waits for the machine: Omni cannot reset what it cannot reach.

use super::{Waits, quiet, waits};
use crate::checks::inventory::sight::{number, shown, span, word};
use crate::checks::inventory::{Inventory, Vm};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `teardown-waits-for-machine`
pub(super) static RULE: Rule = Rule {
    code: "OS0588",
    name: "teardown-waits-for-machine",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "Omni resets a machine before it lets its request go; there is no time limit, and no error is written anywhere",
    stage: Stage::Doctor,
    title: "a removal waits for a machine that Omni cannot reset",
    means: "The machine is to leave its cluster. For that Omni must reach it, and it must run. It is off, gone, cut off or stuck in its start, so Omni waits for ever. `Waiting for the infra provider` is no cause here: the provider has not been asked yet.",
    bad: "the VM of the machine is stopped",
    good: "the machine is connected and running: it goes within minutes",
    act: "Bring the machine back, and Omni finishes by itself. Where it cannot come back, force it: that does not wipe it.",
};

/// Omni needs some time for a machine that is in order.
const PATIENCE: u64 = 300;

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.machines.iter().filter(|m| waits(m) == Some(Waits::Machine)) {
        let Some(age) = quiet(inventory, machine).filter(|q| *q >= PATIENCE) else { continue };
        if super::waits_for_etcd::holds(inventory, machine) {
            continue;
        }
        let stage = machine.machine.and_then(|m| {
            let id = &m.resource.id.id;
            inventory
                .scene
                .snapshot
                .omni
                .find("MachineStatusSnapshots", id)
                .map(|s| number(s, &["machine_status", "stage"]))
        });
        let uuid = word(machine.uuid.as_deref().unwrap_or_default());
        let node = machine.where_it_is().map_or_else(|| "its node".to_owned(), shown);
        let (why, act) = match &machine.vm {
            Vm::Gone => ("its VM is gone".to_owned(), None),
            Vm::Reused { guest, .. } => (
                format!("its VM is gone, and its VMID {} belongs to another VM now", guest.vmid),
                Some(format!(
                    "first `qm set {} --protection 1` on node {}: forcing the removal would destroy that VM",
                    guest.vmid,
                    shown(&guest.node)
                )),
            ),
            Vm::Dark(_) => (format!("its node {node} is down"), Some(format!("bring node {node} back"))),
            Vm::One(found)
                if machine.proxmox.is_some_and(|(_, seen)| Inventory::offline(seen, found.node)) =>
            {
                (format!("its node {node} is down"), Some(format!("bring node {node} back")))
            }
            Vm::One(found) if found.guest.is_some_and(|g| g.status == "stopped") => (
                "its VM is off".to_owned(),
                Some(format!(
                    "`qm start {}` on node {node}: cleaner than forcing, Omni then finishes by itself",
                    found.vmid
                )),
            ),
            _ if machine.connected() == Some(false) => ("Omni does not reach it".to_owned(), None),
            _ if stage == Some(1) && machine.control_plane => (
                "it is still starting, so it cannot leave etcd".to_owned(),
                Some(format!(
                    "bring etcd back, or `omnictl cluster machine delete {uuid} --force-etcd-leave`"
                )),
            ),
            _ if stage.is_some_and(|s| s != 4) => {
                ("it is connected and does not run, so it cannot be reset".to_owned(), None)
            }
            _ => ("nothing tells why".to_owned(), Some(format!("`omnictl machine-logs {uuid}`"))),
        };
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            format!("its removal waits for Omni, which cannot reset it: {why}"),
        )
        .fact("without progress for", span(age))
        .fact(
            "connected",
            match machine.connected() {
                Some(true) => "yes",
                Some(false) => "no",
                None => "not told",
            },
        );
        if machine.status.is_some() {
            finding = finding.fact("status of the request", "still there: the provider is not asked yet");
        }
        if let Some(act) = act {
            finding = finding.act(act);
        }
        if machine.control_plane {
            finding = finding.act("a control plane: make sure first that the others keep etcd's majority");
        }
        out.push(
            finding
                .act(format!("if it will not come back: `omnictl cluster machine delete {uuid} --force` (Omni of 2026-02 and later), or `omnictl delete link {uuid}`"))
                .cost("forced, it is neither wiped nor taken out of etcd, and the VM is then removed by the provider; if the set's size was not lowered, Omni makes a replacement by itself"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::{World, uuid};

    fn leaving() -> World {
        let mut world = World::new();
        world.tearing_down("ClusterMachines", &uuid(1));
        world
    }

    #[test]
    fn each_reason_is_told_apart() {
        let breaks: [(fn(&mut World), &str); 5] = [
            (|w| w.guest(101).status = "stopped".into(), "its VM is off"),
            (|w| w.remove_vm(101), "its VM is gone"),
            (|w| w.node("a").status = crate::live::NodeStatus::Offline, "its node a is down"),
            (|w| w.disconnect(101), "Omni does not reach it"),
            (
                |w| {
                    w.spec(
                        "MachineStatusSnapshots",
                        &uuid(1),
                        serde_json::json!({"machine_status": {"stage": 1}}),
                    );
                },
                "does not run",
            ),
        ];
        for (break_it, part) in breaks {
            let mut world = leaving();
            break_it(&mut world);
            let found = world.found(super::check);
            assert!(found.len() == 1 && found[0].cause.contains(part), "{part}: {found:?}");
        }
        // The foreign VM is protected first.
        let mut world = leaving();
        world.config(101).uuid = Some("f".into());
        assert!(world.found(super::check)[0].act[0].contains("--protection 1"));
    }

    #[test]
    fn a_removal_that_is_young_or_the_providers_is_not() {
        assert!(World::new().subjects(super::check).is_empty());
        let mut world = leaving();
        world.written("ClusterMachines", &uuid(1), 30);
        assert!(world.subjects(super::check).is_empty());
        let mut world = World::new();
        world.gone("ClusterMachines", &uuid(1));
        world.gone("ClusterMachineStatuses", &uuid(1));
        world.tearing_down("MachineRequests", "c-workers-bbbbb2");
        assert!(world.subjects(super::check).is_empty());
    }
}
