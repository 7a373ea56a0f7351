//! A VM that is off, paused, or stopped by its disk.

use super::Inventory;
use super::sight::{shown, time, word};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `vm-not-running`
pub(super) static RULE: Rule = Rule {
    code: "OS0545",
    name: "vm-not-running",
    severity: Severity::Warning,
    basis: Basis::Observed,
    source: "Proxmox VE, status of a VM; `io-error` is QEMU's pause after a failed write",
    stage: Stage::Doctor,
    title: "the VM of a machine does not run",
    means: "The machine is made and nobody asked Omni to remove it, but its VM is stopped, paused, or was paused by an error of its disk (most often a full storage).",
    bad: "VM 104 is stopped",
    good: "VM 104 is running",
    act: "Start it. After `io-error` make room on the storage first, then resume it.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.told().filter(|m| m.provisioned() && !m.going()) {
        let (Some(found), Some((_, seen))) = (machine.found(), machine.proxmox) else { continue };
        let Some(guest) = found.guest.filter(|g| !Inventory::offline(seen, &g.node)) else { continue };
        let state = seen.evidence.states.get(&guest.vmid).and_then(|s| s.known()).map(String::as_str);
        let state = match (guest.status.as_str(), state) {
            // Rows of the whole cluster lag; the VM's own answer counts.
            (
                _,
                Some(
                    state @ ("stopped" | "paused" | "io-error" | "internal-error" | "guest-panicked"
                    | "suspended"),
                ),
            ) => state,
            ("stopped", None) => "stopped",
            ("paused" | "suspended", None) => "paused",
            _ => continue,
        };
        let place = super::place(found.node, found.vmid);
        let mut finding =
            Finding::new(&RULE, machine.address.clone(), format!("its VM {place} is {}", shown(state)))
                .fact("status", shown(state));
        if let Some(task) =
            Inventory::task(&seen.evidence, &["qmstop", "qmshutdown", "qmsuspend", "qmpause"], found.vmid)
        {
            finding = finding.fact("stopped by", format!("{} at {}", shown(&task.user), time(task.started)));
        }
        finding = match state {
            "stopped" => finding.act(format!("`qm start {}` on node {}", found.vmid, word(found.node))),
            "io-error" => {
                finding.severity = Severity::Error;
                finding
                    .act("make room on the storage of its disk: a full storage is the usual cause")
                    .act(format!("then `qm resume {}` on node {}", found.vmid, word(found.node)))
            }
            "internal-error" | "guest-panicked" => {
                finding.severity = Severity::Error;
                finding.act(format!("`qm reset {}` on node {}", found.vmid, word(found.node)))
            }
            _ => finding.act(format!("`qm resume {}` on node {}", found.vmid, word(found.node))),
        };
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::Severity;
    use crate::checks::inventory::tests::World;
    use crate::live::Observation;

    #[test]
    fn stopped_and_paused_vms_are_told_apart() {
        let mut world = World::new();
        world.guest(101).status = "stopped".into();
        assert!(world.found(super::check)[0].act[0].starts_with("`qm start 101`"));
        let mut world = World::new();
        world.proxmox().evidence.states.insert(101, Observation::Known("io-error".into()));
        let found = world.found(super::check);
        assert_eq!(found[0].severity, Severity::Error);
        assert!(found[0].act[1].contains("qm resume 101"));
    }

    #[test]
    fn a_running_vm_one_on_a_dead_node_and_one_that_leaves_are_not() {
        assert!(World::new().subjects(super::check).is_empty());
        let mut world = World::new();
        world.guest(101).status = "stopped".into();
        world.node("a").status = crate::live::NodeStatus::Offline;
        assert!(world.subjects(super::check).is_empty());
        let mut world = World::new();
        world.guest(101).status = "stopped".into();
        world.tearing_down("MachineRequests", "c-workers-bbbbb2");
        assert!(world.subjects(super::check).is_empty());
    }
}
