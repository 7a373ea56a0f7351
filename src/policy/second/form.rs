//! The form of a plan: steps are numbered in order, each sends what its word says about what its address names, and needs
//! nothing that comes later.

use std::collections::BTreeSet;

use super::name;
use crate::address::Address;
use crate::plan::{Action, Goal, Operation, Plan, Step};
use crate::resource::Resource;

pub(super) fn check(plan: &Plan, notes: &mut Vec<String>) {
    let mut last = 1;
    let mut sorts: Vec<Option<Sort>> = vec![None; plan.waves.len()];
    let mut sent = BTreeSet::new();
    let mut addressed = BTreeSet::new();
    for (position, step) in plan.steps.iter().enumerate() {
        let name = name(step);
        if usize::try_from(step.id.0) != Ok(position) {
            notes.push(format!("{name} stands at position {position}"));
        }
        if step.wave < last || step.wave as usize > plan.waves.len() {
            notes.push(format!("{name} is in wave {}, out of turn", step.wave));
        }
        last = last.max(step.wave);
        if let Some(sort) = sort(step)
            && let Some(slot) = (step.wave as usize).checked_sub(1).and_then(|w| sorts.get_mut(w))
            && *slot.get_or_insert(sort) != sort
        {
            notes.push(format!("{name} stands in a wave of another sort"));
        }
        for (need, _) in &step.after {
            match plan.steps.get(need.0 as usize) {
                None => notes.push(format!("{name} waits for step {}, which is not there", need.0)),
                Some(other) if other.wave > step.wave || other.id == step.id => {
                    notes.push(format!("{name} waits for {}, which comes later", super::name(other)));
                }
                Some(_) => {}
            }
        }
        if !fits(step) {
            notes.push(format!("{name} sends something else than its word says"));
        }
        if let Some(resource) = subject(step) {
            if !is_at(resource, &step.address) {
                notes.push(format!("{name} is about `{}`, which has another address", resource.id));
            }
            if !matches!(step.operation, Operation::Record(_)) && !sent.insert(&resource.id) {
                notes.push(format!("{name} writes `{}` a second time", resource.id));
            }
        }
        if step.action != Action::Await && !addressed.insert(&step.address) {
            notes.push(format!("{name} is the second one of its address"));
        }
        let stays = matches!(
            step.action,
            Action::Create | Action::Update | Action::AdoptUpdate | Action::Adopt | Action::Move
        );
        if stays != step.record.is_some() {
            notes.push(format!("{name} leaves the wrong thing in the record"));
        }
        if let (Some(remembered), Some(resource)) = (&step.record, subject(step))
            && remembered.id != resource.id
        {
            notes.push(format!("{name} remembers something else than it is about"));
        }
    }
    // In every phase anew.
    let order: Vec<(Option<&String>, Sort)> =
        plan.waves.iter().zip(sorts).filter_map(|(wave, sort)| Some((wave.phase.as_ref(), sort?))).collect();
    let turned = |w: &[(Option<&String>, Sort)]| match w {
        [(p, a), (q, b)] => p == q && a >= b,
        _ => false,
    };
    if order.windows(2).any(turned) {
        notes
            .push("the waves stand in another order than the one in which things need each other".to_owned());
    }
    circle(plan, notes);
}

/// What the steps of one wave are about, in the order of waves. Waits for clusters have none of their own: they come before
/// what goes, or last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Providers,
    Classes,
    Clusters,
    Configuration,
    MachineSets,
    Machines,
    MachinesGone,
    ConfigurationGone,
    /// Classes that go, and entries of the record.
    Forgotten,
}

fn sort(step: &Step) -> Option<Sort> {
    let goes = matches!(step.action, Action::Destroy | Action::Release | Action::Forget);
    Some(match (step.address.kind(), goes) {
        (_, _) if step.action == Action::Await => {
            return matches!(step.operation, Operation::Await(Goal::MachinesGone { .. }))
                .then_some(Sort::MachinesGone);
        }
        (_, _) if step.action == Action::Forget => Sort::Forgotten,
        ("provider" | "container" | "files", false) => Sort::Providers,
        ("class", false) => Sort::Classes,
        ("cluster", false) => Sort::Clusters,
        ("machineset", false) => Sort::MachineSets,
        ("node" | "kernelargs", false) => Sort::Machines,
        ("cluster" | "machineset" | "node" | "kernelargs", true) => Sort::MachinesGone,
        ("class" | "provider" | "container" | "files", true) => Sort::Forgotten,
        (_, false) => Sort::Configuration,
        (_, true) => Sort::ConfigurationGone,
    })
}

