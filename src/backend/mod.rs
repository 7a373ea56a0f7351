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
}

/// How much of a Proxmox cluster is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Nodes, guests, quorum, version, permissions: one round of requests, however many nodes there are.
    Cluster,
    /// Also what storages each node lists: a second round, one request for each node that is online.
    Storages,
}
