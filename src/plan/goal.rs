//! Goals as predicates on live state: reached, or what is in the way.
//!
//! "Up" asks for counts, versions and configuration of every machine and not for one `ready` flag: the flag flickers during
//! rollouts, lingers after a write, and never comes where the patches leave no CNI. The planner asks once, of its snapshot,
//! whether something is still to be waited for; apply asks again and again.

use std::collections::BTreeMap;

use super::Goal;
use super::facts::{ClusterFacts, Wanted};
use crate::live::{Observation, OmniSnapshot};
use crate::resource::{LiveResource, OMNI_PREFIX, Phase, TYPE_SUFFIX};
use crate::untrusted::Untrusted;
use crate::value::Value;

/// Where a goal stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GoalState {
    /// There; with facts that a person should know.
    Reached(Vec<String>),
    /// Not yet: who or what is in the way.
    Waiting(String),
    /// Not yet, and it does not look as if it will be: who or what failed. Some failures heal by themselves.
    Failing(String),
}

/// The goal of a cluster that is to be as its template asks. Sets of all machines of a class have no count to wait for.
pub fn of_cluster(cluster: &str, facts: &ClusterFacts) -> Goal {
    let counted = facts.sets.iter().filter_map(|(id, set)| match set.wanted {
        Wanted::Count(n) => Some((id.clone(), n)),
        Wanted::Unlimited => None,
    });
    Goal::ClusterUp {
        cluster: cluster.to_owned(),
        machine_sets: counted.collect(),
        kubernetes: facts.kubernetes.clone(),
        talos: facts.talos.clone(),
        ready: facts.cni,
    }
}

/// Types that a goal looks at, with their namespaces.
pub fn types(goal: &Goal) -> &'static [(&'static str, &'static str)] {
    match goal {
        Goal::ClusterUp { .. } => &[
            ("ClusterStatuses", "default"),
            ("ClusterBootstrapStatuses", "default"),
            ("MachineSetStatuses", "default"),
            ("ClusterMachineStatuses", "default"),
            ("ClusterMachineRequestStatuses", "default"),
            ("MachineStatuses", "default"),
            ("TalosUpgradeStatuses", "default"),
            ("KubernetesUpgradeStatuses", "default"),
        ],
        Goal::MachinesGone { .. } => {
            &[("MachineRequests", "infra-provider"), ("ClusterMachineStatuses", "default")]
        }
    }
}

/// What is in the way of a goal; none if it is reached, or if not everything that it looks at was seen: then nobody can tell.
pub(super) fn blocker(goal: &Goal, seen: &OmniSnapshot) -> Option<String> {
    let told = types(goal).iter().all(|(short, _)| {
        matches!(seen.types.get(&format!("{short}{TYPE_SUFFIX}")), Some(Observation::Known(_)))
    });
    match goal_state(goal, seen) {
        GoalState::Waiting(why) | GoalState::Failing(why) if told => Some(why),
        GoalState::Waiting(_) | GoalState::Failing(_) | GoalState::Reached(_) => None,
    }
}

/// Decides where a goal stands.
pub fn goal_state(goal: &Goal, seen: &OmniSnapshot) -> GoalState {
    for (short, _) in types(goal) {
        if let Some(reason) = seen.unreadable(short) {
            return GoalState::Waiting(format!("{short} cannot be read: {}", reason.0));
        }
    }
    match goal {
        Goal::ClusterUp { cluster, machine_sets, kubernetes, talos, ready } => {
            ClusterUp { cluster, machine_sets, kubernetes, talos, ready: *ready, seen }.state()
        }
        Goal::MachinesGone { machine_set, machines } => machines_gone(machine_set, *machines, seen),
    }
}

