//! Class edits: Omni copies class data into new machine requests only; existing ones keep the old text.

use super::table::{Subject, When, row};
use super::{machines, raise_changes};
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
    raise_changes(draft, |change| {
        let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
        let row = match path.as_slice() {
            ["providerdata", field @ ..] if !field.is_empty() => {
                row(Subject::ProviderData, field, When::Changes)
            }
            path => row(Subject::Class, path, When::Changes),
        };
        match row.effect {
            Effect::NoEffect if known && count == 0 => (Effect::None, Certainty::Derived),
            effect => (effect, row.certainty),
        }
    });
    match (known, count) {
        (true, 0) => draft.notes.push("no machine of this class exists yet".to_owned()),
        _ if draft.effect != Effect::NoEffect => {}
        (false, _) => draft.notes.push(
            "existing machines do not change: Omni uses class data for new machines only".to_owned(),
        ),
        (true, n) => draft.notes.push(format!(
            "stored, but 0 of {} change: Omni uses class data for new machines only; replace machines to apply it",
            machines(n)
        )),
    }
}
