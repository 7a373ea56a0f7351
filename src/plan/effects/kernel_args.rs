//! Kernel arguments: how and when machines take them up is not pinned, so the effect is unknown.

use crate::kinds::{Certainty, Effect};
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft};

pub(super) fn judge(_scene: &Scene<'_>, draft: &mut Draft<'_>) {
    let content = match draft.action {
        Action::Create => true,
        Action::Update | Action::AdoptUpdate => {
            for change in
                draft.changes.iter_mut().filter(|c| c.path.first().is_some_and(|p| p == "kernelArgs"))
            {
                change.effect = Effect::Unknown;
                change.certainty = Certainty::Predicted;
            }
            draft.changes.iter().any(|c| c.effect == Effect::Unknown)
        }
        _ => false,
    };
    if content {
        draft.raise(Effect::Unknown, Certainty::Predicted);
        draft
            .notes
            .push("whether the machine reboots for other kernel arguments is not predicted".to_owned());
    }
}
