//! Machines that were asked for and are not in their set yet, and requests on their way out.

use std::collections::BTreeSet;

use super::machine::request;
use super::model::{Missing, MissingKind, Vm};
use super::phase::RequestStage;
use super::sight::{flag, name, number, text};
use super::vm::Vms;
use crate::plan::scene::{MADE_BY_OMNI, Readable, Scene};
use crate::resource::{LiveResource, Phase, ResourceId};
use crate::value::Value;

/// Requests and named machines of a set that are none of its `members`.
pub(super) fn missing<'a>(
    scene: &Scene<'a>,
    vms: &Vms<'_>,
    cluster: &str,
    set: &str,
    members: &[&'a LiveResource],
) -> Vec<Missing> {
    let uuids: BTreeSet<&str> = members.iter().map(|m| m.resource.id.id.as_str()).collect();
    let used: BTreeSet<&str> = members.iter().filter_map(|m| request(scene, m)).collect();
    let mut out = Vec::new();
    for id in requests(scene, cluster, set) {
        let status = scene.live(&ResourceId::default_ns("ClusterMachineRequestStatuses", id));
        let uuid = status.and_then(|s| s.resource.spec.get("machine_uuid")).and_then(Value::as_str);
        if used.contains(id) || uuid.is_some_and(|u| uuids.contains(u)) {
            continue;
        }
        out.push(of_request(scene, vms, id, status));
    }
    for node in scene.machines_of_set(cluster, set) {
        let id = node.resource.id.id.as_str();
        // Nodes that Omni made for a class have a request, which says more.
        let made = node.resource.labels.contains_key(MADE_BY_OMNI);
        if !uuids.contains(id) && !made {
            out.push(of_node(scene, id));
        }
    }
    out.sort_by(|a, b| a.id.cmp(&b.id));
    out
}

/// Ids of all requests of a set.
fn requests<'a>(scene: &Scene<'a>, cluster: &str, set: &str) -> BTreeSet<&'a str> {
    let told = scene
        .in_cluster("ClusterMachineRequestStatuses", cluster)
        .iter()
        .copied()
        .filter(|r| r.resource.omni_label("machine-set") == Some(set));
    let made = scene.snapshot().omni.list("MachineRequests").iter();
    let made = made.filter(|r| r.resource.omni_label("machine-request-set") == Some(set));
    told.chain(made).map(|r| r.resource.id.id.as_str()).collect()
}

fn of_request(scene: &Scene<'_>, vms: &Vms<'_>, id: &str, status: Option<&LiveResource>) -> Missing {
    let at_provider = |short: &str| {
        scene.live(&ResourceId { namespace: "infra-provider".into(), ..ResourceId::default_ns(short, id) })
    };
    let request = at_provider("MachineRequests");
    let own = at_provider("MachineRequestStatuses");
    let provider = status
        .and_then(|s| s.resource.spec.get("provider_id"))
        .and_then(Value::as_str)
        .or_else(|| request.and_then(|r| r.resource.omni_label("infra-provider-id")))
        .filter(|p| !p.is_empty());
    let leaving = request.is_some_and(|r| r.phase == Phase::TearingDown);
    let stage = match status.map(|s| RequestStage::of(number(s, &["stage"]))) {
        Some(stage) => stage,
        None if leaving => RequestStage::Deprovisioning,
        None if scene.readable("ClusterMachineRequestStatuses") != Readable::Yes => RequestStage::Unknown,
        None => RequestStage::Pending,
    };
    let failed = stage == RequestStage::Failed;
    let error = status
        .and_then(|s| text(s, &["error"]))
        .or_else(|| own.and_then(|s| text(s, &["error"])))
        .or_else(|| status.filter(|_| failed).and_then(|s| text(s, &["status"])))
        .or_else(|| failed.then(|| "no reason given".to_owned()));
    Missing {
        id: name(id),
        kind: MissingKind::Request,
        stage,
        step: status
            .filter(|_| !failed)
            .and_then(|s| text(s, &["status"]))
            .or_else(|| own.filter(|_| !failed).and_then(|s| text(s, &["status"]))),
        error,
        provider: provider.map(name),
        provider_down: provider.is_some_and(|p| down(scene, p)),
        leaving: leaving || stage == RequestStage::Deprovisioning,
        vm: vms.of(Some(id), provider),
    }
}

/// Whether Omni says that a provider is not connected.
fn down(scene: &Scene<'_>, provider: &str) -> bool {
    let id = ResourceId {
        namespace: "ephemeral".into(),
        ..ResourceId::default_ns("InfraProviderCombinedStatuses", provider)
    };
    scene.live(&id).is_some_and(|s| !flag(s, &["health", "connected"]))
}

/// A machine that was named by its UUID.
fn of_node(scene: &Scene<'_>, id: &str) -> Missing {
    let step = match scene.live(&ResourceId::default_ns("MachineStatuses", id)) {
        None => "Omni does not know this machine",
        Some(m) if !flag(m, &["connected"]) => "Omni does not hear this machine",
        Some(_) => "Omni has not taken it into the set yet",
    };
    Missing {
        id: name(id),
        kind: MissingKind::Node,
        stage: RequestStage::Unknown,
        step: Some(step.to_owned()),
        error: None,
        provider: None,
        provider_down: false,
        leaving: false,
        vm: Vm::Elsewhere,
    }
}
