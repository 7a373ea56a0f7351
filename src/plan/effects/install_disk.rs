//! Install disks: Talos is installed on them when a machine gets its place in a cluster. What Omni does with a machine that is
//! installed on another disk is not pinned, so the effect on it is unknown.

use crate::kinds::{Certainty, Effect};
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft};

pub(super) fn judge(scene: &Scene<'_>, draft: &mut Draft<'_>) {
    let Some(machine) = draft.subject().map(|r| r.id.id.clone()) else { return };
    let Some(cluster) = draft.address.cluster_name() else { return };
    let placed = scene.machines(cluster).iter().any(|n| n.resource.id.id == machine);
    let content = |path: &[String]| path.first().is_some_and(|p| p == "install");
    let moves = match draft.action {
        Action::Create | Action::Destroy => true,
        Action::Update | Action::AdoptUpdate => draft.changes.iter().any(|c| content(&c.path)),
        _ => false,
    };
    if !(placed && moves) {
        return;
    }
    for change in draft.changes.iter_mut().filter(|c| content(&c.path)) {
        change.effect = Effect::Unknown;
        change.certainty = Certainty::Predicted;
    }
    draft.raise(Effect::Unknown, Certainty::Predicted);
    draft
        .notes
        .push("what becomes of a machine that is installed on another disk is not predicted".to_owned());
}
