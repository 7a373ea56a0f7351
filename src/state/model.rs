//! The record as plain data.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::{Address, Glob};
use crate::resource::{Resource, ResourceId};
use crate::spec::Thresholds;

/// Version of the record's format; newer ones are refused, older ones migrated.
pub const FORMAT: u32 = 1;

/// What we remember of one Omni instance and spec.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`FORMAT`].
    pub format: u32,
    /// Identity of this chain of records; never changes.
    pub lineage: String,
    /// Raised by every write; with the lineage the compare-and-set key.
    pub serial: u64,
    /// Omni origin that this record belongs to.
    pub omni: String,
    /// What we made or adopted.
    pub entries: BTreeMap<Address, Entry>,
    /// Saved plans that were applied, by the SHA-256 of their file, kept until they would have expired anyway.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub used: BTreeMap<String, Used>,
    /// What `lifecycle.protect` held when the last apply was complete: protection does not end in the change that needs its end.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub protect: BTreeSet<Glob>,
    /// What the spec's policy said when the last apply was complete: a change is judged by it until an apply takes the change in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<KeptPolicy>,
}

/// What the spec said of what plans may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptPolicy {
    /// `policy.thresholds`.
    pub thresholds: Thresholds,
    /// `policy.versions.together`, as written.
    pub together: Option<String>,
    /// `policy.etcd_backup_max_age`, seconds.
    pub etcd_backup_max_age: Option<u64>,
    /// `policy.stateful`.
    pub stateful: BTreeSet<Glob>,
    /// `policy.exceptions`.
    pub exceptions: BTreeSet<KeptException>,
    /// `policy.rules` by name.
    pub rules: BTreeMap<String, KeptRule>,
    /// Assertions of `locked_decisions` by key.
    pub decisions: BTreeMap<String, String>,
    /// Phases with resources, by key.
    pub gates: BTreeMap<String, KeptGate>,
    /// `lifecycle.protect`.
    pub protect: BTreeSet<Glob>,
    /// `lifecycle.retain`.
    pub retain: BTreeSet<Glob>,
    /// Whether `clusters.prune` was `template`.
    pub prune_like_sync: bool,
}

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeptException {
    /// The guard's code, or `rule NAME`.
    pub of: String,
    /// Where it lifts that.
    pub address: Glob,
    /// Unix seconds from which it does not hold.
    pub until: i64,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRule {
    /// `deny`, `warn` or `info`.
    pub severity: String,
    /// Its condition, as written.
    pub assert: String,
    /// Which steps it is about.
    pub applies_to: Option<Glob>,
}

/// One phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptGate {
    /// What belonged to it.
    pub resources: BTreeSet<Glob>,
    /// Conditions of its exit criteria, as written.
    pub checks: BTreeSet<String>,
}

/// That a saved plan was applied: it is good for one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The run.
    pub run: String,
    /// Unix time in seconds at which it began.
    pub at: i64,
    /// Unix time in seconds from which the plan would not have been good any more.
    pub expires: i64,
}

/// One thing that we made or adopted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Identity in Omni; `None` for things that are only observed (container, files).
    pub id: Option<ResourceId>,
    /// Normal form that we last applied; secrets as keyed digests.
    pub applied: Option<Resource>,
    /// How it came to be ours.
    pub origin: Origin,
}

/// How something came to be ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// We created it.
    Created,
    /// It was there and is declared.
    Adopted,
}

impl Record {
    /// An empty record of a new lineage.
    pub fn new(lineage: impl Into<String>, omni: impl Into<String>) -> Self {
        Self {
            format: FORMAT,
            lineage: lineage.into(),
            serial: 0,
            omni: omni.into(),
            entries: BTreeMap::new(),
            used: BTreeMap::new(),
            protect: BTreeSet::new(),
            policy: None,
        }
    }
}
