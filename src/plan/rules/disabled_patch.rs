//! Patches that somebody marked as switched off, on a server that gives the mark no meaning: they are in force.

use super::codes;
use crate::plan::Warning;
use crate::plan::scene::Scene;
use crate::template::minor;
use crate::untrusted::Untrusted;

/// The mark, which Omni 1.10 and newer heed.
const DISABLED: &str = "disabled";

pub(super) fn rule(scene: &Scene<'_>, out: &mut Vec<Warning>) {
    let Some(version) = scene.snapshot().omni.version.known() else { return };
    if minor(version).is_none_or(|minor| minor >= (1, 10)) {
        return;
    }
    for cluster in &scene.input.desired.clusters {
        for patch in scene.in_cluster("ConfigPatches", &cluster.name) {
            if patch.resource.omni_label(DISABLED).is_none() {
                continue;
            }
            out.push(Warning {
                code: codes::DISABLED_PATCH.to_owned(),
                address: crate::graph::address_of(&patch.resource),
                message: format!(
                    "the patch `{}` is marked as disabled, which Omni {} does not heed: it is in force",
                    Untrusted::new(&patch.resource.id.id).line(80),
                    Untrusted::new(version).line(40)
                ),
                blocks: false,
                help: Some(
                    "remove the patch to switch it off; only Omni 1.10 and newer know the label".to_owned(),
                ),
                ..Warning::default()
            });
        }
    }
}
