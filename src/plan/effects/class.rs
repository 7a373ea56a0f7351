//! Class edits: Omni copies class data into new machine requests only; existing ones keep the old text.

use super::machines;
use crate::kinds::{Certainty, Effect};
use crate::plan::scene::{Readable, Scene};
use crate::plan::{Action, Draft};

pub(super) fn judge(scene: &Scene<'_>, draft: &mut Draft<'_>) {
    if !matches!(draft.action, Action::Update | Action::AdoptUpdate) {
        return;
    }
    let sets = scene.sets_of_class(draft.address.name());
    let count: usize = sets
        .iter()
        .filter_map(|s| Some((s.resource.omni_label("cluster")?, s.resource.id.id.as_str())))
        .map(|(cluster, set)| scene.machines_of_set(cluster, set).len())
        .sum();
    let known =
        scene.readable("MachineSets") == Readable::Yes && scene.readable("MachineSetNodes") == Readable::Yes;
    let effect = if known && count == 0 { Effect::None } else { Effect::NoEffect };
    for change in &mut draft.changes {
        change.effect = effect;
    }
    draft.raise(effect, Certainty::Derived);
    draft.notes.push(match (known, count) {
        (false, _) => "existing machines do not change: Omni uses class data for new machines only".to_owned(),
        (true, 0) => "no machine of this class exists yet".to_owned(),
        (true, n) => format!(
            "stored, but 0 of {} change: Omni uses class data for new machines only; replace machines to apply it",
            machines(n)
        ),
    });
}
