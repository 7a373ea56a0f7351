//! Clusters: versions, features, locks, removal.

use super::table::{Subject, When, row};
use super::{LOST, machines, machines_do, raise_changes, unlock, victims};
use crate::kinds::{Certainty, Effect};
use crate::plan::machines::Machines;
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft};

pub(super) fn judge(scene: &Scene<'_>, known: &Machines<'_>, draft: &mut Draft<'_>) {
    let name = draft.address.name().to_owned();
    let live = scene.machines(&name);
    match draft.action {
        Action::Destroy => {
            let row = row(Subject::Cluster, &[], When::Removed);
            draft.lose(victims::whole_cluster(scene, known, &name, &live));
            draft.raise(row.effect, row.certainty);
            let going = machines_do(draft.lost.len(), "go");
            let lost = if draft.lost.is_empty() { String::new() } else { format!("; {LOST}") };
            draft.notes.push(format!("{going} with it, and everything below the cluster{lost}"));
        }
        Action::Update | Action::AdoptUpdate => {
            raise_changes(draft, |change| {
                let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
                let row = row(Subject::Cluster, &path, When::Changes);
                match path.as_slice() {
                    _ if live.is_empty() => (Effect::None, Certainty::Derived),
                    ["annotations", mark] if unlock::is_lock(mark) => {
                        unlock::effect(change, row, live.iter().filter_map(|n| known.of(n)))
                    }
                    _ => (row.effect, row.certainty),
                }
            });
            let has = |path: [&str; 2]| draft.changes.iter().any(|c| c.path == path);
            let (kubernetes, talos) = (has(["kubernetes", "version"]), has(["talos", "version"]));
            if live.is_empty() {
                return;
            }
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
            if draft.changes.iter().any(|c| c.effect == Effect::Unknown && unlock::releases(c)) {
                draft.notes.push(unlock::NOTE.to_owned());
            }
        }
        _ => {}
    }
}
