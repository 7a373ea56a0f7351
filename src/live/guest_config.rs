//! The configuration of one VM, as far as a rule looks at it. What could be secret (cloud-init passwords and keys, raw
//! arguments, notes) is never taken up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Reason;

/// Configuration of a VM. Property strings are taken apart; their order says nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GuestConfig {
    /// Node on which it was found.
    pub node: String,
    /// Name.
    pub name: Option<String>,
    /// `uuid` of `smbios1`, lower case: the machine's identity in Omni.
    pub uuid: Option<String>,
    /// When the VM was made, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// Tags, lower case, sorted.
    pub tags: Vec<String>,
    /// Whether it has snapshots, which may use disks that the configuration does not name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub snapshots: bool,
    /// Plain values by key, as text: `cores`, `sockets`, `memory` (MiB), `balloon`, `cpu`, `machine`, `bios`, `scsihw`, `numa`,
    /// `hugepages`, `onboot`, `agent`, `protection`, `lock`, `boot`, `template`, `kvm`, `vcpus`, `cpulimit`, `vga`. What is absent
    /// has Proxmox's default.
    pub plain: BTreeMap<String, String>,
    /// Devices by slot (`scsi0`, `ide2`, `net0`, `hostpci0`, `efidisk0`).
    pub devices: BTreeMap<String, Device>,
    /// Keys whose change takes effect at the next power cycle, sorted. The values above are those that it will have then.
    pub pending: Vec<String>,
    /// Why it is not known what waits; then `pending` is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_unknown: Option<Reason>,
}

/// A property string: what stands first, and the rest by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The part without a key: `local-lvm:vm-101-disk-0` of a disk, `virtio=BC:24:…` is kept as `virtio` of a NIC.
    pub main: String,
    /// Options by key (`size`, `bridge`, `tag`, `firewall`, `ssd`, `discard`, `mapping`, `media`).
    pub options: BTreeMap<String, String>,
}

impl Device {
    /// Storage of a disk or ISO: what stands before the colon.
    pub fn storage(&self) -> Option<&str> {
        self.main.split_once(':').map(|(storage, _)| storage)
    }
    /// `size` in bytes (`100G`, `4M`, `512K`, plain bytes).
    pub fn size(&self) -> Option<u64> {
        let text = self.options.get("size")?;
        let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let factor = match unit {
            "" => 1,
            "K" => 1 << 10,
            "M" => 1 << 20,
            "G" => 1 << 30,
            "T" => 1_u64 << 40,
            _ => return None,
        };
        digits.parse::<u64>().ok()?.checked_mul(factor)
    }
}