fn fits(step: &Step) -> bool {
    matches!(
        (step.action, &step.operation),
        (Action::Create, Operation::Create(_))
            | (Action::Update | Action::AdoptUpdate | Action::Release, Operation::Update { .. })
            | (Action::Adopt | Action::Move, Operation::Record(_))
            | (Action::Destroy, Operation::Teardown { .. })
            | (Action::Forget, Operation::Drop)
            | (Action::Await, Operation::Await(_))
    ) && match &step.operation {
        Operation::Await(Goal::ClusterUp { cluster, .. }) => step.address == Address::cluster(cluster),
        Operation::Await(Goal::MachinesGone { machine_set, .. }) => {
            is_set(machine_set, &step.address) && step.address.kind() == "machineset"
        }
        _ => true,
    }
}

/// Whether an address names a machine set by its id, in which the cluster's name stands before the set's.
fn is_set(id: &str, address: &Address) -> bool {
    let short = address.cluster_name().and_then(|c| id.strip_prefix(c)?.strip_prefix('-'));
    id == address.name() || short == Some(address.name())
}

fn subject(step: &Step) -> Option<&Resource> {
    match &step.operation {
        Operation::Create(r) | Operation::Record(r) | Operation::Update { before: r, .. } => Some(r),
        Operation::Teardown { before, .. } => Some(before),
        Operation::Drop | Operation::Await(_) => None,
    }
}

/// Whether an address is the one of a resource, by the kind of both and the name of both.
fn is_at(resource: &Resource, address: &Address) -> bool {
    let id = resource.id.id.as_str();
    let kind = match resource.id.short_kind() {
        "MachineClasses" => "class",
        "Clusters" => "cluster",
        "MachineSets" => "machineset",
        "MachineSetNodes" => "node",
        "ConfigPatches" => "patch",
        "ExtensionsConfigurations" => "extensions",
        "KernelArgs" => "kernelargs",
        "MachineInstallDiskConfigs" => "installdisk",
        "KubernetesManifestGroups" => "manifest",
        "KubernetesHealthChecks" => "healthcheck",
        // What a provider is remembered by.
        _ => return matches!(address.kind(), "provider" | "container" | "files"),
    };
    let cluster = address.cluster_name();
    let named = match kind {
        "machineset" => is_set(id, address),
        _ => id == address.name(),
    };
    let home = match resource.omni_label("cluster") {
        Some(label) if !matches!(kind, "class" | "cluster") => {
            cluster.is_some() && (cluster == Some(label) || kind == "node")
        }
        _ => true,
    };
    kind == address.kind() && named && home
}

/// Steps can be taken off one after the other, each once what it waits for is off.
fn circle(plan: &Plan, notes: &mut Vec<String>) {
    let mut waiting: Vec<usize> = plan.steps.iter().map(|s| s.after.len()).collect();
    let mut then: Vec<Vec<usize>> = vec![Vec::new(); plan.steps.len()];
    for (i, step) in plan.steps.iter().enumerate() {
        for (need, _) in &step.after {
            if let Some(list) = then.get_mut(need.0 as usize) {
                list.push(i);
            }
        }
    }
    let mut free: Vec<usize> = waiting.iter().enumerate().filter(|(_, n)| **n == 0).map(|(i, _)| i).collect();
    let mut off = 0;
    while let Some(i) = free.pop() {
        off += 1;
        for j in then.get(i).into_iter().flatten() {
            if let Some(left) = waiting.get_mut(*j) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    free.push(*j);
                }
            }
        }
    }
    if off != plan.steps.len() {
        notes.push("some steps wait for each other in a circle".to_owned());
    }
}
