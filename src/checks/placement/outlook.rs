//! What new machines will make of nodes and storages, as plain data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Address;

/// Where new machines will be, how full nodes and storages are then, and what the loss of a node costs. Where a machine lands
/// is the provider's choice and is predicted. Names from outside are harmless to print.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outlook {
    /// New machines, in the order in which they are made.
    pub machines: Vec<Batch>,
    /// Nodes of the Proxmox clusters that get some.
    pub nodes: Vec<NodeRoom>,
    /// Storages that get disks.
    pub storages: Vec<StorageRoom>,
    /// What the loss of one node costs each cluster.
    pub clusters: Vec<Survival>,
    /// Where the providers themselves run.
    pub providers: Vec<ProviderAt>,
}

impl Outlook {
    /// Whether there is nothing to tell: no machine is made.
    pub fn is_empty(&self) -> bool {
        self.machines.is_empty()
    }
    /// New machines in all.
    pub fn count(&self) -> u32 {
        self.machines.iter().map(|b| b.count).fold(0, u32::saturating_add)
    }
}

/// How sure it is where a machine will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// On the node that its class names.
    Pinned,
    /// On the node that the provider would choose now.
    Predicted,
    /// The provider fails, and tries again for as long as this stays so.
    Fails,
    /// Not known.
    Unknown,
}

/// New machines of one set that fare alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Batch {
    /// Machine set.
    #[schemars(with = "String")]
    pub set: Address,
    /// Class.
    pub class: String,
    /// Proxmox cluster; null where that is not known.
    pub proxmox: Option<String>,
    /// How many.
    pub count: u32,
    /// Bytes of memory each.
    pub memory: u64,
    /// Node that the class names.
    pub pinned: Option<String>,
    /// How sure it is.
    pub fate: Fate,
    /// Node; null where it is not known.
    pub node: Option<String>,
    /// Why it fails or is not known.
    pub why: Option<String>,
    /// Where and how the provider fails, in its own words; null where nothing is seen that would stop it.
    pub failure: Option<Failure>,
}

/// Steps of the provider, by the names that it logs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum Step {
    /// A node is chosen.
    #[serde(rename = "pickNode")]
    PickNode,
    /// The image is downloaded to the node.
    #[serde(rename = "uploadISO")]
    UploadIso,
    /// The VM is made.
    #[serde(rename = "syncVM")]
    SyncVm,
    /// The VM is started.
    #[serde(rename = "startVM")]
    StartVm,
}

impl Step {
    /// Its name in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::PickNode => "pickNode",
            Self::UploadIso => "uploadISO",
            Self::SyncVm => "syncVM",
            Self::StartVm => "startVM",
        }
    }
}

/// Where and how the provider fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Failure {
    /// Step.
    pub step: Step,
    /// What it logs, harmless to print.
    pub error: String,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeRoom {
    /// Proxmox cluster.
    pub proxmox: String,
    /// Node.
    pub node: String,
    /// Machines that it gets.
    pub new: u32,
    /// Memory in bytes; null where the node does not tell it.
    pub memory: Option<Room>,
    /// Processor threads that are promised to guests that run; the limit is what the node has, and going over it is slow, not
    /// wrong. Null where guests or threads are not known.
    pub cores: Option<Room>,
}

/// How much of something is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Room {
    /// Now.
    pub before: u64,
    /// With the new machines.
    pub after: u64,
    /// What there is.
    pub limit: u64,
}

impl Room {
    /// Whether the new machines take more than `percent` of what there is.
    pub fn over(&self, percent: u128) -> bool {
        u128::from(self.after) * 100 > u128::from(self.limit) * percent
    }
}

/// A storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StorageRoom {
    /// Proxmox cluster.
    pub proxmox: String,
    /// Storage.
    pub storage: String,
    /// Node that it belongs to; null where all nodes share it.
    pub node: Option<String>,
    /// Whether a disk takes its whole size at once; else it takes what is written to it.
    pub thick: bool,
    /// New disks.
    pub disks: u32,
    /// Bytes, with the new disks at their full size.
    pub bytes: Room,
}

/// What the loss of one node costs a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Survival {
    /// Cluster.
    #[schemars(with = "String")]
    pub cluster: Address,
    /// As it is.
    pub now: Stand,
    /// With the new machines.
    pub after: Stand,
}

/// The machines of a cluster, and what is left of them without one node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stand {
    /// Control planes.
    pub control_planes: u32,
    /// Workers.
    pub workers: u32,
    /// Control planes whose node is not known.
    pub unplaced: u32,
    /// Control planes on nodes that are offline already.
    pub down: u32,
    /// What is left without each node that carries a machine, worst first; machines on nodes that are offline already are not
    /// left.
    pub without: Vec<Without>,
}

/// A cluster without one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Without {
    /// Proxmox cluster.
    pub proxmox: String,
    /// Node.
    pub node: String,
    /// Control planes that are left.
    pub control_planes: u32,
    /// Workers that are left.
    pub workers: u32,
    /// Whether etcd keeps its majority.
    pub etcd: bool,
}

impl Stand {
    /// The node whose loss costs etcd its majority, where there is one.
    pub fn fatal(&self) -> Option<&Without> {
        self.without.iter().find(|w| !w.etcd)
    }
}

/// The container of a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProviderAt {
    /// Provider.
    pub provider: String,
    /// Proxmox cluster.
    pub proxmox: String,
    /// Node on which its container is.
    pub node: String,
}
