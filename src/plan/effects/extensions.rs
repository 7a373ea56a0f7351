//! System extensions: another list is another installation image, so every machine in scope reboots.

use super::{Going, machines_do};
use crate::kinds::{Certainty, Effect};
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft};

pub(super) fn judge(scene: &Scene<'_>, draft: &mut Draft<'_>, going: &Going) {
    let affected = going.touched(scene, draft);
    if affected == 0 {
        return;
    }
    let content = matches!(draft.action, Action::Create | Action::Destroy)
        || draft.changes.iter().any(|c| c.path.first().is_some_and(|p| p != "annotations"));
    if !content {
        return;
    }
    for change in draft.changes.iter_mut().filter(|c| c.path.first().is_some_and(|p| p != "annotations")) {
        change.effect = Effect::Reboot;
        change.certainty = Certainty::Predicted;
    }
    draft.raise(Effect::Reboot, Certainty::Predicted);
    draft
        .notes
        .push(format!("predicted: {} into a new image, one at a time", machines_do(affected, "reboot")));
}
