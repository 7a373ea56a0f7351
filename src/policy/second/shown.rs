//! Nothing is written that is not shown, and nothing is shown that is not written: each plain value that a request sets or
//! takes away stands among the changes of its step, as often as it is set or taken away.

use std::collections::{BTreeMap, BTreeSet};

use super::name;
use super::texts::{self, Leaf, is_nothing};
use crate::plan::{Action, Operation, Plan, Step};
use crate::resource::{OMNI_PREFIX, Resource};
use crate::value::Value;

/// Values by how often they occur.
type Bag = BTreeMap<String, usize>;

pub(super) fn check(plan: &Plan, notes: &mut Vec<String>) {
    for step in &plan.steps {
        let name = name(step);
        let (before, after) = match &step.operation {
            Operation::Create(after) => (None, after),
            Operation::Update { before, after } => (Some(before), after),
            Operation::Teardown { .. } | Operation::Record(_) | Operation::Drop | Operation::Await(_) => {
                if !step.changes.is_empty() {
                    notes.push(format!("{name} shows fields and sends none"));
                }
                continue;
            }
        };
        if step.action == Action::Release {
            released(step, before, after, notes);
            continue;
        }
        if before.is_some_and(|b| b.spec != after.spec) && step.changes.is_empty() {
            notes.push(format!("{name} writes a spec and shows nothing of it"));
        }
        let held = plan.warnings.iter().any(|w| w.blocks && w.address.as_ref() == Some(&step.address));
        if before == Some(after) && !held {
            notes.push(format!("{name} writes what is there"));
        }
        let is = before.map(written).unwrap_or_default();
        let will = written(after);
        let (mut old, mut new) = (Bag::new(), Bag::new());
        for change in &step.changes {
            count(change.before.as_ref(), &mut old);
            count(change.after.as_ref(), &mut new);
            if change.before == change.after {
                notes.push(format!("{name} shows `{}`, which stays", change.path.join(".")));
            }
        }
        for (path, value) in without(&will, &is) {
            // What a new thing says of Omni's own belongs to its address.
            if before.is_none() && own(&path) {
                continue;
            }
            if !take(&mut new, &value) {
                notes.push(format!("{name} writes `{path}` and does not show it"));
            }
        }
        for (path, value) in without(&is, &will) {
            if !take(&mut old, &value) {
                notes.push(format!("{name} takes `{path}` away and does not show it"));
            }
        }
        // Of a list that changes, elements that stay are shown as well.
        for (bag, there, when) in [(&old, &is, "now"), (&new, &will, "then")] {
            let values: BTreeSet<&String> = there.keys().map(|(_, value)| value).collect();
            let more =
                bag.iter().find(|(value, n)| **n > 0 && !values.contains(value) && !is_said_nothing(value));
            if more.is_some() {
                notes.push(format!("{name} shows a value that is not there {when}"));
            }
        }
    }
}

/// A release takes marks off and leaves everything else.
fn released(step: &Step, before: Option<&Resource>, after: &Resource, notes: &mut Vec<String>) {
    let same = before.is_some_and(|b| {
        b.spec == after.spec
            && b.labels == after.labels
            && after.annotations.iter().all(|(k, v)| b.annotations.get(k) == Some(v))
    });
    let only_marks = before.is_some_and(|b| {
        b.annotations.keys().all(|k| after.annotations.contains_key(k) || k.starts_with(OMNI_PREFIX))
    });
    if !same || !only_marks {
        notes.push(format!("{} does more than taking a mark off", name(step)));
    }
}

/// Leaves of what is sent, with how often each stands at its place.
fn written(resource: &Resource) -> BTreeMap<Leaf, usize> {
    let mut out = BTreeMap::new();
    let mut add = |path: String, value: String| *out.entry((path, value)).or_default() += 1;
    texts::walk("spec", &texts::spec(resource), &mut |path, leaf| add(path.to_owned(), leaf));
    for (map, entries) in [("labels", &resource.labels), ("annotations", &resource.annotations)] {
        for (key, value) in entries {
            add(format!("{map}.{key}"), Value::from(value.as_str()).canonical());
        }
    }
    out
}

fn own(path: &str) -> bool {
    path == "annotations.name"
        || ["labels.", "annotations."]
            .iter()
            .any(|map| path.strip_prefix(map).is_some_and(|key| key.starts_with(OMNI_PREFIX)))
}

/// What one has more than the other, each as often as it has.
fn without(more: &BTreeMap<Leaf, usize>, less: &BTreeMap<Leaf, usize>) -> Vec<Leaf> {
    let rest = more.iter().map(|(leaf, n)| (leaf, n.saturating_sub(less.get(leaf).copied().unwrap_or(0))));
    rest.flat_map(|(leaf, n)| std::iter::repeat_n(leaf.clone(), n)).collect()
}

fn count(value: Option<&Value>, bag: &mut Bag) {
    let Some(value) = value else { return };
    if is_nothing(value) {
        *bag.entry(value.canonical()).or_default() += 1;
    }
    texts::walk("", value, &mut |_, leaf| *bag.entry(leaf).or_default() += 1);
}

/// Values of nothing are shown or not, as the server prints them.
fn is_said_nothing(canonical: &str) -> bool {
    matches!(canonical, "null" | "false" | "0" | "\"\"")
}

fn take(bag: &mut Bag, value: &str) -> bool {
    match bag.get_mut(value) {
        Some(n) if *n > 0 => {
            *n -= 1;
            true
        }
        _ => false,
    }
}
