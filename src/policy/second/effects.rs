//! No step and no wave looks milder than what it does.

use std::collections::BTreeSet;

use super::name;
use super::sight::{Sight, class_of};
use crate::kinds::Effect;
use crate::plan::{Action, Change, Operation, Plan, Step};
use crate::resource::{LiveResource, Resource};

pub(super) fn check(plan: &Plan, sight: &Sight<'_>, notes: &mut Vec<String>) {
    reached(plan, sight, notes);
    for step in &plan.steps {
        let worst = step.changes.iter().map(|c| c.effect).chain(step.affects.iter().map(|a| a.effect)).max();
        if worst > Some(step.effect) {
            notes.push(format!("{} looks milder than what it does", name(step)));
        }
        if takes(step) && step.effect != Effect::Destroy && !step.affects.is_empty() {
            notes.push(format!("{} takes machines and does not say so", name(step)));
        }
    }
    for (number, wave) in (1u32..).zip(&plan.waves) {
        let steps = || plan.steps.iter().filter(move |s| s.wave == number);
        if steps().next().is_none() {
            notes.push(format!("wave {number} is empty"));
        }
        let worst = steps().map(|s| s.effect).max().unwrap_or_default();
        if worst != wave.disruption {
            notes.push(format!(
                "wave {number} says {}, and its steps do {}",
                wave.disruption.word(),
                worst.word()
            ));
        }
        let machines = disturbed(steps());
        if usize::try_from(wave.machines) != Ok(machines) {
            notes.push(format!(
                "wave {number} says {} disturbed machines, and there are {machines}",
                wave.machines
            ));
        }
    }
    let touched: BTreeSet<&str> =
        plan.steps.iter().flat_map(|s| &s.affects).filter_map(|a| a.machine.as_deref()).collect();
    for lost in plan.lost.iter().filter_map(|l| l.machine.as_deref()).filter(|m| !touched.contains(m)) {
        notes.push(format!("machine `{lost}` is called lost, and no step touches it"));
    }
    let lost: BTreeSet<&str> = plan.lost.iter().filter_map(|l| l.machine.as_deref()).collect();
    for step in &plan.steps {
        for one in step.affects.iter().filter(|a| matches!(a.effect, Effect::Destroy | Effect::Rebuild)) {
            if let Some(machine) = one.machine.as_deref().filter(|m| !lost.contains(m)) {
                notes.push(format!(
                    "{} takes `{machine}`, which is not named among the lost ones",
                    name(step)
                ));
            }
        }
    }
}

/// A step that does something to the machines of a class, of a cluster or of a patch names each of them.
fn reached(plan: &Plan, sight: &Sight<'_>, notes: &mut Vec<String>) {
    // A patch that goes is taken from nobody who went before.
    let taken = plan.steps.iter().filter(|s| takes(s)).flat_map(|s| &s.affects);
    let lost: BTreeSet<&str> = taken.filter_map(|a| a.machine.as_deref()).collect();
    for step in &plan.steps {
        // A lock that goes is about those that were held back by it.
        let does = |c: &&Change| {
            c.effect != Effect::Destroy && !c.path.last().is_some_and(|k| k.ends_with("locked"))
        };
        let worst = match step.operation {
            Operation::Update { .. } => {
                step.changes.iter().filter(does).map(|c| c.effect).max().unwrap_or_default()
            }
            _ => step.effect,
        };
        let subject = match &step.operation {
            Operation::Create(r)
            | Operation::Update { after: r, .. }
            | Operation::Teardown { before: r, .. } => r,
            Operation::Record(_) | Operation::Drop | Operation::Await(_) => continue,
        };
        let least = if subject.id.short_kind() == "MachineClasses" { Effect::NoEffect } else { Effect::Hot };
        if worst < least || step.action == Action::Release {
            continue;
        }
        let named: BTreeSet<&str> = step.affects.iter().filter_map(|a| a.machine.as_deref()).collect();
        for node in meant(subject, step, sight) {
            let machine = sight.name(&node.resource.id.id);
            let goes = lost.contains(machine.as_str()) && step.action == Action::Destroy && !takes(step);
            if !named.contains(machine.as_str()) && !goes {
                notes.push(format!("{} reaches machine `{machine}` and does not name it", name(step)));
            }
        }
    }
}

/// Whether a step takes machines away: with their cluster, with their set, or one by one.
fn takes(step: &Step) -> bool {
    matches!(&step.operation, Operation::Teardown { before, .. }
        if matches!(before.id.short_kind(), "Clusters" | "MachineSets" | "MachineSetNodes"))
}

/// The machines that something is about.
fn meant<'a>(subject: &Resource, step: &Step, sight: &Sight<'a>) -> Vec<&'a LiveResource> {
    let of_set = |node: &LiveResource, set: &str| node.resource.omni_label("machine-set") == Some(set);
    let update = matches!(step.operation, Operation::Update { .. });
    match subject.id.short_kind() {
        "MachineSets" if update || takes(step) => {
            let nodes = sight.nodes(subject.omni_label("cluster").unwrap_or_default()).iter();
            nodes.filter(|n| of_set(n, &subject.id.id)).copied().collect()
        }
        "MachineSetNodes" if takes(step) => {
            let nodes = sight.nodes(subject.omni_label("cluster").unwrap_or_default()).iter();
            nodes.filter(|n| n.resource.id == subject.id).copied().collect()
        }
        "Clusters" if update || takes(step) => sight.nodes(&subject.id.id).to_vec(),
        "MachineClasses" if update => {
            let sets = sight.input.snapshot.omni.list("MachineSets").iter().map(|s| &s.resource);
            let drawing = sets.filter(|s| class_of(s) == Some(subject.id.id.as_str()));
            let nodes = drawing.flat_map(|set| {
                let nodes = sight.nodes(set.omni_label("cluster").unwrap_or_default()).iter();
                nodes.filter(|n| of_set(n, &set.id.id)).copied()
            });
            nodes.collect()
        }
        "ConfigPatches" => {
            let nodes = sight.nodes(subject.omni_label("cluster").unwrap_or_default()).iter().copied();
            match (subject.omni_label("cluster-machine"), subject.omni_label("machine-set")) {
                (Some(machine), _) => nodes.filter(|n| n.resource.id.id == machine).collect(),
                (None, Some(set)) => nodes.filter(|n| of_set(n, set)).collect(),
                (None, None) => nodes.collect(),
            }
        }
        "MachineInstallDiskConfigs" | "KernelArgs" => {
            let nodes = sight.nodes(step.address.cluster_name().unwrap_or_default()).iter();
            nodes.filter(|n| n.resource.id.id == subject.id.id).copied().collect()
        }
        _ => Vec::new(),
    }
}

/// Machines that restart or worse, each once, and those without a name.
fn disturbed<'p>(steps: impl Iterator<Item = &'p Step>) -> usize {
    let (mut named, mut nameless) = (BTreeSet::new(), 0);
    for one in steps.flat_map(|s| &s.affects) {
        if !matches!(one.effect, Effect::None | Effect::NoEffect | Effect::Hot) {
            match one.machine.as_deref() {
                Some(name) => _ = named.insert(name),
                None => nameless += 1,
            }
        }
    }
    named.len() + nameless
}
