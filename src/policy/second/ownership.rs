//! Only what is ours is removed, only what is declared is written, and only over what was seen.

use std::collections::BTreeMap;

use crate::graph::Prune;
use crate::plan::{Action, Operation, Plan, PlanInput, Step};
use crate::resource::{LiveResource, ResourceId};

pub(super) fn check(plan: &Plan, input: &PlanInput<'_>, notes: &mut Vec<String>) {
    let lists = input.snapshot.omni.types.values().filter_map(|o| o.known());
    let live: BTreeMap<&ResourceId, &LiveResource> = lists.flatten().map(|l| (&l.resource.id, l)).collect();
    let clusters = input.desired.clusters.iter();
    let declared: BTreeMap<_, _> = input
        .desired
        .classes
        .iter()
        .chain(clusters.flat_map(|c| &c.resources))
        .map(|d| (&d.address, &d.resource.id))
        .collect();
    for step in &plan.steps {
        let name = super::name(step);
        elsewhere(input, step, &name, notes);
        match &step.operation {
            Operation::Create(resource) => {
                if live.contains_key(&resource.id) {
                    notes.push(format!("{name} makes `{}`, which is there", resource.id));
                }
                if declared.get(&step.address) != Some(&&resource.id) {
                    notes.push(format!("{name} makes what the files do not declare"));
                }
            }
            Operation::Update { before, after } => {
                if let Some(owner) = live.get(&before.id).map(|l| l.owner.as_str()).filter(|o| !o.is_empty())
                {
                    notes.push(format!("{name} changes what belongs to `{owner}`"));
                }
                if live.get(&before.id).map(|l| &l.resource) != Some(before) {
                    notes.push(format!("{name} changes something else than what was seen"));
                }
                if before.id != after.id {
                    notes.push(format!("{name} changes who it is about"));
                }
                if step.action != Action::Release && declared.get(&step.address) != Some(&&before.id) {
                    notes.push(format!("{name} changes what the files do not declare"));
                }
            }
            Operation::Teardown { id, before } => {
                match live.get(id) {
                    None => notes.push(format!("{name} removes what was not seen")),
                    Some(seen) if !seen.owner.is_empty() => {
                        notes.push(format!("{name} removes what belongs to `{}`", seen.owner));
                    }
                    Some(seen) if seen.resource != *before => {
                        notes.push(format!("{name} removes something else than what was seen"));
                    }
                    Some(_) => {}
                }
                ours(input, step, id, &name, notes);
                if declared.contains_key(&step.address) {
                    notes.push(format!("{name} removes what the files declare"));
                }
            }
            Operation::Record(resource) => {
                if declared.get(&step.address) != Some(&&resource.id) && step.address.kind() != "provider" {
                    notes.push(format!("{name} remembers what the files do not declare"));
                }
            }
            Operation::Drop => {
                if declared.contains_key(&step.address) {
                    notes.push(format!("{name} forgets what the files declare"));
                }
                if !input.record.is_some_and(|r| r.entries.contains_key(&step.address)) {
                    notes.push(format!("{name} forgets what is not in the record"));
                }
            }
            Operation::Await(_) => {}
        }
    }
}

/// Where a person named what is to go, nothing else is touched.
fn elsewhere(input: &PlanInput<'_>, step: &Step, name: &str, notes: &mut Vec<String>) {
    let named = input.desired.removal.as_ref().is_none_or(|r| r.covers(&step.address));
    if !named && step.action.is_change() {
        notes.push(format!("{name} touches what was not named for removal"));
    }
}

fn ours(input: &PlanInput<'_>, step: &Step, id: &ResourceId, name: &str, notes: &mut Vec<String>) {
    let entry = input.record.and_then(|r| r.entries.get(&step.address));
    let recorded = entry.is_some_and(|e| e.id.as_ref().is_none_or(|known| known == id));
    let like_sync = input
        .desired
        .clusters
        .iter()
        .any(|c| c.prune == Prune::Template && step.address.cluster_name() == Some(c.name.as_str()));
    let named = input.desired.removal.as_ref().is_some_and(|r| r.covers(&step.address));
    if !recorded && !like_sync && !named {
        notes.push(format!("{name} removes what is not ours"));
    }
}
