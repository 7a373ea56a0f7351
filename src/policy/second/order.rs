//! The order, worked out anew from what the steps write and take away. Steps run as soon as those that they wait for are
//! done, so that only what a step waits for, directly or through others, counts: its number and its wave promise nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::name;
use super::sight::{Sight, class_of, clusters_that_go, taken, written};
use crate::plan::{Action, Goal, Moved, Operation, Plan, Step};
use crate::resource::Resource;

/// A first step, a later one, and why.
type Pair<'p> = (&'p Step, &'p Step, &'static str);

pub(super) fn check(plan: &Plan, sight: &Sight<'_>, notes: &mut Vec<String>) {
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    classes(plan, sight, &mut pairs, notes);
    let mut by_cluster: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in &plan.steps {
        if let Some(cluster) = step.address.cluster_name() {
            by_cluster.entry(cluster).or_default().push(step);
        }
    }
    for steps in by_cluster.values() {
        made(steps, &mut pairs);
        gone(steps, &mut pairs);
        waits(steps, &mut pairs);
    }
    for step in &plan.steps {
        if let Some(Moved::MadeAs(now)) = &step.moved {
            let made = plan.steps.iter().find(|s| s.address == *now && written(s).is_some());
            pairs.extend(made.map(|first| (first, step, "it is made under its new id first")));
        }
    }
    for (first, then, why) in pairs {
        if !comes_after(plan, first, then) {
            notes.push(format!("{} does not wait for {}: {why}", name(then), name(first)));
        }
    }
}

/// Whether a step waits for another one, directly or through others.
fn comes_after(plan: &Plan, first: &Step, then: &Step) -> bool {
    if then.after.iter().any(|(n, _)| *n == first.id) {
        return true;
    }
    let mut looked = BTreeSet::new();
    let mut open = vec![then];
    while let Some(step) = open.pop() {
        for (need, _) in &step.after {
            if *need == first.id {
                return true;
            }
            if looked.insert(*need) {
                open.extend(plan.steps.get(need.0 as usize));
            }
        }
    }
    false
}

