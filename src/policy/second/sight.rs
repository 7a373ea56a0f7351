//! What was seen, looked up by this checker's own reading of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::live::Observation;
use crate::plan::{Operation, PlanInput, Step};
use crate::resource::{LiveResource, Phase, Resource, ResourceId};
use crate::untrusted::Untrusted;
use crate::value::Value;

/// Live things by what they belong to.
pub(super) struct Sight<'a> {
    pub(super) input: &'a PlanInput<'a>,
    live: BTreeMap<&'a ResourceId, &'a LiveResource>,
    /// Nodes that stay, by cluster.
    nodes: BTreeMap<&'a str, Vec<&'a LiveResource>>,
    /// Machine sets by cluster.
    sets: BTreeMap<&'a str, Vec<&'a LiveResource>>,
    /// What a machine is called where people see it, by UUID.
    names: BTreeMap<&'a str, &'a str>,
}

impl<'a> Sight<'a> {
    pub(super) fn new(input: &'a PlanInput<'a>) -> Self {
        let omni = &input.snapshot.omni;
        let seen = omni.types.values().filter_map(Observation::known).flatten();
        let mut nodes: BTreeMap<&str, Vec<&LiveResource>> = BTreeMap::new();
        for node in omni.list("MachineSetNodes").iter().filter(|n| n.phase == Phase::Running) {
            if let Some(cluster) = node.resource.omni_label("cluster") {
                nodes.entry(cluster).or_default().push(node);
            }
        }
        let mut sets: BTreeMap<&str, Vec<&LiveResource>> = BTreeMap::new();
        for set in omni.list("MachineSets") {
            if let Some(cluster) = set.resource.omni_label("cluster") {
                sets.entry(cluster).or_default().push(set);
            }
        }
        let mut names = BTreeMap::new();
        for status in omni.list("MachineRequestStatuses") {
            if let Some(uuid) = status.resource.spec.get("id").and_then(Value::as_str) {
                names.insert(uuid, status.resource.id.id.as_str());
            }
        }
        for status in omni.list("MachineStatuses") {
            if let Some(request) = status.resource.omni_label("machine-request") {
                names.insert(status.resource.id.id.as_str(), request);
            }
        }
        Self { input, live: seen.map(|l| (&l.resource.id, l)).collect(), nodes, sets, names }
    }

    pub(super) fn live(&self, id: &ResourceId) -> Option<&'a LiveResource> {
        self.live.get(id).copied()
    }

    /// The live resource of a type and an id of the usual namespace.
    pub(super) fn find(&self, short: &str, id: &str) -> Option<&'a LiveResource> {
        self.live(&ResourceId::default_ns(short, id))
    }

    /// Whether a type was read.
    pub(super) fn read(&self, short: &str) -> bool {
        let full = ResourceId::default_ns(short, "").kind;
        matches!(self.input.snapshot.omni.types.get(&full), Some(Observation::Known(_)))
    }

    /// Machines that are in a cluster and stay for now.
    pub(super) fn nodes(&self, cluster: &str) -> &[&'a LiveResource] {
        self.nodes.get(cluster).map_or(&[], Vec::as_slice)
    }

    pub(super) fn sets(&self, cluster: &str) -> &[&'a LiveResource] {
        self.sets.get(cluster).map_or(&[], Vec::as_slice)
    }

    /// A machine's name as plans have it: its request where it came from one, its UUID otherwise.
    pub(super) fn name(&self, uuid: &str) -> String {
        Untrusted::new(self.names.get(uuid).copied().unwrap_or(uuid)).line(120)
    }

    /// Whether a node is a control plane, by its own label or by that of its set.
    pub(super) fn is_control_plane(&self, node: &Resource) -> bool {
        let set = node.omni_label("machine-set").and_then(|s| self.find("MachineSets", s));
        [Some(node), set.map(|s| &s.resource)]
            .into_iter()
            .flatten()
            .any(|r| r.omni_label("role-controlplane").is_some())
    }
}

/// What a step leaves in Omni: the resource that it makes or changes.
pub(super) fn written(step: &Step) -> Option<&Resource> {
    match &step.operation {
        Operation::Create(after) | Operation::Update { after, .. } => Some(after),
        Operation::Teardown { .. } | Operation::Record(_) | Operation::Drop | Operation::Await(_) => None,
    }
}

/// What a step takes away.
pub(super) fn taken(step: &Step) -> Option<&Resource> {
    match &step.operation {
        Operation::Teardown { before, .. } => Some(before),
        _ => None,
    }
}

/// The class that a machine set takes machines from: the older field wins where both are there, as on the server.
pub(super) fn class_of(set: &Resource) -> Option<&str> {
    let named = |field| set.spec.at(&[field, "name"]).and_then(Value::as_str).filter(|n| !n.is_empty());
    named("machine_class").or_else(|| named("machine_allocation"))
}

/// How many machines a set asks its class for; `None` where it asks for no number.
pub(super) fn asked(set: &Resource) -> Option<u32> {
    let field = ["machine_class", "machine_allocation"]
        .into_iter()
        .find(|f| set.spec.at(&[f, "name"]).and_then(Value::as_str).is_some_and(|n| !n.is_empty()))?;
    let number = |key| set.spec.at(&[field, key]).and_then(Value::as_int).unwrap_or(0);
    if number("allocation_type") != 0 {
        return None;
    }
    u32::try_from(number("machine_count")).ok()
}

/// The names of all steps' addresses that a set of steps has.
pub(super) fn clusters_that_go<'p>(steps: impl IntoIterator<Item = &'p Step>) -> BTreeSet<&'p str> {
    let gone = steps.into_iter().filter_map(taken).filter(|r| r.id.short_kind() == "Clusters");
    gone.map(|r| r.id.id.as_str()).collect()
}
