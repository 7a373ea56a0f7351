//! Join images of VMs that are gone.

use super::Inventory;
use super::left::{left, names};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `orphan-iso`
pub(super) static RULE: Rule = Rule {
    code: "OS0556",
    name: "orphan-iso",
    severity: Severity::Info,
    basis: Basis::Source,
    source: "the provider writes `user-data-<vmid>.iso` for each VM and removes it with the VM",
    stage: Stage::Doctor,
    title: "join images of VMs that are gone",
    means: "A storage has join images of VMIDs that no guest has. They are small, but they hold the join token of the time when they were made.",
    bad: "local:iso/user-data-120.iso, and no VM 120",
    good: "every join image belongs to a VM",
    act: "Remove them by hand.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for left in left(inventory, |evidence| &evidence.volumes, |_, _| true) {
        let many = if left.volumes.len() == 1 { "a join image" } else { "join images" };
        out.push(
            Finding::new(&RULE, left.storage, format!("it has {many} of VMs that are gone"))
                .fact("images", names(&left.volumes))
                .act("remove them by hand (`pvesm free VOLUME`): they hold a join token"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::live::{Observation, Volume};

    fn volume(id: &str) -> Volume {
        Volume { id: id.into(), vmid: None, size: 1 }
    }

    #[test]
    fn an_image_without_its_vm_is_told_and_others_are_not() {
        let mut world = World::new();
        let there = vec![
            volume("local:iso/user-data-101.iso"),
            volume("local:iso/talos.iso"),
            volume("local:iso/user-data-x.iso"),
        ];
        world.proxmox().evidence.volumes.insert("a/local".into(), Observation::Known(there.clone()));
        assert!(world.subjects(super::check).is_empty());
        let more = [there, vec![volume("local:iso/user-data-120.iso")]].concat();
        world.proxmox().evidence.volumes.insert("a/local".into(), Observation::Known(more));
        assert_eq!(world.subjects(super::check), ["proxmox/x/node/a/storage/local"]);
        world.proxmox().evidence.vmids = Observation::Known(vec![120]);
        assert!(world.subjects(super::check).is_empty(), "its VM was made a moment ago");
        let mut world = World::new();
        world.remove_vm(101);
        world
            .proxmox()
            .evidence
            .volumes
            .insert("a/local".into(), Observation::Known(vec![volume("local:iso/user-data-101.iso")]));
        assert!(world.subjects(super::check).is_empty(), "its machine's record still names it");
    }
}
