//! Config patches. Whether Talos applies a field without a reboot depends on the field; only the fields that recorded
//! timelines show being applied without one are predicted.

use std::collections::{BTreeMap, BTreeSet};

use super::table::{Subject, When, row};
use super::{Going, machines, raise_changes};
use crate::address::Address;
use crate::diff::{documents, is_locked};
use crate::kinds::{Certainty, Effect};
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft, Operation};
use crate::resource::Resource;
use crate::template::minor;
use crate::value::Value;

/// The label that takes a patch out of force, from Omni 1.10 on.
const DISABLED: &str = "omni.sidero.dev/disabled";

pub(super) fn judge(
    scene: &Scene<'_>,
    draft: &mut Draft<'_>,
    renames: &BTreeMap<Address, String>,
    going: &Going,
    unlocked: &BTreeSet<String>,
) {
    let nodes = going.touched(scene, draft);
    let affected = nodes.len();
    if affected == 0 {
        return;
    }
    if let Some(note) = renames.get(&draft.address) {
        draft.notes.push(note.clone());
        return;
    }
    let heeded = scene.snapshot().omni.version.known().and_then(|v| minor(v)).is_some_and(|m| m >= (1, 10));
    let off = |r: &Resource| heeded && r.labels.contains_key(DISABLED);
    match draft.operation.clone() {
        Operation::Update { before, after } => {
            let (was, will) = (off(&before), off(&after));
            raise_changes(draft, |change| {
                let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
                match path.as_slice() {
                    _ if change.formatting || (was && will) => (Effect::None, Certainty::Derived),
                    ["labels", DISABLED] if was == will => (Effect::None, Certainty::Derived),
                    // What it says comes into force, or goes out of it, as a whole.
                    ["labels", DISABLED] => content(if will { &before } else { &after }),
                    ["data", "machine configuration", field @ ..] | ["data", field @ ..] => of_field(field),
                    path => {
                        let row = row(Subject::Patch, path, When::Changes);
                        (row.effect, row.certainty)
                    }
                }
            });
        }
        Operation::Create(patch) | Operation::Teardown { before: patch, .. } if !off(&patch) => {
            let (effect, certainty) = content(&patch);
            draft.raise(effect, certainty);
        }
        _ => {}
    }
    if !matches!(draft.action, Action::Create | Action::Update | Action::AdoptUpdate | Action::Destroy) {
        return;
    }
    let locked =
        nodes.iter().filter(|n| is_locked(&n.resource) && !unlocked.contains(&n.resource.id.id)).count();
    let mut scope = machines(affected - locked);
    if locked > 0 {
        scope.push_str(&format!(" ({locked} locked besides, which it does not reach)"));
    }
    match draft.effect {
        Effect::Hot => draft
            .notes
            .push(format!("predicted: applied to {scope} without a reboot, one at a time per machine set")),
        Effect::Unknown => draft.notes.push(format!(
            "{scope} in scope; whether Talos applies these fields without a reboot is not predicted"
        )),
        _ => {}
    }
}

/// The worst of all fields that a patch sets; of a patch that cannot be read nobody knows.
fn content(patch: &Resource) -> (Effect, Certainty) {
    let text = patch.spec.get("data").and_then(Value::as_str).unwrap_or_default();
    let Some(documents) = documents(text) else { return of_field(&[]) };
    let mut worst = (Effect::None, Certainty::Derived);
    for document in &documents {
        fields(document, &mut Vec::new(), &mut |path| worst = worst.max(of_field(path)));
    }
    worst
}

fn of_field(path: &[&str]) -> (Effect, Certainty) {
    let row = row(Subject::Talos, path, When::Changes);
    (row.effect, row.certainty)
}

/// Calls `visit` with the path of every leaf.
fn fields<'v>(value: &'v Value, path: &mut Vec<&'v str>, visit: &mut impl FnMut(&[&str])) {
    match value {
        Value::Map(map) if !map.is_empty() => {
            for (key, value) in map {
                path.push(key);
                fields(value, path, visit);
                path.pop();
            }
        }
        _ => visit(path),
    }
}
