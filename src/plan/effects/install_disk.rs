//! Install disks: Talos is installed on them when a machine gets its place in a cluster. What Omni does with a machine that is
//! installed on another disk is not pinned, so the effect on it is unknown.

use super::table::{Subject, When, row};
use super::{raise_changes, raise_whole};
use crate::kinds::Effect;
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft};
use crate::resource::{Phase, ResourceId};

pub(super) fn judge(scene: &Scene<'_>, draft: &mut Draft<'_>) {
    let Some(machine) = draft.subject().map(|r| r.id.id.clone()) else { return };
    let Some(cluster) = draft.address.cluster_name() else { return };
    let node = scene.live(&ResourceId::default_ns("MachineSetNodes", &machine));
    let placed =
        node.is_some_and(|n| n.phase == Phase::Running && n.resource.omni_label("cluster") == Some(cluster));
    if !placed {
        return;
    }
    match draft.action {
        Action::Create => raise_whole(draft, row(Subject::InstallDisk, &[], When::Added)),
        Action::Destroy => raise_whole(draft, row(Subject::InstallDisk, &[], When::Removed)),
        Action::Update | Action::AdoptUpdate => raise_changes(draft, |change| {
            let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
            let row = row(Subject::InstallDisk, &path, When::Changes);
            (row.effect, row.certainty)
        }),
        _ => return,
    }
    if draft.effect == Effect::Unknown {
        draft
            .notes
            .push("what becomes of a machine that is installed on another disk is not predicted".to_owned());
    }
}
