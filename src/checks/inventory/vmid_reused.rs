//! The dangerous one: the provider removes by node and VMID, whoever has them now.

use super::sight::{shown, word};
use super::{Inventory, Vm};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `vmid-reused`
pub(super) static RULE: Rule = Rule {
    code: "OS0542",
    name: "vmid-reused",
    severity: Severity::Critical,
    basis: Basis::Observed,
    source: "the provider removes a machine by the node and VMID of its record and never compares the UUID; Proxmox gives the lowest free VMID out again",
    stage: Stage::Doctor,
    title: "the VMID of a machine belongs to a foreign VM",
    means: "The VM of this machine is gone, and another VM has its VMID on the same node. Whatever removes the machine in Omni (a smaller set, a deleted cluster, a deleted Link) makes the provider stop and destroy that foreign VM with its disks.",
    bad: "VM 105 was removed by hand; a colleague's new database got the VMID 105",
    good: "VM 105 bears the UUID that the provider recorded",
    act: "Before anything is removed in Omni: protect the foreign VM (`qm set VMID --protection 1`), or move it to another node or VMID. Only then remove the machine's Link.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.told() {
        let Vm::Reused { guest, uuid } = &machine.vm else { continue };
        let own = machine.uuid.as_deref().unwrap_or_default();
        let foreign = shown(guest.name.as_deref().unwrap_or("without a name"));
        let place = super::place(&guest.node, guest.vmid);
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            format!("its VM is gone and its VMID belongs to another VM, {foreign} ({place}): removing this machine in Omni would destroy that VM"),
        )
        .fact("UUID of the machine", shown(own))
        .fact(format!("UUID of VM {}", guest.vmid), if uuid.is_empty() { "none".to_owned() } else { shown(uuid) })
        .fact("recorded as", place);
        if machine.going() {
            finding = finding.fact("request", "it is being torn down now");
        }
        out.push(
            finding
                .act(format!(
                    "before any removal in Omni: `qm set {} --protection 1` on node {}; the provider then fails safely. Or move {foreign} to another node or VMID",
                    guest.vmid,
                    word(&guest.node)
                ))
                .act(format!("only then replace it: {}", machine.replacement()))
                .act("when the foreign VM is protected, the removal stays stuck until it is moved; then the provider finds no VM and is done")
                .cost("protection costs nothing; a removal without it costs the foreign VM and its disks"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::Severity;
    use crate::checks::inventory::tests::World;

    #[test]
    fn a_foreign_vm_under_the_recorded_vmid_is_critical() {
        let mut world = World::new();
        world.config(101).uuid = Some("ffffffff-0000-4000-8000-000000000000".into());
        world.guest(101).name = Some("postgres".into());
        let found = world.found(super::check);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Critical);
        assert!(found[0].act[0].starts_with("before any removal in Omni"), "{:?}", found[0].act);
        assert!(found[0].cause.contains("postgres (a/101)"), "{}", found[0].cause);
        assert!(
            found[0].act[1].starts_with("only then replace it: `omnictl delete link"),
            "{:?}",
            found[0].act
        );
        for kind in ["Links", "MachineStatuses"] {
            world.gone(kind, &crate::checks::inventory::tests::uuid(1));
        }
        let act = &world.found(super::check)[0].act[1];
        assert!(act.starts_with("only then replace it: it never joined"), "{act}");
    }

    #[test]
    fn the_own_vm_and_a_foreign_one_on_another_node_are_none() {
        assert!(World::new().subjects(super::check).is_empty());
        let mut world = World::new();
        world.config(101).uuid = Some("ffffffff-0000-4000-8000-000000000000".into());
        world.guest(101).node = "b".into();
        assert!(world.subjects(super::check).is_empty(), "the provider looks on its own node only");
        // Moved to another VMID, its number given to somebody else: it is not gone.
        let mut world = World::new();
        world.move_vm(101, 150);
        assert!(world.subjects(super::check).is_empty());
    }
}
