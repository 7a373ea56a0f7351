//! Which machines a step touches: class, machine set, machine, VM, node.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Going, unlock};
use crate::diff::is_locked;
use crate::kinds::{Certainty, Effect};
use crate::plan::machines::{Machine, Machines};
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft, Operation};
use crate::resource::LiveResource;

/// Machines that this plan unlocks; they take what was held back.
pub(super) fn unlocked(drafts: &[Draft<'_>]) -> BTreeSet<String> {
    let nodes = drafts.iter().filter(|d| d.kind() == "MachineSetNodes");
    nodes
        .filter_map(|d| match &d.operation {
            Operation::Update { before, after } if is_locked(before) && !is_locked(after) => {
                Some(before.id.id.clone())
            }
            _ => None,
        })
        .collect()
}

/// Fills in the machines of one judged step, where `image` are those whose extensions it changes. Machines that go were
/// named by its judge.
pub(super) fn fill(
    scene: &Scene<'_>,
    machines: &Machines<'_>,
    draft: &mut Draft<'_>,
    going: &Going,
    image: Vec<&LiveResource>,
    unlocked: &BTreeSet<String>,
) {
    let update = matches!(draft.action, Action::Update | Action::AdoptUpdate);
    let nodes: Vec<&LiveResource> = match draft.kind() {
        "MachineClasses" if update => of_class(scene, draft.address.name()),
        "Clusters" if update => scene.machines(draft.address.name()),
        "MachineSets" if update => {
            let subject = draft.subject();
            let cluster = subject.and_then(|s| s.omni_label("cluster")).unwrap_or_default();
            subject.map_or(&[][..], |s| scene.machines_of_set(cluster, &s.id.id)).to_vec()
        }
        "MachineSetNodes" if update => draft.live.into_iter().collect(),
        "ConfigPatches" => going.touched(scene, draft),
        "ExtensionsConfigurations" => image,
        "KernelArgs" | "MachineInstallDiskConfigs" => {
            let uuid = draft.subject().map_or("", |r| r.id.id.as_str());
            machines.by_uuid(uuid).map(|m| m.node).into_iter().collect()
        }
        _ => Vec::new(),
    };
    let (effect, certainty) = others(draft);
    let released = draft.changes.iter().any(|c| c.effect >= Effect::Hot && unlock::releases(c));
    // What only exists in Omni touches no machine; a class is asked for what it will not do.
    let least = if draft.kind() == "MachineClasses" { Effect::NoEffect } else { Effect::Hot };
    let holds = matches!(draft.kind(), "Clusters" | "ConfigPatches" | "ExtensionsConfigurations");
    let lost: BTreeSet<Option<String>> = draft.affects.iter().map(|a| a.machine.clone()).collect();
    let found: Vec<&Machine<'_>> = nodes.into_iter().filter_map(|n| machines.of(n)).collect();
    for machine in found.into_iter().filter(|m| !lost.contains(&Some(m.name.clone()))) {
        let (effect, certainty) = if released && machine.held_back != Some(false) {
            (effect, certainty).max((Effect::Unknown, Certainty::Predicted))
        } else {
            (effect, certainty)
        };
        if effect < least {
            continue;
        }
        let held = holds && machine.locked && !unlocked.contains(&machine.node.resource.id.id);
        draft.affects.push(if held {
            machine.affected(Effect::NoEffect, true)
        } else {
            machine.affected(effect, certainty == Certainty::Predicted)
        });
    }
    draft.affects.sort_by(|a, b| {
        (Reverse(a.effect), a.machine.is_none(), &a.machine, &a.machine_set).cmp(&(
            Reverse(b.effect),
            b.machine.is_none(),
            &b.machine,
            &b.machine_set,
        ))
    });
}

/// The effect on every machine that is meant: the size of a machine set is about those that go, and a lock that goes about
/// those from which something was held back.
fn others(draft: &Draft<'_>) -> (Effect, Certainty) {
    if !matches!(draft.action, Action::Update | Action::AdoptUpdate) {
        return (draft.effect, draft.certainty);
    }
    let rest = draft.changes.iter().filter(|c| c.effect != Effect::Destroy && !unlock::releases(c));
    rest.map(|c| (c.effect, c.certainty)).max().unwrap_or((Effect::None, Certainty::Derived))
}

/// Machines of all sets that draw from a class.
fn of_class<'a>(scene: &Scene<'a>, class: &str) -> Vec<&'a LiveResource> {
    let sets = scene.sets_of_class(class).iter();
    sets.filter_map(|s| Some((s.resource.omni_label("cluster")?, s.resource.id.id.as_str())))
        .flat_map(|(cluster, set)| scene.machines_of_set(cluster, set))
        .copied()
        .collect()
}
