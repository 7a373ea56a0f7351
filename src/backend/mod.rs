//! The two back ends as the engine sees them. Planning is handed readers only; nothing in `plan` can reach a writer.

pub mod omni;
mod outcome;
mod proxmox;
mod storage_list;

pub use omni::OmniBackend;
pub use outcome::{Outcome, Refusal};
pub use proxmox::ProxmoxApi;
pub use storage_list::listed_storages;

use crate::live::{Observation, ProxmoxSnapshot};
use crate::resource::{LiveResource, Resource, ResourceId};
use crate::world::BoxFuture;

/// Reads Omni.
pub trait OmniReader: Send + Sync {
    /// Origin that is asked.
    fn endpoint(&self) -> &str;
    /// `backend_version` of the server (`v1.9.3`).
    fn version(&self) -> BoxFuture<'_, Observation<String>>;
    /// All resources of a full type in a namespace; one request. `Absent`: this server does not know the type.
    fn list<'a>(&'a self, kind: &'a str, namespace: &'a str)
    -> BoxFuture<'a, Observation<Vec<LiveResource>>>;
    /// One resource. `Absent` only on the object's own 404.
    fn get<'a>(&'a self, id: &'a ResourceId) -> BoxFuture<'a, Observation<LiveResource>>;
}

/// Writes Omni. Every call ends in exactly one [`Outcome`]; nothing is retried after `Unknown`.
pub trait OmniWriter: OmniReader {
    /// Creates. `Refused` with [`Refusal::Exists`] when the id is taken.
    fn create<'a>(&'a self, resource: &'a Resource) -> BoxFuture<'a, Outcome<()>>;
    /// Replaces spec, labels and annotations of `live` by `after`'s; version and finalizers are sent as just read.
    fn update<'a>(&'a self, live: &'a LiveResource, after: &'a Resource) -> BoxFuture<'a, Outcome<()>>;
    /// Asks for destruction; returns at once. Missing is done.
    fn teardown<'a>(&'a self, id: &'a ResourceId) -> BoxFuture<'a, Outcome<()>>;
}

/// Reads one Proxmox cluster.
pub trait ProxmoxReader: Send + Sync {
    /// Name in the spec.
    fn name(&self) -> &str;
    /// Looks at the cluster, concurrently within the server's limits.
    fn snapshot(&self, depth: Depth) -> BoxFuture<'_, ProxmoxSnapshot>;
    /// Adds to a snapshot of depth [`Depth::Preflight`] what [`Depth::Doctor`] has besides, of all VMs that providers made and of
    /// those that they recorded. Asks the endpoint that answered then.
    fn examine<'a>(
        &'a self,
        seen: ProxmoxSnapshot,
        recorded: &'a [RecordedVm],
    ) -> BoxFuture<'a, ProxmoxSnapshot>;
    /// Adds the tasks of these guests, each by the node whose log is read and its VMID.
    fn histories<'a>(
        &'a self,
        seen: ProxmoxSnapshot,
        guests: &'a [(String, u32)],
    ) -> BoxFuture<'a, ProxmoxSnapshot>;
}

/// A VM as its provider recorded it. It need not be there any more, nor on that node, nor be the same VM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedVm {
    /// Node that was chosen.
    pub node: String,
    /// VMID.
    pub vmid: u32,
    /// Identity, lower case.
    pub uuid: Option<String>,
    /// Ids of tasks whose end is wanted: of a machine that does not get on.
    pub tasks: Vec<String>,
}

/// How much of a Proxmox cluster is read; each has what those before it have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Nodes, guests, quorum, version, permissions: one round of requests, however many nodes there are.
    Cluster,
    /// Also what storages each node lists: a second round, one request for each node that is online.
    Storages,
    /// Also what new machines need: members, bridges, resolvers, PCI mappings, expiry of the token. Two requests more, and three
    /// for each node in place of one.
    Preflight,
    /// Also what became of machines: configuration and run state of the VMs that providers made, high availability, processors,
    /// ISO images, and the tasks of VMs that are gone or otherwise than recorded. Three requests for each VM.
    Doctor,
}
