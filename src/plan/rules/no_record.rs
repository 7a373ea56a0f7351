//! Without a record the plan compares two ways and prunes nothing; one line says so.

use super::codes;
use crate::graph::Prune;
use crate::plan::Warning;
use crate::plan::scene::Scene;

pub(super) fn rule(scene: &Scene<'_>, out: &mut Vec<Warning>) {
    if scene.input.record.is_some() {
        return;
    }
    let pruned = scene.input.desired.clusters.iter().any(|c| c.prune == Prune::Template);
    let message = if pruned {
        "no record of earlier applies: drift is not told apart from edits, and outside `clusters.prune: template` nothing is destroyed"
    } else {
        "no record of earlier applies: drift is not told apart from edits, and nothing is destroyed"
    };
    out.push(Warning {
        code: codes::NO_RECORD.to_owned(),
        address: None,
        message: message.to_owned(),
        blocks: false,
        help: None,
        ..Warning::default()
    });
}
