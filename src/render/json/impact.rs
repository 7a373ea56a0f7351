//! What a plan does to machines, as JSON: machines that a step touches, and etcd's voters through a wave.

use schemars::JsonSchema;
use serde::Serialize;

use crate::kinds::Effect;
use crate::plan::{Affected, EtcdVoters};

/// A machine that a step touches.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AffectedView {
    /// Machine request or UUID; null if Omni chooses and nothing can be predicted.
    pub machine: Option<String>,
    /// Address of its machine set.
    pub machine_set: Option<String>,
    /// `node/vmid`, if known.
    pub vm: Option<String>,
    /// What happens to it.
    pub effect: Effect,
    /// Whether somebody else chooses, or the effect is not proved.
    pub predicted: bool,
}

impl From<&Affected> for AffectedView {
    fn from(a: &Affected) -> Self {
        Self {
            machine: a.machine.clone(),
            machine_set: a.machine_set.as_ref().map(ToString::to_string),
            vm: a.vm.clone(),
            effect: a.effect,
            predicted: a.predicted,
        }
    }
}

/// Voters of one cluster's etcd through a wave.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EtcdView {
    /// The cluster.
    pub cluster: String,
    /// Members before the wave.
    pub before: u32,
    /// Members after it.
    pub after: u32,
    /// Healthy members before the wave; null if that was not seen.
    pub healthy: Option<u32>,
    /// Fewest healthy members while the wave runs, control planes taken one at a time; null if `healthy` is.
    pub lowest: Option<u32>,
    /// Healthy members that etcd needs at the worst moment of the wave.
    pub quorum: u32,
}

impl From<&EtcdVoters> for EtcdView {
    fn from(e: &EtcdVoters) -> Self {
        Self {
            cluster: e.cluster.to_string(),
            before: e.before,
            after: e.after,
            healthy: e.healthy,
            lowest: e.lowest,
            quorum: e.quorum,
        }
    }
}
