//! What a review knows besides the plan and its inputs: the time, the spec's policy, and what somebody allowed by hand.

use serde::{Deserialize, Serialize};

use super::overrides::Override;
use crate::address::Glob;
use crate::diag::Sources;
use crate::spec::{self, Excepted, Thresholds, Together};
use crate::state::model::KeptPolicy;

/// Everything around a review, as values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Circumstances {
    /// Now, Unix seconds.
    pub now: i64,
    /// Whether this is a pipeline, where nobody can be asked.
    pub ci: bool,
    /// `policy` of the spec.
    pub settings: Settings,
    /// What was allowed on the command line.
    pub overrides: Vec<Override>,
    /// What the record will keep of the spec once this is applied; it is compared with what it keeps now.
    pub now_kept: Option<KeptPolicy>,
}

/// `policy` of the spec, with its places in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// How much one plan may take away.
    pub thresholds: Thresholds,
    /// What the spec says of versions that change together; `None` where it says nothing.
    #[serde(with = "together")]
    pub together: Option<Together>,
    /// Seconds that the last backup of etcd may be old; `None` where the spec says nothing.
    pub etcd_backup_max_age: Option<u64>,
    /// What holds data on its own disks, whatever Omni tells.
    pub stateful: Vec<Glob>,
    /// What is lifted for a while.
    pub exceptions: Vec<Exception>,
}

/// `policy.exceptions[]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// The guard that it lifts; `None` for one of a rule.
    #[serde(default)]
    pub guard: Option<String>,
    /// The rule that it lifts; `None` for one of a guard.
    #[serde(default)]
    pub rule: Option<String>,
    /// Where.
    pub address: Glob,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when, as written.
    pub expires: String,
    /// The same as Unix seconds.
    pub expires_unix: i64,
    /// Place in the spec (`path:line`).
    pub source: String,
}

impl Settings {
    /// The settings of a spec; the defaults where it says nothing.
    pub fn of(policy: Option<&spec::Policy>, sources: &Sources) -> Self {
        let Some(policy) = policy else { return Self::default() };
        let exceptions = policy.exceptions.iter().map(|e| {
            let (guard, rule) = match &e.of {
                Excepted::Guard(code) => (Some(code.clone()), None),
                Excepted::Rule(name) => (None, Some(name.clone())),
            };
            Exception {
                guard,
                rule,
                address: e.address.clone(),
                owner: e.owner.clone(),
                reason: e.reason.clone(),
                expires: e.expires.clone(),
                expires_unix: e.expires_unix,
                source: e.place.show(sources),
            }
        });
        Self {
            thresholds: policy.thresholds,
            together: policy.together,
            etcd_backup_max_age: policy.etcd_backup_max_age,
            stateful: policy.stateful.clone(),
            exceptions: exceptions.collect(),
        }
    }
}

/// The word of the spec.
mod together {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::spec::Together;

    #[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
    pub(super) fn serialize<S: Serializer>(value: &Option<Together>, s: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(Together::Split) => s.serialize_some("split"),
            Some(Together::Allow) => s.serialize_some("allow"),
            None => s.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Together>, D::Error> {
        match Option::<String>::deserialize(d)?.as_deref() {
            None => Ok(None),
            Some("split") => Ok(Some(Together::Split)),
            Some("allow") => Ok(Some(Together::Allow)),
            Some(other) => Err(serde::de::Error::unknown_variant(other, &["split", "allow"])),
        }
    }
}
