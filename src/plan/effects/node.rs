//! Static machines: joining a cluster installs Talos on them, leaving it resets them.

use super::{LOST, victims};
use crate::kinds::{Certainty, Effect};
use crate::plan::machines::Machines;
use crate::plan::{Action, Draft};

pub(super) fn judge(known: &Machines<'_>, draft: &mut Draft<'_>) {
    match draft.action {
        Action::Create => draft.notes.push("the machine joins the cluster and is installed".to_owned()),
        Action::Destroy => {
            let live: Vec<_> = draft.live.into_iter().collect();
            draft.lose(victims::all(known, &live));
            draft.raise(Effect::Destroy, Certainty::Derived);
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
            for change in &mut draft.changes {
                let metadata = change.path.first().is_some_and(|p| p == "labels" || p == "annotations")
                    && change.path.get(1).is_none_or(|k| !k.starts_with(crate::resource::OMNI_PREFIX));
                (change.effect, change.certainty) = if metadata {
                    (Effect::None, Certainty::Predicted)
                } else {
                    (Effect::Unknown, Certainty::Predicted)
                };
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
