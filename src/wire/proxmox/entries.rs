//! Rows of the lists that a plan reads. Unknown keys are ignored, since every release adds some.

use serde::Deserialize;

use super::loose;
use super::property::Property;

/// `GET /version`: of the node that was asked.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct VersionReply {
    /// Package version (`9.1.4`).
    #[serde(default, deserialize_with = "loose::text")]
    pub version: Option<String>,
}

/// A row of `GET /cluster/status`: the cluster itself, or a node as the node asked sees it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ClusterEntry {
    /// `cluster` or `node`. A stand-alone host has no `cluster` row.
    #[serde(rename = "type")]
    pub kind: String,
    /// Name.
    #[serde(default, deserialize_with = "loose::text")]
    pub name: Option<String>,
    /// Whether there is quorum (row `cluster`).
    #[serde(default, deserialize_with = "loose::flag")]
    pub quorate: Option<bool>,
    /// Whether the node is seen (row `node`).
    #[serde(default, deserialize_with = "loose::flag")]
    pub online: Option<bool>,
    /// Whether it is the node that answers (row `node`).
    #[serde(default, deserialize_with = "loose::flag")]
    pub local: Option<bool>,
}

/// A row of `GET /nodes`. Without `Sys.Audit` on the node, and while it is offline, the figures are absent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct NodeEntry {
    /// Name.
    pub node: String,
    /// `online`, `offline` or `unknown` (joined, no status yet).
    #[serde(default, deserialize_with = "loose::text")]
    pub status: Option<String>,
    /// Bytes of memory.
    #[serde(default, deserialize_with = "loose::number")]
    pub maxmem: Option<u64>,
    /// Bytes used.
    #[serde(default, deserialize_with = "loose::number")]
    pub mem: Option<u64>,
    /// CPU threads.
    #[serde(default, deserialize_with = "loose::number")]
    pub maxcpu: Option<u64>,
    /// SHA-256 of the node's certificate.
    #[serde(default, deserialize_with = "loose::text")]
    pub ssl_fingerprint: Option<String>,
}

/// A row of `GET /cluster/resources`; which keys are there depends on `kind`, and new kinds appear with releases.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ResourceEntry {
    /// `qemu`, `lxc`, `node`, `storage`, `pool`, `sdn`, `network`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// VMID of a guest.
    #[serde(default, deserialize_with = "loose::number")]
    pub vmid: Option<u64>,
    /// Node it is on.
    #[serde(default, deserialize_with = "loose::text")]
    pub node: Option<String>,
    /// Name; for a guest from the metrics, so absent while its node is down and for seconds after its creation.
    #[serde(default, deserialize_with = "loose::text")]
    pub name: Option<String>,
    /// `running`, `stopped`, `unknown`, `available`, …
    #[serde(default, deserialize_with = "loose::text")]
    pub status: Option<String>,
    /// Tags, separated by `;`.
    #[serde(default, deserialize_with = "loose::text")]
    pub tags: Option<String>,
    /// Lock held.
    #[serde(default, deserialize_with = "loose::text")]
    pub lock: Option<String>,
    /// CPU threads.
    #[serde(default, deserialize_with = "loose::number")]
    pub maxcpu: Option<u64>,
    /// Bytes of memory.
    #[serde(default, deserialize_with = "loose::number")]
    pub maxmem: Option<u64>,
    /// Bytes of disk.
    #[serde(default, deserialize_with = "loose::number")]
    pub maxdisk: Option<u64>,
}

/// A row of `GET /nodes/{node}/storage`. A storage restricted to other nodes is listed with `enabled: 0` and sizes 0.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StorageEntry {
    /// Storage id.
    pub storage: String,
    /// Plugin type (`rbd`, `lvmthin`, `dir`, …).
    #[serde(default, rename = "type", deserialize_with = "loose::text")]
    pub plugin: Option<String>,
    /// Content kinds, comma-separated, unordered.
    #[serde(default, deserialize_with = "loose::text")]
    pub content: Option<String>,
    /// Enabled for this node.
    #[serde(default, deserialize_with = "loose::flag")]
    pub enabled: Option<bool>,
    /// Working on this node.
    #[serde(default, deserialize_with = "loose::flag")]
    pub active: Option<bool>,
    /// Same data on every node.
    #[serde(default, deserialize_with = "loose::flag")]
    pub shared: Option<bool>,
    /// Bytes free.
    #[serde(default, deserialize_with = "loose::number")]
    pub avail: Option<u64>,
    /// Bytes in all.
    #[serde(default, deserialize_with = "loose::number")]
    pub total: Option<u64>,
}

