//! Every machine that goes is named, and every machine that is named goes.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Action, Operation, Plan, PlanInput};
use crate::resource::Phase;

pub(super) fn check(plan: &Plan, input: &PlanInput<'_>, notes: &mut Vec<String>) {
    let omni = &input.snapshot.omni;
    let mut requests: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for status in omni.list("MachineRequestStatuses") {
        if let Some(uuid) = status.resource.spec.get("id").and_then(|v| v.as_str()) {
            requests.entry(uuid).or_default().insert(&status.resource.id.id);
        }
    }
    for status in omni.list("MachineStatuses") {
        if let Some(request) = status.resource.omni_label("machine-request") {
            requests.entry(&status.resource.id.id).or_default().insert(request);
        }
    }
    let named: BTreeSet<&str> = plan.lost.iter().filter_map(|l| l.machine.as_deref()).collect();
    let (mut clusters, mut sets, mut nodes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for step in &plan.steps {
        if let Operation::Teardown { id, .. } = &step.operation {
            match id.short_kind() {
                "Clusters" => _ = clusters.insert(id.id.as_str()),
                "MachineSets" => _ = sets.insert(id.id.as_str()),
                "MachineSetNodes" => _ = nodes.insert(id.id.as_str()),
                _ => {}
            }
        }
    }
    for node in omni.list("MachineSetNodes").iter().filter(|n| n.phase == Phase::Running) {
        let uuid = node.resource.id.id.as_str();
        let goes = nodes.contains(uuid)
            || node.resource.omni_label("cluster").is_some_and(|c| clusters.contains(c))
            || node.resource.omni_label("machine-set").is_some_and(|s| sets.contains(s));
        let told = named.contains(uuid)
            || requests.get(uuid).is_some_and(|names| names.iter().any(|n| named.contains(n)));
        if goes && !told {
            notes.push(format!("machine `{uuid}` goes and is not named among the lost ones"));
        }
    }
    for lost in &plan.lost {
        let by = plan.steps.iter().any(|s| {
            s.address == lost.address
                && matches!(s.action, Action::Destroy | Action::Update | Action::AdoptUpdate)
        });
        if !by {
            notes.push(format!("a machine of `{}` is called lost, and no step takes it", lost.address));
        }
    }
}
