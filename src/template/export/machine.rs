//! Machine documents.

use super::Fidelity;
use super::collect::Scope;
use super::fields::{Fields, text, texts};
use super::levels::{Level, extensions, patches};
use crate::resource::{LiveResource, OMNI_PREFIX};
use crate::yaml::Out;

/// Machine documents of all static machines by id. omnictl writes one for each, the full form only where there is something to
/// say.
pub(super) fn machines(scope: &Scope<'_>) -> Vec<Out> {
    let full = scope.options.fidelity == Fidelity::Full;
    let is = |set: &LiveResource, id: &str| set.resource.id.id == id;
    let mut nodes: Vec<(&LiveResource, bool)> = Vec::new();
    for (set, machines) in &scope.nodes {
        let control_plane = scope.control_plane.is_some_and(|c| is(c, set));
        if !full || control_plane || scope.workers.iter().any(|w| is(w, set)) {
            nodes.extend(machines.iter().map(|node| (*node, control_plane)));
        }
    }
    nodes.sort_by(|a, b| a.0.resource.id.id.cmp(&b.0.resource.id.id));
    nodes
        .into_iter()
        .map(|(node, control_plane)| machine(scope, node, control_plane))
        .filter(|fields| !full || !fields.only(2))
        .map(Fields::out)
        .collect()
}

fn machine(scope: &Scope<'_>, node: &LiveResource, control_plane: bool) -> Fields {
    let full = scope.options.fidelity == Fidelity::Full;
    let id = node.resource.id.id.as_str();
    let locked = node.resource.annotations.contains_key(&format!("{OMNI_PREFIX}locked"));
    let config = scope.disk_configs.get(id).map(|config| &config.resource.spec);
    let of_config = |key: &str| config.map(|spec| text(spec, key)).unwrap_or_default();
    let disk = scope.disks.get(id).map_or(of_config("disk"), String::as_str);
    let install = Fields::default().text("disk", disk).text("diskSelector", of_config("disk_selector"));
    let args = match scope.kernel_args.get(id) {
        Some(args) => Some(texts(&args.resource.spec, "args")),
        // omnictl says also that there are none.
        None => (!full && scope.options.kernel_args).then_some(Out::List(Vec::new())),
    };
    Fields::document("Machine")
        .maybe("systemExtensions", extensions(scope, scope.extensions.of_machine(id), id))
        .put("name", Out::from(id))
        .descriptors(&node.resource, &[])
        // Templates cannot lock a machine of the control plane; omnictl ends here.
        .flag("locked", locked && !(full && control_plane))
        .map("install", install)
        .list("patches", patches(scope, scope.patches.of_machine(id), Level::Machine(id)))
        .maybe("kernelArgs", args)
}
