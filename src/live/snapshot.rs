//! One refresh of both back ends as plain data; serialisable, so that a plan can be replayed from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Evidence, Observation, Reason};
use crate::resource::LiveResource;

/// Everything one refresh saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Omni.
    pub omni: OmniSnapshot,
    /// Proxmox clusters by their name in the spec; empty where the spec names none or no token is there.
    pub proxmox: BTreeMap<String, ProxmoxSnapshot>,
}

/// What Omni answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OmniSnapshot {
    /// Origin asked (`https://host[:port]`).
    pub endpoint: String,
    /// `backend_version`, as answered (`v1.9.3`).
    pub version: Observation<String>,
    /// All resources of a type by full type name, sorted by namespace and id. One list request each.
    pub types: BTreeMap<String, Observation<Vec<LiveResource>>>,
}

impl OmniSnapshot {
    /// The observation of a type by its short name (`Clusters`).
    pub fn list(&self, short: &str) -> &[LiveResource] {
        self.types
            .get(&format!("{short}.omni.sidero.dev"))
            .and_then(Observation::known)
            .map_or(&[], Vec::as_slice)
    }
    /// Why a type could not be read, if it could not.
    pub fn unreadable(&self, short: &str) -> Option<&Reason> {
        self.types.get(&format!("{short}.omni.sidero.dev")).and_then(Observation::unknown)
    }
    /// The resource of a type and id, if it was seen.
    pub fn find(&self, short: &str, id: &str) -> Option<&LiveResource> {
        self.list(short).iter().find(|r| r.resource.id.id == id)
    }
}

/// What a Proxmox cluster answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProxmoxSnapshot {
    /// Origin that answered.
    pub endpoint: String,
    /// `version` of the node asked (`9.1.4`).
    pub version: Observation<String>,
    /// Whether the cluster has quorum, as the node asked sees it.
    pub quorate: Observation<bool>,
    /// Nodes by name order.
    pub nodes: Observation<Vec<PveNode>>,
    /// Guests (VMs and containers) by VMID. Known only when the token may see all of them (`VM.Audit` on `/vms`).
    pub guests: Observation<Vec<Guest>>,
    /// Storages as each node lists them, by node; empty when they were not asked for. Known only when the token may see all
    /// of them on that node.
    pub storages: BTreeMap<String, Observation<Vec<Storage>>>,
    /// Why nothing at all could be read; absent when an endpoint answered and accepted the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<ProxmoxFailure>,
    /// Who asked: the token without its secret (`user@realm!name`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Privileges of the token by access path, as the server lists them; the flag says whether they propagate to paths below.
    #[serde(default)]
    pub permissions: Observation<BTreeMap<String, BTreeMap<String, bool>>>,
    /// What a deeper look saw.
    #[serde(default, skip_serializing_if = "is_default")]
    pub evidence: Evidence,
}

fn is_default(evidence: &Evidence) -> bool {
    *evidence == Evidence::default()
}

impl ProxmoxSnapshot {
    /// A snapshot in which nothing is known, for one reason.
    pub fn unknown(endpoint: impl Into<String>, reason: &Reason) -> Self {
        Self {
            endpoint: endpoint.into(),
            version: Observation::Unknown(reason.clone()),
            quorate: Observation::Unknown(reason.clone()),
            nodes: Observation::Unknown(reason.clone()),
            guests: Observation::Unknown(reason.clone()),
            storages: BTreeMap::new(),
            failure: None,
            principal: None,
            permissions: Observation::Unknown(reason.clone()),
            evidence: Evidence::default(),
        }
    }
}

/// Why a Proxmox cluster could not be read at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ProxmoxFailure {
    /// No endpoint answered; one sentence per endpoint.
    Unreachable {
        /// Sentences for people, in the order of the endpoints.
        tried: Vec<String>,
    },
    /// A certificate is not the trusted one; nothing was sent.
    Untrusted {
        /// Which endpoint and why, for people.
        why: String,
        /// SHA-256 that was presented, to compare and paste.
        fingerprint: Option<String>,
    },
    /// The token is not accepted.
    Unauthenticated {
        /// With the likely causes, for people.
        why: String,
        /// Whether the server says that it got none at all.
        #[serde(default)]
        absent: bool,
    },
}

/// Whether a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeStatus {
    /// Up.
    Online,
    /// Down.
    Offline,
    /// Joined, but no status yet.
    Unknown,
}

/// A Proxmox node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PveNode {
    /// Name.
    pub name: String,
    /// Whether it runs.
    pub status: NodeStatus,
    /// Bytes of memory, absent without `Sys.Audit`.
    pub maxmem: Option<u64>,
    /// Bytes used, absent without `Sys.Audit` or while offline.
    pub mem: Option<u64>,
    /// CPU threads.
    pub maxcpu: Option<u64>,
}

/// What kind of guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuestKind {
    /// Virtual machine.
    Qemu,
    /// Container.
    Lxc,
}

/// A guest in the whole-cluster view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guest {
    /// VM or container.
    pub kind: GuestKind,
    /// VMID; re-used by Proxmox, so never an identity by itself.
    pub vmid: u32,
    /// Node it is on.
    pub node: String,
    /// Name; absent without fresh metrics.
    pub name: Option<String>,
    /// `running`, `stopped`, `unknown`, …
    pub status: String,
    /// Tags, lower case, sorted.
    pub tags: Vec<String>,
    /// CPU threads configured.
    pub maxcpu: Option<u64>,
    /// Bytes of memory configured.
    pub maxmem: Option<u64>,
    /// Bytes of boot disk.
    pub maxdisk: Option<u64>,
    /// Lock held (`backup`, `migrate`, …).
    pub lock: Option<String>,
}

impl Guest {
    /// Whether an infrastructure provider made it for a machine request, whose name it then bears.
    pub fn made_by_provider(&self) -> bool {
        self.kind == GuestKind::Qemu && self.tags.iter().any(|t| t.starts_with("machine-request."))
    }
}

/// A storage as one node lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Storage {
    /// Storage id.
    pub name: String,
    /// Plugin type (`rbd`, `lvmthin`, `dir`, …).
    pub plugin: String,
    /// Content kinds, sorted (`images`, `iso`, …).
    pub content: Vec<String>,
    /// Enabled for this node.
    pub enabled: bool,
    /// Working on this node.
    pub active: bool,
    /// Same data on every node.
    pub shared: bool,
    /// Bytes free; 0 when inactive.
    pub avail: u64,
    /// Bytes in all; 0 when inactive.
    pub total: u64,
}