/// A cluster runs again seconds before the last VM is gone, so that only the machine requests tell.
fn machines_gone(set: &str, stay: u32, seen: &OmniSnapshot) -> GoalState {
    let requests: Vec<_> =
        labelled(seen, "MachineRequests", "machine-request-set", set).map(|r| &r.resource.id.id).collect();
    let machines = labelled(seen, "ClusterMachineStatuses", "machine-set", set).count();
    let stay = stay as usize;
    if requests.len() <= stay && machines <= stay {
        return GoalState::Reached(Vec::new());
    }
    let left = requests.len().max(machines) - stay;
    let leaving = labelled(seen, "MachineRequests", "machine-request-set", set)
        .filter(|r| r.phase == Phase::TearingDown)
        .map(|r| line(&r.resource.id.id))
        .next()
        .map_or(String::new(), |id| format!(", now `{id}`"));
    GoalState::Waiting(format!(
        "{left} {} of `{set}` still to go{leaving}",
        plural(left, "machine", "machines")
    ))
}

struct ClusterUp<'a> {
    cluster: &'a str,
    machine_sets: &'a BTreeMap<String, u32>,
    kubernetes: &'a str,
    talos: &'a str,
    ready: bool,
    seen: &'a OmniSnapshot,
}

const RUNNING: i128 = 3;
const STAGE_RUNNING: i128 = 4;
const STAGE_REQUEST_FAILED: i128 = 5;
const APPLY_FAILED: i128 = 3;
const UPGRADE_DONE: i128 = 2;
const UPGRADE_FAILED: i128 = 3;

