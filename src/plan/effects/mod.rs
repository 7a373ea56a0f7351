//! What a step does to machines: one rule per kind. Only what recorded timelines of a real Omni show is predicted;
//! everything else is `unknown`.

mod class;
mod cluster;
mod configuration;
mod extensions;
mod kernel_args;
mod machine_set;
mod node;
mod renamed;
mod victims;

use super::Draft;
use super::scene::Scene;
use crate::graph::Prune;

/// Fills in effects, notes and lost machines of all steps.
pub(super) fn judge(scene: &Scene<'_>, drafts: &mut [Draft<'_>]) {
    let renames = renamed::find(scene, drafts);
    for draft in drafts {
        if draft.is_record_only() {
            continue;
        }
        match draft.kind() {
            "MachineClasses" => class::judge(scene, draft),
            "Clusters" => cluster::judge(scene, draft),
            "MachineSets" => machine_set::judge(scene, draft),
            "MachineSetNodes" => node::judge(scene, draft),
            "ConfigPatches" => configuration::judge(scene, draft, &renames),
            "ExtensionsConfigurations" => extensions::judge(scene, draft),
            "KernelArgs" => kernel_args::judge(scene, draft),
            // Manifests and health checks concern what runs in the cluster, not its machines.
            _ => {}
        }
        if scene.prune(&draft.address) == Prune::Template {
            note_lost_marks(draft);
        }
    }
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

/// The name of a node's machine, as people know it.
pub(super) fn machine_name(scene: &Scene<'_>, node: &crate::resource::LiveResource) -> String {
    victims::name_of(scene, node)
}

/// `1 machine`, `3 machines`.
pub(super) fn machines(n: usize) -> String {
    if n == 1 { "1 machine".to_owned() } else { format!("{n} machines") }
}
