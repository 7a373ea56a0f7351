//! Which storages are asked for their disks, and which disks belong to no guest that was seen.
//!
//! Proxmox VE lists all disks of a storage and then leaves out, without a word, those that the token may not touch: it shows a disk
//! to whoever has `Datastore.Allocate` on the storage, and else with `Datastore.Audit` there and `VM.Config.Disk` on
//! `/vms/VMID`, whether that VM exists or not. So for disks of VMs that are gone, `VM.Config.Disk` has to come from above.

use std::collections::BTreeSet;

use super::ProxmoxApi;
use crate::live::{Observation, ProxmoxSnapshot, Reason, Storage, Volume};
use crate::wire::proxmox::{NodeName, Permissions};

/// A VM that nobody gave rights on: every right on it is passed on from `/vms` or `/`.
const NOBODYS: &str = "/vms/0";

/// A storage that takes disks, and whether the token would be shown those of VMs that are gone.
pub(super) struct DiskStorage {
    pub(super) node: NodeName,
    pub(super) name: String,
    pub(super) shown: Result<(), Reason>,
}

/// `node/storage`, the key of what lies there.
pub(super) fn place(node: &NodeName, storage: &str) -> String {
    format!("{}/{storage}", node.as_str())
}

/// Storages that take this content and work, each with a node that can be asked. A shared one shows every node the same, so one
/// is enough.
pub(super) fn holding<'a>(
    seen: &'a ProxmoxSnapshot,
    content: &str,
    is_down: impl Fn(&str) -> bool,
) -> Vec<(NodeName, &'a Storage)> {
    let mut shared = BTreeSet::new();
    let mut out = Vec::new();
    for (node, storages) in seen.storages.iter().filter(|(node, _)| !is_down(node)) {
        let Some(name) = NodeName::parse(node) else { continue };
        for storage in storages.known().map_or(&[][..], Vec::as_slice) {
            let usable = storage.enabled && storage.active && storage.content.iter().any(|c| c == content);
            if usable && (!storage.shared || shared.insert(storage.name.as_str())) {
                out.push((name.clone(), storage));
            }
        }
    }
    out
}

impl ProxmoxApi {
    /// Storages with disks. None where the guests are not known: then no disk is without its VM.
    pub(super) fn disk_storages(
        &self,
        seen: &ProxmoxSnapshot,
        is_down: impl Fn(&str) -> bool,
    ) -> Vec<DiskStorage> {
        let (Some(_), Some(held)) = (seen.guests.known(), seen.permissions.known()) else {
            return Vec::new();
        };
        let held = Permissions(held.clone());
        let of_vms = held.holds(NOBODYS, "VM.Config.Disk");
        let storages = holding(seen, "images", is_down).into_iter();
        storages
            .map(|(node, storage)| {
                let at = format!("/storage/{}", storage.name);
                let shown =
                    held.holds(&at, "Datastore.Allocate") || (of_vms && held.holds(&at, "Datastore.Audit"));
                let shown = if shown { Ok(()) } else { Err(self.blind()) };
                DiskStorage { node, name: storage.name.clone(), shown }
            })
            .collect()
    }

    fn blind(&self) -> Reason {
        Reason(format!(
            "Proxmox `{}`: the token `{}` is not shown the disks of VMs that are gone; that takes `Datastore.Audit` on the storage and \
             `VM.Config.Disk` on `/vms`, propagated, or `Datastore.Allocate` on the storage",
            self.name,
            self.token.id(),
        ))
    }
}

/// Whether a storage has something of a VMID that no guest has, and no provider recorded.
pub(super) fn strangers(seen: &ProxmoxSnapshot, recorded: impl Iterator<Item = u32>) -> bool {
    let guests = seen.guests.known().into_iter().flatten().map(|guest| guest.vmid);
    let there: BTreeSet<u32> = guests.chain(recorded).collect();
    let lists = seen.evidence.volumes.values().chain(seen.evidence.disks.values());
    let all = lists.filter_map(Observation::known).flatten();
    all.filter_map(Volume::owner).any(|vmid| !there.contains(&vmid))
}
