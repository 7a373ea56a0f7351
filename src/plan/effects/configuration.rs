//! Config patches. Whether Talos applies a field without a reboot depends on the field; only the fields that recorded
//! timelines show being applied without one are predicted.

use std::collections::BTreeMap;

use super::{Going, machines};
use crate::address::Address;
use crate::diff::documents;
use crate::kinds::{Certainty, Effect};
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft};
use crate::value::Value;

/// Fields of the machine configuration that were seen being applied without a reboot, as prefixes.
const HOT: [&[&str]; 2] = [&["machine", "sysctls"], &["machine", "time", "servers"]];

pub(super) fn judge(
    scene: &Scene<'_>,
    draft: &mut Draft<'_>,
    renames: &BTreeMap<Address, String>,
    going: &Going,
) {
    let Some(subject) = draft.subject() else { return };
    let affected = going.touched(scene, draft).len();
    if affected == 0 {
        return;
    }
    if let Some(note) = renames.get(&draft.address) {
        draft.notes.push(note.clone());
        return;
    }
    let switched_off = subject.labels.contains_key("omni.sidero.dev/disabled");
    let text = |r: Option<&crate::resource::Resource>| {
        r.and_then(|r| r.spec.get("data")).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    match draft.action {
        Action::Update | Action::AdoptUpdate => {
            for change in &mut draft.changes {
                let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
                (change.effect, change.certainty) = match path.as_slice() {
                    _ if change.formatting || switched_off => (Effect::None, Certainty::Derived),
                    ["annotations", ..] => (Effect::None, Certainty::Predicted),
                    ["data", "machine configuration", rest @ ..] | ["data", rest @ ..] => of_field(rest),
                    _ => (Effect::Unknown, Certainty::Predicted),
                };
            }
            for (effect, certainty) in
                draft.changes.iter().map(|c| (c.effect, c.certainty)).collect::<Vec<_>>()
            {
                draft.raise(effect, certainty);
            }
        }
        Action::Create | Action::Destroy if !switched_off => {
            let text = match draft.action {
                Action::Create => text(draft.wanted),
                _ => text(draft.live.map(|l| &l.resource)),
            };
            match documents(&text) {
                Some(documents) => {
                    for document in &documents {
                        fields(document, &mut Vec::new(), &mut |path| {
                            let (effect, certainty) = of_field(path);
                            draft.raise(effect, certainty);
                        });
                    }
                }
                None => draft.raise(Effect::Unknown, Certainty::Predicted),
            }
        }
        _ => {}
    }
    let scope = machines(affected);
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

fn of_field(path: &[&str]) -> (Effect, Certainty) {
    if HOT.iter().any(|hot| path.starts_with(hot)) {
        (Effect::Hot, Certainty::Predicted)
    } else {
        (Effect::Unknown, Certainty::Predicted)
    }
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
