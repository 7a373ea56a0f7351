//! Carries a plan out on a snapshot, as Omni would, and keeps the record as apply does.

use omni_scale::live::{Observation, Snapshot};
use omni_scale::plan::{Action, Operation, Plan};
use omni_scale::resource::{LiveResource, Phase, Resource, ResourceId};
use omni_scale::state::model::{Entry, Origin, Record};

fn list<'a>(snapshot: &'a mut Snapshot, id: &ResourceId) -> &'a mut Vec<LiveResource> {
    match snapshot.omni.types.get_mut(&id.kind) {
        Some(Observation::Known(list)) => list,
        other => panic!("{id}: the type is not known: {other:?}"),
    }
}

fn put(snapshot: &mut Snapshot, resource: &Resource) {
    let list = list(snapshot, &resource.id);
    match list.iter_mut().find(|l| l.resource.id == resource.id) {
        Some(live) => {
            live.resource = resource.clone();
            live.version += 1;
        }
        None => list.push(LiveResource {
            resource: resource.clone(),
            version: 1,
            phase: Phase::Running,
            owner: String::new(),
            finalizers: vec!["a".into()],
            created: "2026-02-01T00:00:00Z".into(),
            updated: String::new(),
        }),
    }
    list.sort_by(|a, b| a.resource.id.cmp(&b.resource.id));
}

/// Removes a resource; a cluster takes everything with its label along.
fn take(snapshot: &mut Snapshot, id: &ResourceId) {
    list(snapshot, id).retain(|l| l.resource.id != *id);
    let label = match id.short_kind() {
        "Clusters" => "cluster",
        "MachineSets" => "machine-set",
        _ => return,
    };
    let kinds: &[&str] = if label == "cluster" {
        &["MachineSets", "MachineSetNodes", "ConfigPatches", "ExtensionsConfigurations"]
    } else {
        &["MachineSetNodes"]
    };
    for kind in kinds {
        let full = ResourceId::default_ns(kind, "").kind;
        if let Some(Observation::Known(list)) = snapshot.omni.types.get_mut(&full) {
            list.retain(|l| l.resource.omni_label(label) != Some(id.id.as_str()));
        }
    }
}

/// Carries out every step in order.
pub(crate) fn carry_out(plan: &Plan, snapshot: &mut Snapshot, record: &mut Record) {
    for step in &plan.steps {
        match &step.operation {
            Operation::Create(resource) => {
                assert!(!list(snapshot, &resource.id).iter().any(|l| l.resource.id == resource.id));
                put(snapshot, resource);
            }
            Operation::Update { before, after } => {
                let live = list(snapshot, &before.id).iter().find(|l| l.resource.id == before.id);
                assert_eq!(live.map(|l| &l.resource), Some(before));
                put(snapshot, after);
            }
            Operation::Teardown { id, .. } => take(snapshot, id),
            Operation::Record(_) | Operation::Drop | Operation::Await(_) => {}
        }
        if step.action == Action::Await {
            continue;
        }
        match &step.record {
            Some(resource) => {
                let entry = Entry {
                    id: Some(resource.id.clone()),
                    applied: Some(resource.clone()),
                    origin: if step.action == Action::Create { Origin::Created } else { Origin::Adopted },
                };
                record.entries.insert(step.address.clone(), entry);
                if let Some(omni_scale::plan::Moved::EntryFrom(old)) = &step.moved {
                    record.entries.remove(old);
                }
            }
            None => {
                record.entries.remove(&step.address);
            }
        }
    }
    record.serial += 1;
}
