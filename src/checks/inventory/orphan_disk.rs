//! Disks of VMs that are gone.

use std::collections::{BTreeMap, BTreeSet};

use super::Inventory;
use super::sight::shown;
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};

/// `orphan-disk`
pub(super) static RULE: Rule = Rule {
    code: "OS0557",
    name: "orphan-disk",
    severity: Severity::Info,
    basis: Basis::Source,
    source: "the provider removes a VM without `destroy-unreferenced-disks`",
    stage: Stage::Doctor,
    title: "disks of VMs that are gone",
    means: "A storage has disks whose VMID no guest has: disks that were detached before their VM was removed, or of a removal that failed halfway. They use space.",
    bad: "vm_ssd:vm-120-disk-0, and no VM 120",
    good: "every disk belongs to a guest",
    act: "Compare, then remove them by hand. Another Proxmox cluster may share the storage.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    let all = inventory.scene.snapshot.proxmox.iter();
    for (name, seen) in all.filter(|(n, _)| !inventory.untold.contains_key(n.as_str())) {
        let Some(guests) = seen.guests.known() else { continue };
        // What a machine's record still names belongs to that machine.
        let recorded = inventory.machines.iter().filter_map(|m| m.record.as_ref()?.vmid);
        let there: BTreeSet<u32> = guests.iter().map(|g| g.vmid).chain(recorded).collect();
        let mut told: BTreeSet<&str> = BTreeSet::new();
        let mut left: BTreeMap<&str, (Vec<String>, u64)> = BTreeMap::new();
        for (place, volumes) in &seen.evidence.volumes {
            let (Some((_, storage)), Some(volumes)) = (place.split_once('/'), volumes.known()) else {
                continue;
            };
            let shared = seen.storages.values().filter_map(|s| s.known()).flatten();
            let shared = shared.into_iter().any(|s| s.name == storage && s.shared);
            for volume in volumes {
                let gone = volume.vmid.is_some_and(|id| !there.contains(&id));
                // A shared storage is seen from every node.
                if volume.id.contains(":iso/") || !gone || (shared && !told.insert(&volume.id)) {
                    continue;
                }
                let (names, bytes) = left.entry(storage).or_default();
                names.push(shown(&volume.id));
                *bytes = bytes.saturating_add(volume.size);
            }
        }
        for (storage, (disks, bytes)) in left {
            out.push(
                Finding::new(
                    &RULE,
                    Scene::cluster_address(name).child("storage", storage),
                    format!("it has {} of VMs that are gone", if disks.len() == 1 { "a disk" } else { "disks" }),
                )
                .fact("disks", disks.join(", "))
                .fact("size", format!("{} GiB", bytes >> 30))
                .act("make sure that no other Proxmox cluster shares the storage, then remove them by hand (`pvesm free VOLUME`)")
                .cost("what is on the disks is lost"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::live::{Observation, Volume};

    #[test]
    fn a_disk_without_its_guest_is_told_once_and_others_are_not() {
        let volume = |n: u32| Volume { id: format!("s:vm-{n}-disk-0"), vmid: Some(n), size: 1 << 30 };
        let mut world = World::new();
        world.proxmox().evidence.volumes.insert("a/s".into(), Observation::Known(vec![volume(101)]));
        assert!(world.subjects(super::check).is_empty());
        for node in ["a/s", "b/s"] {
            world.proxmox().evidence.volumes.insert(node.into(), Observation::Known(vec![volume(120)]));
        }
        let found = world.found(super::check);
        assert_eq!(found[0].subject.to_string(), "proxmox/x/storage/s");
        assert_eq!(found[0].evidence[0].value, "s:vm-120-disk-0");
    }
}
