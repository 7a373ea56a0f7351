//! Rows of the lists that a plan reads. Unknown keys are ignored, since every release adds some.

use serde::Deserialize;

use super::loose;

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
