//! Nothing is left out: whatever is declared or remembered has a step, or a reason for none.

use std::collections::{BTreeMap, BTreeSet};

use super::sight::Sight;
use super::texts;
use crate::address::Address;
use crate::graph::Prune;
use crate::plan::{Action, Moved, Operation, Plan, PlanInput};
use crate::resource::{OMNI_PREFIX, Phase, Resource};
use crate::value::Value;

pub(super) fn check(plan: &Plan, input: &PlanInput<'_>, sight: &Sight<'_>, notes: &mut Vec<String>) {
    let steps: BTreeSet<&Address> =
        plan.steps.iter().filter(|s| s.action != Action::Await).map(|s| &s.address).collect();
    let mut without: BTreeMap<&Address, &str> = BTreeMap::new();
    for row in &plan.unchanged {
        if without.insert(&row.address, &row.status).is_some() {
            notes.push(format!("`{}` is listed twice", row.address));
        }
        if steps.contains(&row.address) {
            notes.push(format!("`{}` has a step and is listed without one", row.address));
        }
    }
    adopted(plan, sight, notes);
    let clusters = input.desired.clusters.iter().flat_map(|c| &c.resources);
    let declared: BTreeMap<&Address, &Resource> =
        input.desired.classes.iter().chain(clusters).map(|d| (&d.address, &d.resource)).collect();
    for (address, status) in &without {
        match (*status, declared.get(address)) {
            ("unchanged", Some(wanted)) => unchanged(address, wanted, sight, notes),
            ("blocked", Some(_))
                if !plan.warnings.iter().any(|w| w.blocks && w.address.as_ref() == Some(address)) =>
            {
                notes.push(format!("`{address}` is held up, and nothing says why"));
            }
            ("foreign", Some(_)) => notes.push(format!("`{address}` is declared and called foreign")),
            _ => {}
        }
    }
    let chosen = input.options.selection.is_some_and(|s| !s.is_empty());
    if plan.scope.is_none() && input.desired.removal.is_none() && !chosen {
        providers(plan, input, &steps, &without, notes);
    }
    if plan.scope.is_none() && plan.unknown.is_empty() && input.desired.removal.is_some() {
        let gone: BTreeSet<&str> = plan
            .steps
            .iter()
            .filter(|s| s.action == Action::Destroy && s.address.kind() == "cluster")
            .filter_map(|s| s.address.cluster_name())
            .collect();
        for address in input.record.into_iter().flat_map(|r| r.entries.keys()) {
            let below = address.cluster_name().is_some_and(|c| gone.contains(c));
            if below && !steps.contains(address) {
                notes.push(format!("`{address}` goes with its cluster, and the plan does not speak of it"));
            }
        }
    }
    // What was not read, was not chosen, or is no matter of a removal by name has no step for a reason.
    let part = plan.scope.is_some() || !plan.unknown.is_empty() || input.desired.removal.is_some();
    if part || chosen {
        return;
    }
    for address in declared.keys().filter(|a| !steps.contains(*a) && !without.contains_key(*a)) {
        notes.push(format!("`{address}` is declared, and the plan does not speak of it"));
    }
    // An entry that gets another address goes with the step at that one.
    let moved: BTreeSet<&Address> = plan
        .steps
        .iter()
        .filter_map(|s| match &s.moved {
            Some(Moved::EntryFrom(from)) => Some(from),
            _ => None,
        })
        .collect();
    for address in input.record.into_iter().flat_map(|r| r.entries.keys()) {
        let observed = matches!(address.kind(), "provider" | "container" | "files");
        if !observed
            && !declared.contains_key(address)
            && !steps.contains(address)
            && !moved.contains(address)
        {
            notes.push(format!(
                "`{address}` is in the record and no longer declared, and the plan does not speak of it"
            ));
        }
    }
    foreign(input, &declared, &steps, &without, notes);
}

