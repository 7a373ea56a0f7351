//! Files without any cluster look like a broken checkout; a plan that then removes clusters says so.

use super::codes;
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft, Warning};

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    let removed = drafts.iter().any(|d| d.kind() == "Clusters" && d.action == Action::Destroy);
    let declared = scene.input.desired.clusters.iter().any(|c| !c.resources.is_empty());
    if removed && !declared {
        out.push(Warning {
            code: codes::NOTHING_DECLARED.to_owned(),
            guard: Some("G15".to_owned()),
            address: None,
            message:
                "the files declare no cluster any more, and clusters that they declared before are removed"
                    .to_owned(),
            blocks: false,
            help: Some("if that is not meant, look at the checkout and at `clusters` in the spec".to_owned()),
            ..Warning::default()
        });
    }
}
