//! What the files ask for, by address: the input of the graph and of the planner.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DesiredPhase, Lifecycle, Removal};
use crate::address::Address;
use crate::resource::Resource;

/// Everything that the files declare, in normal form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Desired {
    /// Infrastructure providers, as the spec names them.
    #[serde(default)]
    pub providers: Vec<DesiredProvider>,
    /// Machine classes (`class/ID`).
    #[serde(default)]
    pub classes: Vec<DesiredResource>,
    /// Clusters, each with everything below it.
    #[serde(default)]
    pub clusters: Vec<DesiredCluster>,
    /// SHA-256 of the files read, hex.
    #[serde(default)]
    pub files_digest: String,
    /// What is protected, retained and moved.
    #[serde(default, skip_serializing_if = "Lifecycle::is_empty")]
    pub lifecycle: Lifecycle,
    /// Phases that name resources, in the order in which they are done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<DesiredPhase>,
    /// What a person asked to destroy, whatever the files say; nothing else is planned then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removal: Option<Removal>,
}

/// An infrastructure provider that the spec names. The tool does not create providers; it checks that they are there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DesiredProvider {
    /// Provider id in Omni, case-sensitive.
    pub id: String,
    /// Name of the Proxmox cluster in the spec that it provisions on; `None` for other providers.
    #[serde(default)]
    pub proxmox: Option<String>,
    /// Whether the spec declares its container.
    #[serde(default)]
    pub container: bool,
    /// VMID of that container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_vmid: Option<u32>,
    /// Whether the spec declares its files (`compose`).
    #[serde(default)]
    pub files: bool,
    /// Release that the tag of its image tells, by major and minor number; 0.0 is older than any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<(u64, u64)>,
    /// Where it is declared (`path:line`).
    #[serde(default)]
    pub source: Option<String>,
}

/// One Omni resource that the files ask for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DesiredResource {
    /// Address in plan, record and output.
    pub address: Address,
    /// Normal form.
    pub resource: Resource,
    /// Where it is declared (`path:line`).
    #[serde(default)]
    pub source: Option<String>,
}

/// How something that the files no longer name is treated (`clusters.prune`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prune {
    /// Destroyed only if the record says that we made or adopted it.
    #[default]
    Record,
    /// The rule of `omnictl cluster template sync`: everything of the cluster that the template does not name goes, and
    /// labels and annotations are exact sets.
    Template,
}

/// One cluster template, rendered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DesiredCluster {
    /// Cluster name.
    pub name: String,
    /// What happens to what the template no longer names.
    #[serde(default)]
    pub prune: Prune,
    /// The cluster and everything below it, in the order of the rendered template.
    pub resources: Vec<DesiredResource>,
    /// Where the class of a machine set is named (`path:line:column`), by the set's address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub class_places: BTreeMap<Address, String>,
}
