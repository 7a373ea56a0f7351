//! Join images of VMs that are gone.

use std::collections::{BTreeMap, BTreeSet};

use super::Inventory;
use super::sight::shown;
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};

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

/// VMID of a join image.
fn vmid(volume: &str) -> Option<u32> {
    volume.rsplit('/').next()?.strip_prefix("user-data-")?.strip_suffix(".iso")?.parse().ok()
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    let all = inventory.scene.snapshot.proxmox.iter();
    for (name, seen) in all.filter(|(n, _)| !inventory.untold.contains_key(n.as_str())) {
        let Some(guests) = seen.guests.known() else { continue };
        // What a machine's record still names belongs to that machine: what became of its VM is told there.
        let recorded = inventory.machines.iter().filter_map(|m| m.record.as_ref()?.vmid);
        let there: BTreeSet<u32> = guests.iter().map(|g| g.vmid).chain(recorded).collect();
        let mut left: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for (place, volumes) in &seen.evidence.volumes {
            let (Some((node, storage)), Some(volumes)) = (place.split_once('/'), volumes.known()) else {
                continue;
            };
            for volume in volumes.iter().filter(|v| vmid(&v.id).is_some_and(|id| !there.contains(&id))) {
                left.entry((node, storage)).or_default().push(shown(&volume.id));
            }
        }
        for ((node, storage), images) in left {
            let many = if images.len() == 1 { "a join image" } else { "join images" };
            out.push(
                Finding::new(
                    &RULE,
                    Scene::node_address(name, node).child("storage", storage),
                    format!("it has {many} of VMs that are gone"),
                )
                .fact("images", images.join(", "))
                .act("remove them by hand (`pvesm free VOLUME`): they hold a join token"),
            );
        }
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
