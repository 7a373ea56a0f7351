//! Omni resources in normal form: what a file asks for and what a server answered, comparable with each other.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use crate::value::Value;

/// Prefix of all labels and annotations that belong to Omni.
pub const OMNI_PREFIX: &str = "omni.sidero.dev/";
/// Suffix of the full type names that plans touch.
pub const TYPE_SUFFIX: &str = ".omni.sidero.dev";

/// Identity of a resource. `kind` is the full type (`Clusters.omni.sidero.dev`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ResourceId {
    /// Full type name.
    #[serde(rename = "type")]
    pub kind: String,
    /// Namespace; the server does not default it.
    pub namespace: String,
    /// Id, unique within type and namespace.
    pub id: String,
}

impl ResourceId {
    /// A resource in the namespace `default`; `short` is the type without suffix (`Clusters`).
    pub fn default_ns(short: &str, id: &str) -> Self {
        Self { kind: format!("{short}{TYPE_SUFFIX}"), namespace: "default".into(), id: id.into() }
    }
    /// The type without the suffix `.omni.sidero.dev`.
    pub fn short_kind(&self) -> &str {
        self.kind.strip_suffix(TYPE_SUFFIX).unwrap_or(&self.kind)
    }
}

impl std::fmt::Display for ResourceId {
    /// `Clusters.omni.sidero.dev(default/x)`, as omnictl prints it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({}/{})", self.kind, self.namespace, self.id)
    }
}

/// User-owned content of a resource: identity, labels, annotations and spec.
///
/// `spec` uses the server's JSON field names (`snake_case`) with zero values left out, as the JSON gateway answers;
/// a message that is set but empty is an empty mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// Identity.
    #[serde(flatten)]
    pub id: ResourceId,
    /// Labels, exact.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations, exact.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Spec in normal form.
    pub spec: Value,
}

impl Resource {
    /// A resource without labels, annotations or spec fields.
    pub fn new(id: ResourceId) -> Self {
        Self { id, labels: BTreeMap::new(), annotations: BTreeMap::new(), spec: Value::map() }
    }
    /// The value of `omni.sidero.dev/<key>` among the labels.
    pub fn omni_label(&self, key: &str) -> Option<&str> {
        // A search without a text of its own: plans of thousands of machines ask this very often.
        let ours = self.labels.range::<str, _>((Bound::Included(OMNI_PREFIX), Bound::Unbounded));
        let mut ours = ours.map_while(|(name, value)| Some((name.strip_prefix(OMNI_PREFIX)?, value)));
        ours.find(|(name, _)| *name == key).map(|(_, value)| value.as_str())
    }
}

/// Where a resource is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Alive.
    #[default]
    Running,
    /// On its way out; it cannot be updated any more.
    TearingDown,
}

/// A resource as the server gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveResource {
    /// The comparable part. Unknown spec fields of newer servers are kept in it.
    #[serde(flatten)]
    pub resource: Resource,
    /// Counter raised by every write of anybody; only for the optimistic lock, never compared.
    pub version: u64,
    /// Phase.
    pub phase: Phase,
    /// Controller that owns it; empty for users' resources.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Names that block destruction; must be sent back on update.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
    /// RFC 3339 time of creation, as answered.
    #[serde(default)]
    pub created: String,
    /// RFC 3339 time of the last update, as answered.
    #[serde(default)]
    pub updated: String,
}
