//! What a deeper look at a Proxmox cluster adds: what new machines need of it, and what became of the machines that are there.
//!
//! Each part is an [`Observation`] of its own, so that a rule can tell "it is not there" from "the token may not see it".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{GuestConfig, Observation};

/// Everything beyond nodes, guests, storages and permissions. What was not asked for is unknown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// The nodes as the cluster's own membership lists them, by name order.
    pub members: Observation<Vec<Member>>,
    /// Bridges by node. A node that shows none at all most often hides them: `SDN.Audit` or `SDN.Use` is missing.
    pub bridges: BTreeMap<String, Observation<Vec<Bridge>>>,
    /// Name servers that each node asks, in order, by node.
    pub resolvers: BTreeMap<String, Observation<Vec<String>>>,
    /// Processor flags by node (`avx2`, …).
    pub cpu_flags: BTreeMap<String, Observation<Vec<String>>>,
    /// PCI mappings by id.
    pub pci_mappings: Observation<Vec<PciMapping>>,
    /// Guests that high availability manages, as it names them (`vm:105`), sorted.
    pub ha: Observation<Vec<String>>,
    /// When the token expires, in seconds since 1970; `None` never.
    pub token_expires: Observation<Option<u64>>,
    /// Configuration of the VMs that a provider made or recorded, by VMID.
    pub configs: BTreeMap<u32, Observation<GuestConfig>>,
    /// What QEMU says of those VMs (`qmpstatus`: `running`, `stopped`, `paused`, `io-error`, …), by VMID. The list of guests calls
    /// all of them but `stopped` running.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub states: BTreeMap<u32, Observation<String>>,
    /// Images to boot from on the storages that take them, by `node/storage`. What is shared is asked of one node only.
    pub volumes: BTreeMap<String, Observation<Vec<Volume>>>,
    /// Disks on the storages that take them, by `node/storage`, those of VMs that are gone included. What is shared is asked of one
    /// node only; where the token would not be shown the disks of a VM that is gone, they are unknown.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub disks: BTreeMap<String, Observation<Vec<Volume>>>,
    /// Every VMID that a guest had at any time of this look, sorted: before the storages were listed and after. VMs come and go
    /// while it is taken. Asked for only where a storage has something of a VMID that no guest had at first.
    #[serde(skip_serializing_if = "unasked")]
    pub vmids: Observation<Vec<u32>>,
    /// Tasks of the guests that something happened to, and the tasks that a provider's records name (creation, start,
    /// download), newest first. Without `Sys.Audit` on a node only the token's own are listed there.
    pub tasks: Observation<Vec<Task>>,
}

fn unasked(seen: &Observation<Vec<u32>>) -> bool {
    *seen == Observation::default()
}

/// A node as the cluster's membership lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Name.
    pub name: String,
    /// Whether the cluster hears it. It can say so for some seconds after the node went.
    pub online: bool,
    /// Whether it is the node that answered.
    pub local: bool,
}

/// A bridge of a node (Linux or Open vSwitch) or a virtual network that looks like one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bridge {
    /// Name (`vmbr0`).
    pub name: String,
    /// Whether it is up.
    pub active: bool,
    /// Whether it carries VLAN tags.
    pub vlan_aware: bool,
    /// VLANs that it carries (`2-4094`), as configured; `None` where the server does not say.
    pub vids: Option<String>,
}

/// A mapping of PCI devices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PciMapping {
    /// Id, as provider data names it.
    pub id: String,
    /// Nodes that it covers, sorted.
    pub nodes: Vec<String>,
}

/// Something that lies on a storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Volume {
    /// `storage:iso/name.iso`, `storage:vm-105-disk-0`.
    pub id: String,
    /// VMID that it belongs to, where the server says so.
    pub vmid: Option<u32>,
    /// Bytes.
    pub size: u64,
}

impl Volume {
    /// VMID of the guest that it is for: as the server says, or by the name that the provider gives to join images
    /// (`user-data-105.iso`).
    pub fn owner(&self) -> Option<u32> {
        let join = || self.name().strip_prefix("user-data-")?.strip_suffix(".iso")?.parse().ok();
        self.vmid.or_else(join).filter(|vmid| *vmid > 0)
    }
    /// Its own name, without the storage, and without folder and base image where it has them.
    pub fn name(&self) -> &str {
        self.id.rsplit(['/', ':']).next().unwrap_or_default()
    }
}

/// A task of a node's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Full id (`UPID:…`).
    pub upid: String,
    /// Node.
    pub node: String,
    /// Kind (`qmdestroy`, `qmigrate`, `qmconfig`, …).
    pub kind: String,
    /// What it was about: a VMID for guests.
    pub id: String,
    /// Who started it (`root@pam`, `terraform@pam!automation`).
    pub user: String,
    /// When it began, in seconds since 1970.
    pub started: u64,
    /// When it ended; `None` while it runs.
    pub ended: Option<u64>,
    /// How it ended (`OK`, `WARNINGS: 1`, an error text already made harmless); `None` while it runs.
    pub status: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_tells_whose_it_is() {
        let volume = |id: &str, vmid| Volume { id: id.into(), vmid, size: 0 };
        for (id, vmid, owner, name) in [
            ("s:vm-105-disk-0", Some(105), Some(105), "vm-105-disk-0"),
            ("s:base-9-disk-0/vm-105-disk-0", Some(105), Some(105), "vm-105-disk-0"),
            ("s:9/base-9-disk-0.qcow2/105/vm-105-disk-0.qcow2", Some(105), Some(105), "vm-105-disk-0.qcow2"),
            ("local:iso/user-data-105.iso", None, Some(105), "user-data-105.iso"),
            ("local:iso/user-data-x.iso", None, None, "user-data-x.iso"),
            ("local:iso/talos.iso", None, None, "talos.iso"),
            // A device that no guest owns.
            ("san:0.0.1.scsi-36001405", None, None, "0.0.1.scsi-36001405"),
            ("san:0.0.1.scsi-36001405", Some(0), None, "0.0.1.scsi-36001405"),
        ] {
            let volume = volume(id, vmid);
            assert_eq!((volume.owner(), volume.name()), (owner, name), "{id}");
        }
    }
}
