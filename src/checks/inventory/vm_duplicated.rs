//! Two VMs with one UUID: clones and restored backups.

use super::sight::{shown, word};
use super::{Inventory, Vm};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `vm-duplicated`
pub(super) static RULE: Rule = Rule {
    code: "OS0544",
    name: "vm-duplicated",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "a machine is known to Omni by its UUID alone; two machines with one UUID share one Link",
    stage: Stage::Doctor,
    title: "several VMs have the UUID of one machine",
    means: "A VM was cloned or restored beside the original and kept its UUID and its disk with Talos' identity. Both call themselves the same machine: Omni shows now the one and now the other, and etcd may be written from two disks.",
    bad: "VM 105 was restored from a backup as VM 120",
    good: "a restored copy stays off, or gets another UUID and an empty disk",
    act: "Stop the copy at once; the original is the one that the provider recorded. Remove the copy after you compared.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.told() {
        let Vm::Several(all) = &machine.vm else { continue };
        let record = machine.record.as_ref();
        let own = |vmid: u32, node: &str| {
            record.is_some_and(|r| r.vmid == Some(vmid) && r.node.is_none_or(|n| n == node))
        };
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            format!("{} VMs bear its UUID: they fight for one identity in Omni", all.len()),
        )
        .fact("UUID", shown(machine.uuid.as_deref().unwrap_or_default()));
        for found in all {
            let recorded = if own(found.vmid, found.node) { ", the one that the provider made" } else { "" };
            let status = found.guest.map_or_else(|| "unknown".to_owned(), |g| shown(&g.status));
            finding = finding.fact(super::place(found.node, found.vmid), format!("{status}{recorded}"));
        }
        for copy in all.iter().filter(|f| !own(f.vmid, f.node)) {
            if record.and_then(|r| r.vmid).is_some() {
                finding = finding.act(format!("`qm stop {}` on node {}", copy.vmid, word(copy.node)));
            }
        }
        out.push(
            finding
                .act("compare creation times and disks before anything is removed")
                .cost("what the copy wrote since it started is lost"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn a_restored_copy_is_told_from_the_original() {
        let mut world = World::new();
        world.copy_vm(101, 150);
        let found = world.found(super::check);
        assert_eq!(found[0].subject.to_string(), "machine/c-workers-bbbbb2");
        assert_eq!(found[0].act[0], "`qm stop 150` on node a");
    }

    #[test]
    fn one_vm_is_enough() {
        assert!(World::new().subjects(super::check).is_empty());
        let mut world = World::new();
        world.copy_vm(101, 150);
        world.config(150).uuid = Some("ffffffff-0000-4000-8000-000000000000".into());
        assert!(world.subjects(super::check).is_empty());
    }
}