/// A row of `GET /nodes/{node}/network`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct InterfaceEntry {
    /// Name.
    pub iface: String,
    /// `bridge`, `OVSBridge`, `vnet`, `eth`, `bond`, `vlan`, …
    #[serde(default, rename = "type", deserialize_with = "loose::text")]
    pub kind: Option<String>,
    /// Up; absent while it is down.
    #[serde(default, deserialize_with = "loose::flag")]
    pub active: Option<bool>,
    /// Whether a Linux bridge carries VLAN tags.
    #[serde(default, deserialize_with = "loose::flag")]
    pub bridge_vlan_aware: Option<bool>,
    /// VLANs that it carries (`2-4094`), separated by spaces, commas or semicolons.
    #[serde(default, deserialize_with = "loose::text")]
    pub bridge_vids: Option<String>,
    /// Whether a virtual network passes on tags of its guests.
    #[serde(default, deserialize_with = "loose::flag")]
    pub vlanaware: Option<bool>,
}

impl InterfaceEntry {
    /// Whether a network card of a guest can be put into it.
    pub fn is_bridge(&self) -> bool {
        matches!(self.kind.as_deref(), Some("bridge" | "OVSBridge" | "vnet"))
    }
    /// Whether guests may use tags there. An Open vSwitch is aware of tags by itself.
    pub fn carries_tags(&self) -> bool {
        self.kind.as_deref() == Some("OVSBridge")
            || self.bridge_vlan_aware.or(self.vlanaware).unwrap_or(false)
    }
}

/// `GET /nodes/{node}/dns`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct DnsReply {
    #[serde(default, deserialize_with = "loose::text")]
    dns1: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    dns2: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    dns3: Option<String>,
}

impl DnsReply {
    /// Name servers, in the order in which they are asked.
    pub fn servers(self) -> Vec<String> {
        let all = [self.dns1, self.dns2, self.dns3].into_iter().flatten();
        all.map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect()
    }
}

/// A row of `GET /cluster/mapping/pci`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct MappingEntry {
    /// Id.
    pub id: String,
    /// One property string a device: `node=hotel,path=0000:01:00.0,…`.
    #[serde(default)]
    pub map: Vec<String>,
}

impl MappingEntry {
    /// Nodes on which it has a device, sorted.
    pub fn nodes(&self) -> Vec<String> {
        let named = self.map.iter().filter_map(|m| Property::parse(m).options.remove("node"));
        named.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }
}

/// `GET /access/users/{user}/token/{name}`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct TokenReply {
    /// When it expires, in seconds since 1970; 0 never. Absent: with its user.
    #[serde(default, deserialize_with = "loose::number")]
    pub expire: Option<u64>,
}

/// A row of `GET /cluster/ha/resources`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct HaEntry {
    /// `vm:105`, `ct:200`.
    pub sid: String,
}

/// `GET /nodes/{node}/status`, as far as it is looked at.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct NodeStatusReply {
    /// Its processors.
    #[serde(default)]
    pub cpuinfo: Option<CpuInfo>,
}

/// Processors of a node.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct CpuInfo {
    /// Flags, separated by spaces.
    #[serde(default, deserialize_with = "loose::text")]
    pub flags: Option<String>,
}

/// A row of `GET /nodes/{node}/tasks`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct TaskEntry {
    /// Full id.
    pub upid: String,
    /// Kind (`qmdestroy`).
    #[serde(default, rename = "type", deserialize_with = "loose::text")]
    pub kind: Option<String>,
    /// What it was about.
    #[serde(default, deserialize_with = "loose::text")]
    pub id: Option<String>,
    /// User without the token's name.
    #[serde(default, deserialize_with = "loose::text")]
    pub user: Option<String>,
    /// Name of the token that started it.
    #[serde(default, deserialize_with = "loose::text")]
    pub tokenid: Option<String>,
    /// Began, in seconds since 1970.
    #[serde(default, deserialize_with = "loose::number")]
    pub starttime: Option<u64>,
    /// Ended, in seconds since 1970; absent while it runs.
    #[serde(default, deserialize_with = "loose::number")]
    pub endtime: Option<u64>,
    /// How it ended (`OK`); absent, or `RUNNING`, while it runs.
    #[serde(default, deserialize_with = "loose::text")]
    pub status: Option<String>,
}

/// A row of `GET /nodes/{node}/storage/{storage}/content`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct VolumeEntry {
    /// `storage:iso/name.iso`, `storage:vm-105-disk-0`.
    pub volid: String,
    /// VMID that it belongs to.
    #[serde(default, deserialize_with = "loose::number")]
    pub vmid: Option<u64>,
    /// Bytes.
    #[serde(default, deserialize_with = "loose::number")]
    pub size: Option<u64>,
    /// Bytes at most, in place of `size` where the storage cannot tell exactly.
    #[serde(default, rename = "approximate-size", deserialize_with = "loose::number")]
    pub approximate_size: Option<u64>,
}
