//! Machine sets: more machines, fewer machines, other machines.

use super::table::{Subject, When, row};
use super::{LOST, machines, machines_do, raise_changes, victims};
use crate::graph::edges::class_of_set;
use crate::kinds::{Certainty, Effect};
use crate::plan::facts::{Wanted, allocation};
use crate::plan::machines::Machines;
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft};

pub(super) fn judge(scene: &Scene<'_>, known: &Machines<'_>, draft: &mut Draft<'_>) {
    let Some(subject) = draft.subject() else { return };
    let cluster = subject.omni_label("cluster").unwrap_or_default().to_owned();
    let live = scene.machines_of_set(&cluster, &subject.id.id).to_vec();
    match draft.action {
        Action::Create => {
            let row = row(Subject::MachineSet, &[], When::Added);
            draft.raise(row.effect, row.certainty);
            if let (Some(class), Some(wanted)) = (class_of_set(subject), allocation(subject)) {
                draft.notes.push(match wanted {
                    Wanted::Count(n) => format!("{} of class {class}", machines(n as usize)),
                    Wanted::Unlimited => format!("every free machine of class {class}"),
                });
            }
        }
        Action::Destroy => {
            draft.lose(victims::whole_set(scene, known, &subject.id.id, &live));
            let row = row(Subject::MachineSet, &[], When::Removed);
            draft.raise(row.effect, row.certainty);
            draft.notes.push(match draft.lost.len() {
                0 => "it has no machines".to_owned(),
                1 => format!("its only machine goes with it; {LOST}"),
                n => format!("all {n} machines go with it; {LOST}"),
            });
        }
        Action::Update | Action::AdoptUpdate => update(scene, known, draft, &live),
        _ => {}
    }
}

fn update(
    scene: &Scene<'_>,
    known: &Machines<'_>,
    draft: &mut Draft<'_>,
    live: &[&crate::resource::LiveResource],
) {
    let (Some(before), Some(after)) = (draft.live.map(|l| &l.resource), draft.wanted) else { return };
    let counts = match (allocation(before), allocation(after)) {
        (Some(Wanted::Count(b)), Some(Wanted::Count(a))) => Some((b, a)),
        _ => None,
    };
    let when = match counts {
        Some((b, a)) if a >= b => When::Grows,
        Some(_) => When::Shrinks,
        None => When::Changes,
    };
    raise_changes(draft, |change| {
        let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
        let row = match path.as_slice() {
            path @ ["machineClass", "size"] => row(Subject::MachineSet, path, when),
            path => row(Subject::MachineSet, path, When::Changes),
        };
        match row.effect {
            Effect::Unknown if live.is_empty() => (Effect::None, Certainty::Derived),
            effect => (effect, row.certainty),
        }
    });
    if let Some((b, a)) = counts {
        if a > b {
            let class = class_of_set(after).unwrap_or_default();
            draft.notes.push(format!(
                "{} of class {class} in addition; existing ones do not change",
                machines((a - b) as usize)
            ));
        } else if a < b {
            draft.lose(victims::scale_down(scene, known, &after.id.id, live, (b, a)));
            draft.notes.push(match draft.lost.len() {
                0 => "no machine goes: the set never had as many as it was to have".to_owned(),
                n => format!(
                    "{}; Omni chooses: without status first, then disconnected, then the oldest; {LOST}",
                    machines_do(n, "go")
                ),
            });
        }
    }
    if draft.changes.iter().any(|c| c.path == ["machineClass", "name"]) && !live.is_empty() {
        draft.notes.push(
            "new machines come from the new class; what happens to existing ones is not predicted".to_owned(),
        );
    }
}