/// The provider before its classes, classes before what draws from them, and after that when they go.
fn classes<'p>(plan: &'p Plan, sight: &Sight<'_>, pairs: &mut Vec<Pair<'p>>, notes: &mut Vec<String>) {
    let mut made: BTreeMap<&str, &Step> = BTreeMap::new();
    let mut gone: BTreeMap<&str, &Step> = BTreeMap::new();
    let mut providers: BTreeMap<&str, &Step> = BTreeMap::new();
    for step in &plan.steps {
        if step.address.kind() == "provider" && step.action != Action::Forget {
            providers.insert(step.address.name(), step);
        }
        if let Some(class) = written(step).filter(|r| r.id.short_kind() == "MachineClasses") {
            made.insert(&class.id.id, step);
        }
        if let Some(class) = taken(step).filter(|r| r.id.short_kind() == "MachineClasses") {
            gone.insert(&class.id.id, step);
        }
    }
    for step in made.values() {
        let provider = written(step).and_then(|c| c.spec.at(&["auto_provision", "provider_id"])?.as_str());
        if let Some(first) = provider.and_then(|p| providers.get(p)) {
            pairs.push((first, step, "a class needs the provider that makes its machines"));
        }
    }
    let ends = clusters_that_go(&plan.steps);
    let held =
        |step: &Step| plan.warnings.iter().any(|w| w.blocks && w.address.as_ref() == Some(&step.address));
    let mut freed = BTreeSet::new();
    for step in &plan.steps {
        if let Some(set) = written(step).filter(|r| r.id.short_kind() == "MachineSets")
            && let Some(first) = class_of(set).and_then(|c| made.get(c))
        {
            pairs.push((first, step, "a machine set needs the class that it draws from"));
        }
        if let Some(set) = written(step).filter(|r| r.id.short_kind() == "MachineSets")
            && let Some(class) = class_of(set).filter(|c| gone.get(c).is_some_and(|last| !held(last)))
        {
            notes.push(format!("{} draws from class `{class}`, which the plan removes", name(step)));
        }
        let before: Vec<&Resource> = match &step.operation {
            Operation::Update { before, .. } | Operation::Teardown { before, .. } => {
                match before.id.short_kind() {
                    "MachineSets" => vec![before],
                    "Clusters" if step.action == Action::Destroy => {
                        sight.sets(&before.id.id).iter().map(|s| &s.resource).collect()
                    }
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        };
        for set in before {
            if let Some(last) = class_of(set).and_then(|c| gone.get(c)) {
                freed.insert(&set.id.id);
                pairs.push((step, last, "Omni keeps a class as long as machine sets draw from it"));
            }
        }
    }
    // Who still draws from it when all is done?
    for set in sight.input.snapshot.omni.list("MachineSets") {
        let Some(step) = class_of(&set.resource).and_then(|c| gone.get(c)) else { continue };
        let with_cluster = set.resource.omni_label("cluster").is_some_and(|c| ends.contains(c));
        if !freed.contains(&set.resource.id.id) && !with_cluster && !held(step) {
            notes.push(format!("{} takes a class that `{}` draws from", name(step), set.resource.id.id));
        }
    }
}

/// Whether a patch or an extension list is for a machine set as a whole, or for a machine.
fn applies(configuration: &Resource, to: &Resource) -> bool {
    let label = |key| configuration.omni_label(key);
    match (to.id.short_kind(), label("cluster-machine"), label("machine-set")) {
        ("MachineSetNodes", Some(machine), _) => machine == to.id.id,
        ("MachineSets", None, Some(set)) => set == to.id.id,
        ("MachineSets", None, None) => true,
        _ => false,
    }
}

/// The cluster first, then its configuration, then machine sets, then machines.
fn made<'p>(steps: &[&'p Step], pairs: &mut Vec<Pair<'p>>) {
    let written: Vec<(&Step, &Resource)> = steps
        .iter()
        .filter(|s| s.action != Action::Release)
        .filter_map(|s| Some((*s, written(s)?)))
        .collect();
    let of = |kinds: &'static [&'static str]| {
        written.iter().filter(move |(_, r)| kinds.contains(&r.id.short_kind())).copied()
    };
    for (cluster, _) in of(&["Clusters"]) {
        // The install disk is the machine's own: it can be set before there is a cluster.
        let own = |r: &Resource| r.id.short_kind() == "MachineInstallDiskConfigs";
        for (step, _) in written.iter().filter(|(s, r)| s.id != cluster.id && !own(r)) {
            pairs.push((cluster, step, "what is in a cluster needs the cluster"));
        }
    }
    for (machines, resource) in of(&["MachineSets", "MachineSetNodes"]) {
        for (step, configuration) in of(&["ConfigPatches", "ExtensionsConfigurations"]) {
            if applies(configuration, resource) {
                pairs.push((step, machines, "machines get their configuration in one go"));
            }
        }
    }
    for (node, resource) in of(&["MachineSetNodes"]) {
        for (other, its) in of(&["MachineSets", "MachineInstallDiskConfigs", "KernelArgs"]) {
            match its.id.short_kind() {
                "MachineSets" if resource.omni_label("machine-set") == Some(its.id.id.as_str()) => {
                    pairs.push((other, node, "a machine joins a machine set that is there"));
                }
                "MachineInstallDiskConfigs" if its.id.id == resource.id.id => {
                    pairs.push((other, node, "Talos is installed as soon as the machine has its place"));
                }
                "KernelArgs" if its.id.id == resource.id.id => {
                    pairs.push((node, other, "kernel arguments come once the machine has its place"));
                }
                _ => {}
            }
        }
    }
}

