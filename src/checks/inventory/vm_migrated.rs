//! A VM on another node than the provider's record says: it works until it is removed.

use super::Inventory;
use super::sight::{shown, time, word};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `vm-migrated`
pub(super) static RULE: Rule = Rule {
    code: "OS0543",
    name: "vm-migrated",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "the provider removes a VM on the node of its record; what it does not find there counts as gone",
    stage: Stage::Doctor,
    title: "a VM is not where the provider made it",
    means: "The VM that bears this machine's UUID is on another node, or has another VMID, than the provider recorded. It works, but whoever removes the machine in Omni is told that it is gone while the VM runs on as an orphan.",
    bad: "VM 106 was migrated from hotel to golf",
    good: "VM 106 is on hotel, as recorded",
    act: "Migrate it back before the machine is removed. The images of a machine lie on local storage: detach `ide2` and `ide0` if they block the migration.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.told() {
        let (Some(found), Some(record)) = (machine.found(), machine.record.as_ref()) else { continue };
        let (Some(node), Some(vmid)) = (record.node, record.vmid) else { continue };
        let Some((_, seen)) = machine.proxmox else { continue };
        // A node that is not there any more is told by its own rule.
        if (found.node, found.vmid) == (node, vmid) || Inventory::has_node(seen, node) == Some(false) {
            continue;
        }
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            format!(
                "its VM is {}, and the provider recorded {}: when the machine is removed, the VM runs on as an orphan",
                super::place(found.node, found.vmid),
                super::place(node, vmid)
            ),
        )
        .fact("UUID", shown(machine.uuid.as_deref().unwrap_or_default()));
        if let Some(task) = Inventory::task(&seen.evidence, &["qmigrate"], vmid) {
            finding = finding.fact("migrated by", format!("{} at {}", shown(&task.user), time(task.started)));
        }
        finding = if found.vmid == vmid {
            finding.act(format!(
                "`qm migrate {vmid} {} --online` on node {}, before the machine is removed in Omni",
                word(node),
                word(found.node)
            ))
        } else {
            finding.act("a VMID cannot be changed: remove the VM by hand after the machine was removed in Omni, once its UUID was compared")
        };
        out.push(finding.cost("a migration within one storage network disturbs the machine for seconds; with local disks they are copied"));
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn another_node_or_another_vmid_is_told() {
        let mut world = World::new();
        world.guest(101).node = "b".into();
        let found = world.found(super::check);
        assert!(found[0].act[0].starts_with("`qm migrate 101 a --online` on node b"), "{:?}", found[0].act);
        let mut world = World::new();
        world.move_vm(101, 150);
        assert!(world.found(super::check)[0].cause.contains("a/150"));
    }

    #[test]
    fn a_vm_that_is_as_recorded_is_not() {
        assert!(World::new().subjects(super::check).is_empty());
        let mut world = World::new();
        world.guest(101).node = "b".into();
        world.proxmox().quorate = crate::live::Observation::Known(false);
        assert!(world.subjects(super::check).is_empty());
    }
}
