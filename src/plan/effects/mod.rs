//! What a step does to machines: one judge per kind, all by the one [`table`] of fields. Only what recorded timelines of a
//! real Omni show is predicted; everything else is `unknown`.

mod class;
mod cluster;
mod configuration;
mod extensions;
mod install_disk;
mod kernel_args;
mod kubernetes;
mod machine_set;
mod node;
pub(super) mod renamed;
pub mod table;
mod touched;
mod unlock;
mod victims;

use std::collections::BTreeSet;

use self::table::{Row, Subject};
use super::machines::Machines;
use super::scene::Scene;
use super::{Action, Change, Draft};
use crate::graph::Prune;
use crate::kinds::{Certainty, Effect};
use crate::resource::LiveResource;

/// What is said wherever machines go.
const LOST: &str = "data on local disk is lost";

/// Machines that are gone by the time configuration is taken away.
pub(super) struct Going {
    sets: BTreeSet<String>,
    nodes: BTreeSet<String>,
}

impl Going {
    fn find(drafts: &[Draft<'_>]) -> Self {
        let of = |kind: &str| {
            drafts
                .iter()
                .filter(|d| d.action == Action::Destroy && d.kind() == kind)
                .filter_map(|d| Some(d.subject()?.id.id.clone()))
                .collect()
        };
        Self { sets: of("MachineSets"), nodes: of("MachineSetNodes") }
    }
    /// The machines in the scope of a step about configuration: what is removed is removed after the machines.
    fn touched<'n>(&self, scene: &Scene<'n>, draft: &Draft<'_>) -> Vec<&'n LiveResource> {
        let Some(subject) = draft.subject() else { return Vec::new() };
        let mut nodes = scene.machines_in_scope(subject);
        nodes.retain(|n| {
            draft.action != Action::Destroy
                || !(self.nodes.contains(&n.resource.id.id)
                    || n.resource.omni_label("machine-set").is_some_and(|s| self.sets.contains(s)))
        });
        nodes
    }
}

/// Fills in effects, notes, touched and lost machines of all steps.
pub(super) fn judge(scene: &Scene<'_>, machines: &Machines<'_>, drafts: &mut [Draft<'_>]) {
    let renames = renamed::find(scene, drafts);
    let going = Going::find(drafts);
    let unlocked = touched::unlocked(drafts);
    let images = extensions::images(scene, drafts, &going);
    for (draft, image) in drafts.iter_mut().zip(images) {
        if draft.is_record_only() {
            continue;
        }
        match draft.kind() {
            "MachineClasses" => class::judge(scene, draft),
            "Clusters" => cluster::judge(scene, machines, draft),
            "MachineSets" => machine_set::judge(scene, machines, draft),
            "MachineSetNodes" => node::judge(machines, draft),
            "ConfigPatches" => configuration::judge(scene, draft, &renames, &going, &unlocked),
            "ExtensionsConfigurations" => extensions::judge(scene, draft, image.len(), &going),
            "KernelArgs" => kernel_args::judge(draft),
            "MachineInstallDiskConfigs" => install_disk::judge(scene, draft),
            "KubernetesManifestGroups" => kubernetes::judge(Subject::Manifest, draft),
            "KubernetesHealthChecks" => kubernetes::judge(Subject::HealthCheck, draft),
            _ => {}
        }
        touched::fill(scene, machines, draft, &going, image, &unlocked);
        if scene.prune(&draft.address) == Prune::Template {
            note_lost_marks(draft);
        }
    }
}

/// Gives every field that changes its effect, and the step the worst of them.
fn raise_changes(draft: &mut Draft<'_>, effect: impl Fn(&Change) -> (Effect, Certainty)) {
    let mut changes = std::mem::take(&mut draft.changes);
    for change in &mut changes {
        (change.effect, change.certainty) = effect(change);
        draft.raise(change.effect, change.certainty);
    }
    draft.changes = changes;
}

/// Gives a step about a whole object its effect.
fn raise_whole(draft: &mut Draft<'_>, row: &Row) {
    draft.raise(row.effect, row.certainty);
}

/// With sync's rule, labels and annotations that others put there go; that must not pass unseen.
fn note_lost_marks(draft: &mut Draft<'_>) {
    let gone = draft.changes.iter().filter(|c| {
        c.after.is_none() && matches!(c.path.first().map(String::as_str), Some("labels" | "annotations"))
    });
    let names: Vec<String> = gone
        .filter_map(|c| c.path.get(1))
        .map(|n| format!("`{}`", crate::untrusted::Untrusted::new(n).line(80)))
        .collect();
    if !names.is_empty() {
        draft.notes.push(format!(
            "as with `omnictl cluster template sync`, {} goes: the template does not name it",
            names.join(", ")
        ));
    }
}

/// `1 machine`, `3 machines`.
pub(super) fn machines(n: usize) -> String {
    if n == 1 { "1 machine".to_owned() } else { format!("{n} machines") }
}

/// `1 machine reboots`, `3 machines reboot`.
pub(super) fn machines_do(n: usize, verb: &str) -> String {
    if n == 1 {
        let ending = if verb.ends_with('o') { "es" } else { "s" };
        format!("1 machine {verb}{ending}")
    } else {
        format!("{n} machines {verb}")
    }
}

#[cfg(test)]
mod tests;