/// What takes the place of something comes before it goes, and what is used goes after its users.
fn gone<'p>(steps: &[&'p Step], pairs: &mut Vec<Pair<'p>>) {
    let writes = |s: &&Step| written(s).is_some() && s.action != Action::Release;
    for step in steps.iter().copied() {
        if step.action == Action::Forget {
            // Whoever forgets first and is interrupted has lost sight of what is still there.
            let takes = |r: &Resource| match r.id.short_kind() {
                "Clusters" => step.address.kind() != "cluster",
                "MachineSets" => step.address.kind() == "node",
                _ => false,
            };
            for other in steps.iter().copied().filter(|o| taken(o).is_some_and(takes)) {
                pairs.push((other, step, "it is remembered until it is gone"));
            }
        }
        let released = match &step.operation {
            Operation::Update { before, .. } if step.action == Action::Release => Some(before),
            _ => None,
        };
        let Some(going) = taken(step).or(released) else { continue };
        let kind = going.id.short_kind();
        let same: &[&str] = match kind {
            "ConfigPatches" => &["ConfigPatches"],
            "ExtensionsConfigurations" => &["ExtensionsConfigurations"],
            "MachineSets" | "MachineSetNodes" => &["MachineSets", "MachineSetNodes"],
            _ => &[],
        };
        for other in steps.iter().copied().filter(writes) {
            if written(other).is_some_and(|r| same.contains(&r.id.short_kind())) {
                pairs.push((other, step, "what replaces something comes before it goes"));
            }
        }
        for other in steps.iter().copied().filter(|s| s.id != step.id) {
            let user = match (&other.operation, other.action) {
                (Operation::Teardown { before, .. }, _)
                | (Operation::Update { before, .. }, Action::Release) => before,
                (Operation::Update { after, .. }, _) => after,
                _ => continue,
            };
            let uses = match (kind, user.id.short_kind()) {
                // The disk of a machine is let go of once the machine is gone.
                ("Clusters", "Clusters" | "MachineInstallDiskConfigs") => false,
                ("MachineInstallDiskConfigs", "Clusters") => taken(other).is_some(),
                ("Clusters", _) => taken(other).is_some() || other.action == Action::Release,
                ("ConfigPatches" | "ExtensionsConfigurations", "MachineSets" | "MachineSetNodes") => {
                    other.action != Action::Release && applies(going, user)
                }
                ("MachineSets", "MachineSetNodes") => {
                    taken(other).is_some() && user.omni_label("machine-set") == Some(going.id.id.as_str())
                }
                ("MachineInstallDiskConfigs", "MachineSetNodes") => {
                    taken(other).is_some() && user.id.id == going.id.id
                }
                ("MachineSetNodes", "KernelArgs") => {
                    other.action == Action::Release && user.id.id == going.id.id
                }
                _ => false,
            };
            if uses {
                pairs.push((other, step, "it is used until then"));
            }
        }
    }
}

/// Whether a step takes something away, from Omni or from the record.
fn leaves(step: &Step) -> bool {
    matches!(step.action, Action::Destroy | Action::Release | Action::Forget)
}

/// A wait comes after what it is for, and what is to go only after that stands for which it waits.
fn waits<'p>(steps: &[&'p Step], pairs: &mut Vec<Pair<'p>>) {
    for wait in steps.iter().copied() {
        let Operation::Await(goal) = &wait.operation else { continue };
        for other in steps.iter().copied().filter(|s| s.id != wait.id) {
            let change = other.action.is_change();
            if leaves(other) && other.wave > wait.wave {
                pairs.push((wait, other, "what replaces it is up first, and what goes before it is gone"));
                continue;
            }
            match goal {
                Goal::MachinesGone { .. } if change && other.address == wait.address => {
                    pairs.push((other, wait, "there is nothing to wait for before"));
                }
                Goal::ClusterUp { .. } if change && other.wave <= wait.wave && taken(other).is_none() => {
                    pairs.push((other, wait, "there is nothing to wait for before"));
                }
                Goal::ClusterUp { .. }
                    if matches!(other.operation, Operation::Await(_)) && other.wave <= wait.wave =>
                {
                    pairs.push((other, wait, "the machines that go are gone first"));
                }
                Goal::ClusterUp { .. } if taken(other).is_some() => {
                    pairs.push((other, wait, "there is nothing to wait for before"));
                }
                _ => {}
            }
        }
    }
}
