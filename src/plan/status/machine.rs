//! A machine in its cluster.

use std::collections::BTreeSet;

use super::model::{MachineStatus, Versions};
use super::phase::Stage;
use super::sight::{annotated, flag, labelled, name, number, text, version};
use super::vm::Vms;
use crate::plan::DesiredCluster;
use crate::plan::scene::Scene;
use crate::resource::{LiveResource, ResourceId};
use crate::value::Value;

/// Number of `config_apply_status`.
const APPLY_FAILED: i128 = 3;

/// What a machine is compared with.
pub(super) struct Wanted<'a> {
    /// The template; none for a cluster that no file declares.
    pub(super) template: Option<&'a DesiredCluster>,
    pub(super) kubernetes: &'a Versions,
    pub(super) talos: &'a Versions,
}

/// The machine request of a machine: its own status names it, else the machine's labels or the request's status do.
pub(super) fn request<'a>(scene: &Scene<'a>, machine: &'a LiveResource) -> Option<&'a str> {
    let own = machine.resource.spec.at(&["provision_status", "request_id"]).and_then(Value::as_str);
    let id = machine.resource.id.id.as_str();
    own.filter(|r| !r.is_empty()).or_else(|| Some(scene.machine_name(id)).filter(|r| *r != id))
}

/// One machine, from its `ClusterMachineStatus`.
pub(super) fn machine(
    scene: &Scene<'_>,
    vms: &Vms<'_>,
    wanted: &Wanted<'_>,
    live: &LiveResource,
) -> MachineStatus {
    let id = live.resource.id.id.as_str();
    let of_machine = |short| scene.live(&ResourceId::default_ns(short, id));
    let hardware = of_machine("MachineStatuses");
    let node = live.resource.omni_label("node-name").filter(|n| !n.is_empty());
    let request = request(scene, live);
    let provider = live.resource.spec.at(&["provision_status", "provider_id"]).and_then(Value::as_str);
    let talos = hardware.and_then(|m| version(m, &["talos_version"]));
    let kubernetes = node.and_then(|n| kubelet(scene, live.resource.omni_label("cluster")?, n));
    let stage = Stage::of(number(live, &["stage"]));
    // Before it is installed a machine runs the image that it was started from.
    let installed = matches!(stage, Stage::Running | Stage::Upgrading | Stage::Rebooting);
    let hardware_installed = hardware.filter(|_| installed);
    let differs = |runs: Option<&str>, asked: &Versions| {
        runs.zip(asked.wanted()).is_some_and(|(runs, asked)| runs != asked)
    };
    MachineStatus {
        id: name(id),
        node: node.map(name),
        request: request.map(name),
        stage,
        ready: flag(live, &["ready"]),
        connected: labelled(live, "connected") || hardware.is_some_and(|m| flag(m, &["connected"])),
        locked: annotated(live, "locked"),
        config_up_to_date: flag(live, &["config_up_to_date"]),
        update_locked: labelled(live, "locked-update"),
        config_error: (number(live, &["config_apply_status"]) == APPLY_FAILED)
            .then(|| text(live, &["last_config_error"]).unwrap_or_else(|| "no reason given".to_owned())),
        talos_outdated: installed && differs(talos.as_deref(), wanted.talos),
        talos,
        kubernetes_outdated: differs(kubernetes.as_deref(), wanted.kubernetes),
        kubernetes,
        image_outdated: hardware_installed
            .is_some_and(|m| other_image(m, of_machine("SchematicConfigurations"))),
        extensions_missing: hardware_installed
            .map_or_else(Vec::new, |m| extensions(wanted.template, live, m)),
        vm: vms.of(request, provider),
    }
}

/// Version of the kubelet of a node, as Kubernetes told Omni while its API answered last.
fn kubelet(scene: &Scene<'_>, cluster: &str, node: &str) -> Option<String> {
    let status = scene.live(&ResourceId::default_ns("KubernetesStatuses", cluster))?;
    let Some(Value::List(nodes)) = status.resource.spec.get("nodes") else { return None };
    let of = |n: &Value, key: &str| n.get(key).and_then(Value::as_str).map(str::to_owned);
    let found = nodes.iter().find(|n| of(n, "nodename").as_deref() == Some(node))?;
    of(found, "kubelet_version").filter(|v| !v.is_empty()).map(|v| name(v.trim_start_matches('v')))
}

/// Whether the image that Omni wants is known and another than the one that runs.
fn other_image(hardware: &LiveResource, wanted: Option<&LiveResource>) -> bool {
    let id = |live: &LiveResource, path: &[&str]| {
        live.resource.spec.at(path).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
    };
    let runs = id(hardware, &["schematic", "full_id"]);
    let wanted = wanted.and_then(|w| id(w, &["schematic_id"]));
    runs.zip(wanted).is_some_and(|(runs, wanted)| runs != wanted)
}

/// Extensions of the template that an image lacks. The list of the most specific level counts alone; of several on one
/// level the last by id. More in the image is no fault: the provider's images bring their own.
fn extensions(
    template: Option<&DesiredCluster>,
    member: &LiveResource,
    hardware: &LiveResource,
) -> Vec<String> {
    let full = |e: &str| if e.contains('/') { e.to_owned() } else { format!("siderolabs/{e}") };
    let list = |spec: &Value, path: &[&str]| -> Vec<String> {
        match spec.at(path) {
            Some(Value::List(items)) => items.iter().filter_map(Value::as_str).map(full).collect(),
            _ => Vec::new(),
        }
    };
    // Before its first report nothing is known of the image.
    if hardware.resource.spec.at(&["schematic", "full_id"]).and_then(Value::as_str).is_none_or(str::is_empty)
    {
        return Vec::new();
    }
    let set = member.resource.omni_label("machine-set");
    let level = |r: &crate::resource::Resource| match (
        r.omni_label("cluster-machine"),
        r.omni_label("machine-set"),
    ) {
        (Some(m), _) => (m == member.resource.id.id).then_some(3),
        (None, Some(s)) => (Some(s) == set).then_some(2),
        (None, None) => Some(1),
    };
    let declared = template.into_iter().flat_map(|t| &t.resources).map(|d| &d.resource);
    let wanted = declared
        .filter(|r| r.id.short_kind() == "ExtensionsConfigurations")
        .filter_map(|r| Some((level(r)?, r.id.id.as_str(), r)))
        .max_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    let Some((_, _, wanted)) = wanted else { return Vec::new() };
    let has: BTreeSet<String> =
        list(&hardware.resource.spec, &["schematic", "extensions"]).into_iter().collect();
    list(&wanted.spec, &["extensions"]).into_iter().filter(|e| !has.contains(e)).map(|e| name(&e)).collect()
}