/// Providers are looked at whatever else could not be read.
fn providers(
    plan: &Plan,
    input: &PlanInput<'_>,
    steps: &BTreeSet<&Address>,
    without: &BTreeMap<&Address, &str>,
    notes: &mut Vec<String>,
) {
    for provider in &input.desired.providers {
        let address = Address::provider(&provider.id);
        let facets = [("container", provider.container), ("files", provider.files)];
        let facets = facets.into_iter().filter(|(_, declared)| *declared).map(|(f, _)| address.facet(f));
        for address in facets.chain([address.clone()]) {
            let found = plan.warnings.iter().any(|w| w.address.as_ref() == Some(&address));
            let unread = plan
                .unknown_subtrees
                .iter()
                .any(|u| u.address.contains(&address) || address.contains(&u.address));
            if !steps.contains(&address) && !without.contains_key(&address) && !found && !unread {
                notes.push(format!("`{address}` is declared, and the plan does not speak of it"));
            }
        }
    }
}

/// What is only taken into the record is as the files ask already.
fn adopted(plan: &Plan, sight: &Sight<'_>, notes: &mut Vec<String>) {
    for step in plan.steps.iter().filter(|s| matches!(s.action, Action::Adopt | Action::Move)) {
        if let Operation::Record(wanted) = &step.operation
            && step.address.kind() != "provider"
        {
            unchanged(&step.address, wanted, sight, notes);
        }
    }
}

/// What is live in a managed cluster and neither declared nor ours is told of.
fn foreign(
    input: &PlanInput<'_>,
    declared: &BTreeMap<&Address, &Resource>,
    steps: &BTreeSet<&Address>,
    without: &BTreeMap<&Address, &str>,
    notes: &mut Vec<String>,
) {
    let ids: BTreeSet<_> = declared.values().map(|r| &r.id).collect();
    let told = |address: &Address| steps.contains(address) || without.contains_key(address);
    let managed: BTreeSet<&str> =
        input.desired.clusters.iter().filter(|c| c.prune == Prune::Record).map(|c| c.name.as_str()).collect();
    for (short, word) in [("ConfigPatches", "patch"), ("ExtensionsConfigurations", "extensions")] {
        for live in input.snapshot.omni.list(short) {
            let labels = &live.resource.labels;
            let made_by_omni = ["system-patch", "managed-by-machine-set-node-controller"]
                .iter()
                .any(|l| labels.contains_key(&format!("{OMNI_PREFIX}{l}")));
            let Some(cluster) = live.resource.omni_label("cluster").filter(|c| managed.contains(c)) else {
                continue;
            };
            let address = Address::cluster(cluster).child(word, &live.resource.id.id);
            if live.owner.is_empty() && !made_by_omni && !ids.contains(&live.resource.id) && !told(&address) {
                notes
                    .push(format!("`{address}` is live and not declared, and the plan does not speak of it"));
            }
        }
    }
}

/// What needs no step is there, and holds all that is declared.
fn unchanged(address: &Address, wanted: &Resource, sight: &Sight<'_>, notes: &mut Vec<String>) {
    let Some(live) = sight.live(&wanted.id).filter(|l| l.phase == Phase::Running) else {
        notes.push(format!("`{address}` is called unchanged and is not there"));
        return;
    };
    let is = texts::leaves(&live.resource);
    let missing = texts::leaves(wanted).into_iter().find(|leaf| !is.contains(leaf));
    if let Some((path, _)) = missing {
        notes.push(format!("`{address}` is called unchanged, and its `{path}` differs"));
    }
    let maps = [(&wanted.labels, &live.resource.labels), (&wanted.annotations, &live.resource.annotations)];
    for (wanted, is) in maps {
        // Marks of templates alone are no reason to write.
        let own = |k: &str| k == "name" || k.starts_with(OMNI_PREFIX);
        if let Some((key, _)) = wanted.iter().find(|(k, v)| !own(k) && is.get(*k) != Some(*v)) {
            notes.push(format!("`{address}` is called unchanged, and its mark `{key}` differs"));
        }
    }
    let number =
        |set: &Resource| set.spec.at(&["machine_allocation", "machine_count"]).and_then(Value::as_int);
    if number(wanted) != number(&live.resource) && wanted.id.short_kind() == "MachineSets" {
        notes.push(format!("`{address}` is called unchanged, and its size differs"));
    }
}
