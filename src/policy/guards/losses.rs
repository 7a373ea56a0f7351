//! Machines that a plan takes away or rebuilds, counted once each, by cluster.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::kinds::Effect;
use crate::plan::{Action, Operation, Plan, PlanInput, Step};
use crate::resource::{Phase, Resource};

/// Label of control planes: machine sets, their nodes.
const CONTROL_PLANE: &str = "role-controlplane";

/// Machines of one cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Count {
    /// In it now, machines included that are still being made, or were made and have not joined.
    pub(super) machines: usize,
    /// Names of those that are destroyed.
    pub(super) destroyed: BTreeSet<String>,
    /// Those of which nobody knows the name.
    pub(super) nameless: usize,
    /// Names of those that are rebuilt.
    pub(super) rebuilt: BTreeSet<String>,
    /// Whether the cluster itself goes.
    pub(super) removed: bool,
}

impl Count {
    pub(super) fn lost(&self) -> usize {
        self.destroyed.len() + self.nameless
    }
}

/// By name of the cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses {
    pub(super) clusters: BTreeMap<String, Count>,
}

impl Losses {
    pub(super) fn of(plan: &Plan, input: &PlanInput<'_>) -> Self {
        let mut clusters: BTreeMap<String, Count> = BTreeMap::new();
        for node in input.snapshot.omni.list("MachineSetNodes") {
            if let (Some(cluster), Phase::Running) = (node.resource.omni_label("cluster"), node.phase) {
                clusters.entry(cluster.to_owned()).or_default().machines += 1;
            }
        }
        let requests = joined(input);
        let asked = asked(input, &requests);
        for cluster in asked.values() {
            clusters.entry((*cluster).to_owned()).or_default().machines += 1;
        }
        for lost in &plan.lost {
            let Some(cluster) = lost.address.cluster_name() else { continue };
            let count = clusters.entry(cluster.to_owned()).or_default();
            match (&lost.machine, lost.effect) {
                (Some(name), Effect::Rebuild) => _ = count.rebuilt.insert(name.clone()),
                (None, Effect::Rebuild) => {}
                (Some(name), _) => {
                    let known = requests.contains(name.as_str()) || asked.contains_key(name.as_str());
                    if count.destroyed.insert(name.clone()) && !known {
                        count.machines += 1;
                    }
                }
                (None, _) => count.nameless += 1,
            }
        }
        for step in &plan.steps {
            let Some(cluster) = step.address.cluster_name() else { continue };
            let rebuilt = step.affects.iter().filter(|a| a.effect == Effect::Rebuild);
            let names = rebuilt.filter_map(|a| a.machine.clone());
            if names.clone().next().is_some() {
                clusters.entry(cluster.to_owned()).or_default().rebuilt.extend(names);
            }
            if removes_cluster(step) {
                clusters.entry(cluster.to_owned()).or_default().removed = true;
            }
        }
        Self { clusters }
    }
}

/// Names of the machines that are nodes now: by UUID, and by the request that they came from.
fn joined<'a>(input: &PlanInput<'a>) -> BTreeSet<&'a str> {
    let snapshot = &input.snapshot.omni;
    let nodes: BTreeSet<&str> =
        snapshot.list("MachineSetNodes").iter().map(|n| n.resource.id.id.as_str()).collect();
    let mut names = nodes.clone();
    for status in snapshot.list("MachineRequestStatuses") {
        if status.resource.spec.get("id").and_then(|v| v.as_str()).is_some_and(|id| nodes.contains(id)) {
            names.insert(&status.resource.id.id);
        }
    }
    for status in snapshot.list("MachineStatuses") {
        if let Some(request) = status
            .resource
            .omni_label("machine-request")
            .filter(|_| nodes.contains(status.resource.id.id.as_str()))
        {
            names.insert(request);
        }
    }
    names
}

/// Machine requests that stay and whose machines have not joined, each with its cluster.
fn asked<'a>(input: &PlanInput<'a>, joined: &BTreeSet<&str>) -> BTreeMap<&'a str, &'a str> {
    let omni = &input.snapshot.omni;
    let sets = omni.list("MachineSets").iter();
    let sets: BTreeMap<&str, &str> =
        sets.filter_map(|s| Some((s.resource.id.id.as_str(), s.resource.omni_label("cluster")?))).collect();
    let open = omni.list("MachineRequests").iter().filter(|r| r.phase == Phase::Running);
    let open = open.filter(|r| !joined.contains(r.resource.id.id.as_str()));
    open.filter_map(|r| {
        let cluster = sets.get(r.resource.omni_label("machine-request-set")?)?;
        Some((r.resource.id.id.as_str(), *cluster))
    })
    .collect()
}

/// Whether a step takes a whole cluster away.
pub(super) fn removes_cluster(step: &Step) -> bool {
    step.action == Action::Destroy && step.address.kind() == "cluster"
}

/// Whether a step is about control planes: their machine set, or one of its machines.
pub(super) fn is_control_plane(step: &Step) -> bool {
    subject(step).is_some_and(|r| r.omni_label(CONTROL_PLANE).is_some())
}

/// What a step writes about.
pub(super) fn subject(step: &Step) -> Option<&Resource> {
    match &step.operation {
        Operation::Create(resource) | Operation::Record(resource) => Some(resource),
        Operation::Update { before, .. } | Operation::Teardown { before, .. } => Some(before),
        Operation::Drop | Operation::Await(_) => None,
    }
}

/// Whether a plan takes the cluster of an address away.
pub(super) fn cluster_goes(plan: &Plan, address: &Address) -> bool {
    plan.steps.iter().any(|s| removes_cluster(s) && s.address.contains(address))
}