impl ClusterUp<'_> {
    fn state(&self) -> GoalState {
        let Some(status) = self.seen.find("ClusterStatuses", self.cluster) else {
            return GoalState::Waiting("Omni has not taken up the cluster yet".to_owned());
        };
        if let Some(failing) = self.failed_requests() {
            return failing;
        }
        let (up, wanted) = self.count();
        for (set, count) in self.machine_sets {
            if let Some(state) = self.machine_set(set, *count, up, wanted) {
                return state;
            }
        }
        let bootstrapped = self
            .seen
            .find("ClusterBootstrapStatuses", self.cluster)
            .is_some_and(|b| b.resource.spec.get("bootstrapped").and_then(Value::as_bool) == Some(true));
        if !bootstrapped {
            return GoalState::Waiting("etcd is not bootstrapped yet".to_owned());
        }
        let held = self.held();
        if let Some(state) = self.talos(&held) {
            return state;
        }
        if let Some(state) = self.kubernetes(&held) {
            return state;
        }
        let spec = &status.resource.spec;
        if int(spec, &["phase"]) != RUNNING {
            return GoalState::Waiting(format!("the cluster is {}", phase(int(spec, &["phase"]))));
        }
        if self.ready && spec.get("ready").and_then(Value::as_bool) != Some(true) {
            return GoalState::Waiting("the cluster is not ready yet".to_owned());
        }
        GoalState::Reached(
            held.iter()
                .map(|m| format!("machine `{}` is locked: its update waits for the unlock", line(m)))
                .collect(),
        )
    }

    /// Machines that are up, of those that are wanted.
    fn count(&self) -> (usize, usize) {
        let wanted = self.machine_sets.values().map(|n| *n as usize).sum();
        let up = labelled(self.seen, "ClusterMachineStatuses", "cluster", self.cluster)
            .filter(|m| int(&m.resource.spec, &["stage"]) == STAGE_RUNNING && self.connected(m))
            .count();
        (up, wanted)
    }

    fn connected(&self, machine: &LiveResource) -> bool {
        machine.resource.labels.contains_key(&format!("{OMNI_PREFIX}connected"))
            || self
                .seen
                .find("MachineStatuses", &machine.resource.id.id)
                .is_some_and(|m| m.resource.spec.get("connected").and_then(Value::as_bool) == Some(true))
    }

    /// Machines whose updates a lock holds back: not an error, and no reason to wait.
    fn held(&self) -> Vec<&str> {
        labelled(self.seen, "ClusterMachineStatuses", "cluster", self.cluster)
            .filter(|m| m.resource.labels.contains_key(&format!("{OMNI_PREFIX}locked-update")))
            .map(|m| m.resource.id.id.as_str())
            .collect()
    }

    /// A provider reports a failed step once more after a second and then leaves it, while the machine set says nothing.
    fn failed_requests(&self) -> Option<GoalState> {
        let failed = labelled(self.seen, "ClusterMachineRequestStatuses", "cluster", self.cluster)
            .find(|r| int(&r.resource.spec, &["stage"]) == STAGE_REQUEST_FAILED)?;
        let why = text(&failed.resource.spec, "error")
            .or_else(|| text(&failed.resource.spec, "status"))
            .unwrap_or_else(|| "no reason given".to_owned());
        Some(GoalState::Failing(format!(
            "the provider cannot make machine request `{}`: {why}",
            line(&failed.resource.id.id)
        )))
    }

    fn machine_set(&self, set: &str, wanted: u32, up: usize, all: usize) -> Option<GoalState> {
        let progress = format!("{up} of {all} {} up", plural(all, "machine", "machines"));
        let waiting = |why: String| Some(GoalState::Waiting(format!("{progress}; {why}")));
        let Some(status) = self.seen.find("MachineSetStatuses", set) else {
            return waiting(format!("Omni has not taken up `{set}` yet"));
        };
        let spec = &status.resource.spec;
        if let Some(error) = text(spec, "error") {
            return Some(GoalState::Failing(format!("`{set}`: {error}")));
        }
        let wanted = i128::from(wanted);
        let (requested, total) = (int(spec, &["machines", "requested"]), int(spec, &["machines", "total"]));
        if requested != wanted || total != wanted {
            return waiting(self.provisioning(set).unwrap_or_else(|| {
                format!("`{set}` has {total} of {wanted} {}", plural(wanted as usize, "machine", "machines"))
            }));
        }
        let machines: Vec<_> = labelled(self.seen, "ClusterMachineStatuses", "machine-set", set).collect();
        if machines.len() as i128 != wanted {
            let noun = plural(wanted as usize, "machine", "machines");
            return waiting(format!("`{set}` has {} of {wanted} {noun}", machines.len()));
        }
        for machine in machines {
            let (id, spec) = (line(&machine.resource.id.id), &machine.resource.spec);
            let stage = int(spec, &["stage"]);
            if stage != STAGE_RUNNING {
                return waiting(format!("`{id}` of `{set}` is {}", self::stage(stage)));
            }
            if !self.connected(machine) {
                return waiting(format!("`{id}` of `{set}` is not connected"));
            }
            if machine.resource.labels.contains_key(&format!("{OMNI_PREFIX}locked-update")) {
                continue;
            }
            if int(spec, &["config_apply_status"]) == APPLY_FAILED {
                let why = text(spec, "last_config_error").unwrap_or_else(|| "no reason given".to_owned());
                return Some(GoalState::Failing(format!("`{id}` does not take its configuration: {why}")));
            }
            if spec.get("config_up_to_date").and_then(Value::as_bool) != Some(true) {
                return waiting(format!("`{id}` of `{set}` does not have its configuration yet"));
            }
        }
        if int(spec, &["phase"]) != RUNNING {
            return waiting(format!("`{set}` is {}", phase(int(spec, &["phase"]))));
        }
        if self.ready && spec.get("ready").and_then(Value::as_bool) != Some(true) {
            return waiting(format!("`{set}` is not ready"));
        }
        None
    }

    /// What the provider is doing for a machine set.
    fn provisioning(&self, set: &str) -> Option<String> {
        let request = labelled(self.seen, "ClusterMachineRequestStatuses", "machine-set", set)
            .find(|r| !r.resource.labels.contains_key(&format!("{OMNI_PREFIX}machine-request-in-use")))?;
        let status = text(&request.resource.spec, "status").unwrap_or_else(|| "no status yet".to_owned());
        Some(format!("`{}`: {status}", line(&request.resource.id.id)))
    }

    fn talos(&self, held: &[&str]) -> Option<GoalState> {
        for machine in labelled(self.seen, "ClusterMachineStatuses", "cluster", self.cluster) {
            let id = &machine.resource.id.id;
            if held.contains(&id.as_str()) {
                continue;
            }
            let version = self
                .seen
                .find("MachineStatuses", id)
                .and_then(|m| m.resource.spec.get("talos_version").and_then(Value::as_str))
                .unwrap_or_default();
            if version.trim_start_matches('v') != self.talos {
                let shown = if version.is_empty() {
                    "an unknown Talos".to_owned()
                } else {
                    format!("Talos {}", line(version))
                };
                return Some(GoalState::Waiting(format!("`{}` runs {shown}, not v{}", line(id), self.talos)));
            }
        }
        if !held.is_empty() {
            return None;
        }
        let upgrade = self.seen.find("TalosUpgradeStatuses", self.cluster)?;
        self.upgrade("Talos", upgrade, self.talos)
    }

    fn kubernetes(&self, held: &[&str]) -> Option<GoalState> {
        let Some(upgrade) = self.seen.find("KubernetesUpgradeStatuses", self.cluster) else {
            return self.ready.then(|| GoalState::Waiting("Kubernetes is not up yet".to_owned()));
        };
        // The first "upgrade" of a cluster waits for ready nodes, which need a CNI.
        let first = text(&upgrade.resource.spec, "last_upgrade_version").is_none();
        if !held.is_empty() || (first && !self.ready) {
            return None;
        }
        self.upgrade("Kubernetes", upgrade, self.kubernetes)
    }

    /// An old `done` lingers after a write, so that the version decides.
    fn upgrade(&self, what: &str, status: &LiveResource, wanted: &str) -> Option<GoalState> {
        let spec = &status.resource.spec;
        let at = spec.get("last_upgrade_version").and_then(Value::as_str).unwrap_or_default();
        let phase = int(spec, &["phase"]);
        if phase == UPGRADE_FAILED {
            let why = text(spec, "error").unwrap_or_else(|| "no reason given".to_owned());
            return Some(GoalState::Failing(format!("the {what} upgrade failed: {why}")));
        }
        if phase == UPGRADE_DONE && at == wanted {
            return None;
        }
        let doing =
            [text(spec, "step"), text(spec, "status")].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let doing = if doing.is_empty() { String::new() } else { format!(": {doing}") };
        Some(GoalState::Waiting(format!("{what} v{wanted} is being rolled out{doing}")))
    }
}

