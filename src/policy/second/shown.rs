//! Nothing is written that is not shown: each value that a request changes stands among the changes of its step.

use std::collections::BTreeSet;

use crate::plan::{Action, Operation, Plan, Step};
use crate::resource::{OMNI_PREFIX, Resource};
use crate::value::Value;

pub(super) fn check(plan: &Plan, notes: &mut Vec<String>) {
    for step in &plan.steps {
        let name = format!("step {} ({} {})", step.id.0, step.action.word(), step.address);
        let (before, after) = match &step.operation {
            Operation::Create(after) => (None, after),
            Operation::Update { before, after } if step.action != Action::Release => (Some(before), after),
            _ => continue,
        };
        let said = said(step);
        if before.is_some_and(|b| b.spec != after.spec) && step.changes.is_empty() {
            notes.push(format!("{name} writes a spec and shows nothing of it"));
        }
        for (path, value) in written(before, after) {
            if !said.contains(&value) {
                notes.push(format!("{name} writes `{path}` and does not show it"));
            }
        }
    }
}

/// Every plain value that the changes of a step show, as it will be and as it was.
fn said(step: &Step) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for change in &step.changes {
        for value in [&change.before, &change.after].into_iter().flatten() {
            leaves("", value, &mut |_, leaf| {
                out.insert(leaf.canonical());
            });
            // A text as a whole, where it is no tree.
            if let Some(text) = value.as_str() {
                out.extend(text.lines().map(|l| Value::from(l).canonical()));
            }
        }
    }
    out
}

/// Places and values that a request changes, but for texts of several lines, whose content other checks look at, and for what
/// Omni keeps for itself.
fn written(before: Option<&Resource>, after: &Resource) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut was = BTreeSet::new();
    let spec = |r: &Resource, see: &mut dyn FnMut(&str, &Value)| leaves("spec", &r.spec, see);
    if let Some(before) = before {
        spec(before, &mut |path, leaf| _ = was.insert((path.to_owned(), leaf.canonical())));
    }
    spec(after, &mut |path, leaf| {
        let text = leaf.as_str().is_some_and(|t| t.contains('\n') || t.contains(": "));
        let there = was.contains(&(path.to_owned(), leaf.canonical()));
        if !text && !there && !is_nothing(leaf) {
            out.push((path.to_owned(), leaf.canonical()));
        }
    });
    let maps = [
        ("labels", before.map(|b| &b.labels), &after.labels),
        ("annotations", before.map(|b| &b.annotations), &after.annotations),
    ];
    for (map, was, now) in maps {
        for (key, value) in now {
            let same = was.and_then(|w| w.get(key)) == Some(value);
            if !same && !key.starts_with(OMNI_PREFIX) && key != "name" && !value.is_empty() {
                out.push((format!("{map}.{key}"), Value::from(value.as_str()).canonical()));
            }
        }
    }
    out
}

fn leaves(path: &str, value: &Value, see: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Map(map) => map.iter().for_each(|(k, v)| leaves(&format!("{path}.{k}"), v, see)),
        Value::List(list) => list.iter().for_each(|v| leaves(&format!("{path}[]"), v, see)),
        leaf => see(path, leaf),
    }
}

/// What protobuf's JSON cannot tell from something that is absent.
fn is_nothing(leaf: &Value) -> bool {
    match leaf {
        Value::Null | Value::Bool(false) | Value::Int(0) => true,
        Value::Float(f) => *f == 0.0,
        Value::Str(s) => s.is_empty(),
        _ => false,
    }
}
