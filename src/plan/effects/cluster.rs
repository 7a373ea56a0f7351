//! Clusters: versions, features, removal.

use super::{LOST, machines, machines_do, victims};
use crate::kinds::{Certainty, Effect};
use crate::plan::machines::Machines;
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft};

pub(super) fn judge(scene: &Scene<'_>, known: &Machines<'_>, draft: &mut Draft<'_>) {
    let name = draft.address.name().to_owned();
    let live = scene.machines(&name);
    match draft.action {
        Action::Destroy => {
            draft.lose(victims::whole_cluster(scene, known, &name, &live));
            draft.raise(Effect::Destroy, Certainty::Derived);
            let going = machines_do(draft.lost.len(), "go");
            let lost = if draft.lost.is_empty() { String::new() } else { format!("; {LOST}") };
            draft.notes.push(format!("{going} with it, and everything below the cluster{lost}"));
        }
        Action::Update | Action::AdoptUpdate => {
            for change in &mut draft.changes {
                let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
                (change.effect, change.certainty) = match path.as_slice() {
                    _ if live.is_empty() => (Effect::None, Certainty::Derived),
                    ["kubernetes", "version"] => (Effect::Hot, Certainty::Predicted),
                    ["talos", "version"] => (Effect::Reboot, Certainty::Predicted),
                    ["labels" | "annotations", ..] => (Effect::None, Certainty::Predicted),
                    _ => (Effect::Unknown, Certainty::Predicted),
                };
            }
            let has = |path: [&str; 2]| draft.changes.iter().any(|c| c.path == path);
            let (kubernetes, talos) = (has(["kubernetes", "version"]), has(["talos", "version"]));
            if !live.is_empty() {
                if talos {
                    draft.notes.push(format!(
                        "predicted: {}, one at a time, control planes first",
                        machines_do(live.len(), "reboot")
                    ));
                }
                if kubernetes {
                    draft.notes.push(format!(
                        "predicted: components restart on {}, one node at a time, without a reboot",
                        machines(live.len())
                    ));
                }
                if kubernetes && talos {
                    draft.notes.push("Omni starts both upgrades at once; Talos finishes first".to_owned());
                }
            }
            for (effect, certainty) in
                draft.changes.iter().map(|c| (c.effect, c.certainty)).collect::<Vec<_>>()
            {
                draft.raise(effect, certainty);
            }
        }
        _ => {}
    }
}
