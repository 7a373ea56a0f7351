//! The status of a cluster.

use serde_json::json;

use super::super::labels;
use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};
use super::view::{flag, is_control_plane, number};

/// One status for each cluster.
pub fn run(pass: &mut Pass<'_>) {
    for cluster in pass.all("Clusters") {
        let id = cluster.key.id.clone();
        let statuses = pass.labelled("MachineSetStatuses", labels::CLUSTER, &id);
        let sum =
            |field: &str| statuses.iter().map(|s| number(s, &format!("/machines/{field}"))).sum::<u64>();
        let any = |phase: u64| statuses.iter().any(|s| number(s, "/phase") == phase);
        let phase = if cluster.tearing_down() {
            4
        } else if statuses.is_empty() {
            0
        } else if any(1) {
            1
        } else if any(2) || any(4) {
            2
        } else {
            3
        };
        let api = pass.get("LoadBalancerStatuses", &id).is_some_and(|l| flag(&l, "/healthy"));
        let planes = statuses.iter().filter(|s| is_control_plane(s));
        let control = planes.clone().count() > 0 && planes.clone().all(|s| flag(s, "/ready"));
        let connected_planes = planes.map(|s| number(s, "/machines/connected")).sum::<u64>() > 0;
        let ready = phase == 3 && api && statuses.iter().all(|s| flag(s, "/ready"));
        let initial = pass
            .get("ClusterConfigVersions", &id)
            .map(|v| v.text("/version").trim_start_matches('v').to_owned())
            .unwrap_or_default();
        let mut spec = json!({
            "available": connected_planes,
            "machines": {
                "total": sum("total"), "healthy": sum("healthy"), "connected": sum("connected"),
                "requested": sum("requested"),
            },
            "phase": phase,
            "ready": ready,
            "kubernetesAPIReady": api && !cluster.tearing_down(),
            "controlplaneReady": control,
            "has_connected_control_planes": connected_planes,
            "use_embedded_discovery_service": flag(&cluster, "/features/use_embedded_discovery_service"),
            "talos_version": cluster.text("/talos_version"),
            "kubernetes_version": cluster.text("/kubernetes_version"),
        });
        if let Some(fields) = spec.as_object_mut().filter(|_| pass.world.omni.knows_new()) {
            fields.insert("initial_talos_version".to_owned(), initial.into());
        }
        let spec = lean(spec);
        if cluster.tearing_down() && pass.get("ClusterStatuses", &id).is_none() {
            continue;
        }
        pass.put(Resource::new(Key::of("ClusterStatuses", &id), spec).owned_by("ClusterStatusController"));
        if let Some(status) = pass.get("ClusterStatuses", &id).filter(|s| !s.tearing_down()) {
            pass.hold(
                &status,
                &["ClusterBootstrapStatusController", "DiscoveryServiceConfigPatchController"],
            );
        }
    }
}
