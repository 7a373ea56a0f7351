//! Static machines: joining a cluster installs Talos on them, leaving it resets them.

use super::table::{Subject, When, row};
use super::{LOST, raise_changes, unlock, victims};
use crate::kinds::Effect;
use crate::plan::machines::Machines;
use crate::plan::{Action, Draft};

pub(super) fn judge(known: &Machines<'_>, draft: &mut Draft<'_>) {
    match draft.action {
        Action::Create => {
            let row = row(Subject::Machine, &[], When::Added);
            draft.raise(row.effect, row.certainty);
            draft.notes.push("the machine joins the cluster and is installed".to_owned());
        }
        Action::Destroy => {
            let live: Vec<_> = draft.live.into_iter().collect();
            let row = row(Subject::Machine, &[], When::Removed);
            draft.lose(victims::all(known, &live));
            draft.raise(row.effect, row.certainty);
            draft.notes.push(format!("the machine leaves the cluster and is reset; {LOST}"));
        }
        Action::Update | Action::AdoptUpdate => {
            let cluster = |r: Option<&crate::resource::Resource>| {
                r.and_then(|r| r.omni_label("cluster")).unwrap_or_default().to_owned()
            };
            let (from, to) = (cluster(draft.live.map(|l| &l.resource)), cluster(draft.wanted));
            if from != to {
                draft.notes.push(format!(
                    "takes the machine from cluster `{}`, as `omnictl cluster template sync` would without a word",
                    crate::untrusted::Untrusted::new(from).line(80)
                ));
            }
            let machine = draft.live.and_then(|l| known.of(l));
            raise_changes(draft, |change| {
                let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
                match path.as_slice() {
                    ["annotations", mark] if unlock::is_lock(mark) => unlock::effect(
                        change,
                        row(Subject::Machine, &["locked"], When::Changes),
                        machine.into_iter(),
                    ),
                    path => {
                        let row = row(Subject::Machine, path, When::Changes);
                        (row.effect, row.certainty)
                    }
                }
            });
            if draft.changes.iter().any(|c| c.effect == Effect::Unknown && unlock::releases(c)) {
                draft.notes.push(unlock::NOTE.to_owned());
            }
        }
        _ => {}
    }
}
