//! Install disks that older templates wrote as patches, on a server where they are resources: it lets no such patch be made or
//! changed any more.

use super::codes;
use crate::plan::scene::{Readable, Scene};
use crate::plan::{Action, Draft, Warning};
use crate::untrusted::Untrusted;

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    if scene.readable("MachineInstallDiskConfigs") != Readable::Yes {
        return;
    }
    let goes = |id: &str| {
        drafts.iter().any(|d| {
            d.action == Action::Destroy
                && d.live
                    .is_some_and(|l| l.resource.id.short_kind() == "ConfigPatches" && l.resource.id.id == id)
        })
    };
    for cluster in &scene.input.desired.clusters {
        for patch in scene.in_cluster("ConfigPatches", &cluster.name) {
            let id = &patch.resource.id.id;
            let machine = patch.resource.omni_label("cluster-machine");
            let leftover = machine.is_some_and(|m| *id == format!("000-cm-{m}-install-disk"));
            if !leftover || !patch.owner.is_empty() || goes(id) {
                continue;
            }
            out.push(Warning {
                code: codes::INSTALL_DISK_PATCH.to_owned(),
                address: crate::graph::address_of(&patch.resource),
                message: format!(
                    "the patch `{}` still sets an install disk, which this Omni keeps as `MachineInstallDiskConfigs`",
                    Untrusted::new(id).line(80)
                ),
                blocks: false,
                help: Some(
                    "write `install: {disk: …}` into the Machine document, apply, and remove the patch in Omni".to_owned(),
                ), ..Warning::default() });
        }
    }
}
