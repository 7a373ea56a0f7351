//! Targets and excludes together: what is excluded wins, which is easily overlooked.

use super::codes;
use crate::plan::Warning;
use crate::plan::scene::Scene;

pub(super) fn rule(scene: &Scene<'_>, out: &mut Vec<Warning>) {
    let Some(selection) = scene.selection() else { return };
    if selection.targets.is_empty() || selection.excludes.is_empty() {
        return;
    }
    out.push(Warning {
        code: codes::MIXED_SCOPE.to_owned(),
        message: "targets and excludes are mixed: what is excluded is left out even where it is a target, and so is what needs it"
            .to_owned(),
        help: Some("use one of the two, so that a reader sees at once what is planned".to_owned()),
        ..Warning::default()
    });
}