fn labelled<'a>(
    seen: &'a OmniSnapshot,
    short: &str,
    label: &str,
    value: &str,
) -> impl Iterator<Item = &'a LiveResource> {
    let value = value.to_owned();
    let label = label.to_owned();
    seen.list(short).iter().filter(move |r| r.resource.omni_label(&label) == Some(value.as_str()))
}

fn int(spec: &Value, path: &[&str]) -> i128 {
    spec.at(path).and_then(Value::as_int).unwrap_or(0)
}

fn text(spec: &Value, key: &str) -> Option<String> {
    spec.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()).map(|t| Untrusted::new(t).line(160))
}

fn line(text: &str) -> String {
    Untrusted::new(text).line(80)
}

fn plural<'a>(n: usize, one: &'a str, many: &'a str) -> &'a str {
    if n == 1 { one } else { many }
}

fn phase(phase: i128) -> &'static str {
    match phase {
        1 => "scaling up",
        2 => "scaling down",
        3 => "running",
        4 => "being destroyed",
        5 => "failed",
        6 => "reconfiguring",
        7 => "upgrading",
        _ => "in an unknown phase",
    }
}

fn stage(stage: i128) -> &'static str {
    match stage {
        1 => "booting",
        2 => "installing",
        3 => "configuring",
        4 => "running",
        5 => "being destroyed",
        6 => "upgrading",
        7 => "rebooting",
        8 => "shutting down",
        9 => "about to be destroyed",
        10 => "powering on",
        11 => "powered off",
        _ => "in an unknown stage",
    }
}

#[cfg(test)]
mod tests;
