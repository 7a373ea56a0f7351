//! What lies on storages for VMs that are gone.

use std::collections::{BTreeMap, BTreeSet};

use super::Inventory;
use super::sight::shown;
use crate::address::Address;
use crate::checks::Scene;
use crate::live::{Evidence, Observation, ProxmoxSnapshot, Volume};

/// Most volumes that are named.
const NAMED: usize = 20;

/// Volumes by `node/storage`, as a look has them.
type Lists = BTreeMap<String, Observation<Vec<Volume>>>;

/// What one storage has of VMs that are gone.
pub(super) struct Left<'a> {
    /// The storage; of a shared one no node is named.
    pub(super) storage: Address,
    /// What is there, each once.
    pub(super) volumes: Vec<&'a Volume>,
}

/// The storages that have something of a VMID that no guest had at any time of the look. What a machine's record still names
/// belongs to that machine: what became of its VM is told there.
pub(super) fn left<'a>(
    inventory: &Inventory<'a>,
    lists: fn(&Evidence) -> &Lists,
    counts: impl Fn(&ProxmoxSnapshot, &Volume) -> bool,
) -> Vec<Left<'a>> {
    let mut out = Vec::new();
    let all = inventory.scene.snapshot.proxmox.iter();
    for (name, seen) in all.filter(|(n, _)| !inventory.untold.contains_key(n.as_str())) {
        let (Some(guests), Some(ever)) = (seen.guests.known(), seen.evidence.vmids.known()) else { continue };
        let recorded = inventory.machines.iter().filter_map(|m| m.record.as_ref()?.vmid);
        let there: BTreeSet<u32> =
            guests.iter().map(|g| g.vmid).chain(ever.iter().copied()).chain(recorded).collect();
        let mut found: BTreeMap<(Option<&str>, &str), BTreeMap<&str, &Volume>> = BTreeMap::new();
        for (place, volumes) in lists(&seen.evidence) {
            let (Some((node, storage)), Some(volumes)) = (place.split_once('/'), volumes.known()) else {
                continue;
            };
            let gone = |v: &Volume| v.owner().is_some_and(|vmid| !there.contains(&vmid));
            for volume in volumes.iter().filter(|v| gone(v) && counts(seen, v)) {
                // A shared storage can be seen from several nodes.
                let node = Some(node).filter(|_| !shared(seen, storage));
                found.entry((node, storage)).or_default().insert(&volume.id, volume);
            }
        }
        out.extend(found.into_iter().map(|((node, storage), volumes)| {
            let at =
                node.map_or_else(|| Scene::cluster_address(name), |node| Scene::node_address(name, node));
            Left { storage: at.child("storage", storage), volumes: volumes.into_values().collect() }
        }));
    }
    out
}

/// Whether every node sees the same storage.
pub(super) fn shared(seen: &ProxmoxSnapshot, storage: &str) -> bool {
    let listed = seen.storages.values().filter_map(Observation::known).flatten();
    listed.into_iter().any(|s| s.name == storage && s.shared)
}

/// Their names, as many as people read.
pub(super) fn names(volumes: &[&Volume]) -> String {
    let mut names: Vec<String> = volumes.iter().take(NAMED).map(|v| shown(&v.id)).collect();
    match volumes.len().saturating_sub(NAMED) {
        0 => {}
        more => names.push(format!("and {more} more")),
    }
    names.join(", ")
}

/// What they may take together; nothing where the server says of none how large it is.
pub(super) fn size(volumes: &[&Volume]) -> Option<String> {
    let bytes = volumes.iter().fold(0_u64, |sum, v| sum.saturating_add(v.size));
    match bytes {
        0 => None,
        1..0x4000_0000 => Some(format!("{} MiB", bytes.div_ceil(1 << 20))),
        _ => Some(format!("{} GiB", bytes >> 30)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_named_and_all_are_counted() {
        let volumes: Vec<Volume> = (0..30)
            .map(|n| Volume { id: format!("s:vm-120-disk-{n}"), vmid: Some(120), size: 1 << 30 })
            .collect();
        let all: Vec<&Volume> = volumes.iter().collect();
        assert!(names(&all).ends_with("s:vm-120-disk-19, and 10 more"), "{}", names(&all));
        assert_eq!(size(&all).as_deref(), Some("30 GiB"));
        let small = Volume { id: "s:vm-120-cloudinit".into(), vmid: Some(120), size: 4 << 20 };
        assert_eq!(
            (names(&[&small]).as_str(), size(&[&small]).as_deref()),
            ("s:vm-120-cloudinit", Some("4 MiB"))
        );
        assert_eq!(size(&[&Volume { size: 0, ..small }]), None);
    }
}
