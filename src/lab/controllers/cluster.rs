//! What appears with a cluster before it has machines.

use serde_json::json;

use super::super::labels;
use super::super::omni::{Key, Resource};
use super::super::world::Pass;
use super::view::flag;

/// Finalizers of a cluster in the order they are seen.
const FINALIZERS: [&str; 13] = [
    "TalosUpgradeStatusController",
    "ClusterConfigVersionController",
    "ClusterStatusController",
    "ClusterController",
    "BackupDataController",
    "ClusterEndpointController",
    "ClusterKubernetesManifestsStatusController",
    "ClusterWorkloadProxyStatusController",
    "ClusterWorkloadProxyController",
    "SecretsController",
    "ClusterUUIDController",
    "KubernetesUpgradeStatusController",
    "ClusterDestroyStatusController",
];

/// Finalizers, identity, bootstrap and load balancer statuses, the discovery patch.
pub fn run(pass: &mut Pass<'_>) {
    for cluster in pass.all("Clusters") {
        if cluster.tearing_down() {
            continue;
        }
        let id = cluster.key.id.clone();
        pass.hold(&cluster, &FINALIZERS);
        if pass.get("ClusterUUIDs", &id).is_none() {
            let uuid = pass.world.random.uuid();
            pass.create(
                Resource::new(Key::of("ClusterUUIDs", &id), json!({ "uuid": uuid }))
                    .owned_by("ClusterUUIDController"),
            );
        }
        pass.create(
            Resource::new(
                Key::of("ClusterConfigVersions", &id),
                json!({ "version": format!("v{}", cluster.text("/talos_version")) }),
            )
            .owned_by("ClusterConfigVersionController"),
        );
        let port = 10_000 + pass.all("LoadBalancerConfigs").len();
        pass.create(
            Resource::new(
                Key::of("LoadBalancerConfigs", &id),
                json!({
                    "bind_port": port.to_string(),
                    "siderolink_endpoint": format!("https://[fdae:41e4:649b:9303::1]:{port}"),
                }),
            )
            .owned_by("LoadBalancerController")
            .label(labels::CLUSTER, &id),
        );
        pass.create(
            Resource::new(Key::of("LoadBalancerStatuses", &id), json!({ "stopped": true }))
                .owned_by("LoadBalancerController")
                .label(labels::CLUSTER, &id),
        );
        pass.create(
            Resource::new(Key::of("ClusterBootstrapStatuses", &id), json!({}))
                .owned_by("ClusterBootstrapStatusController"),
        );
        let patch = format!("950-discovery-service-{id}");
        if flag(&cluster, "/features/use_embedded_discovery_service") {
            pass.create(
                Resource::new(
                    Key::of("ConfigPatches", &patch),
                    json!({ "data": "cluster:\n  discovery:\n    registries:\n      service:\n        endpoint: http://[fdae:41e4:649b:9303::1]:8093\n" }),
                )
                .owned_by("DiscoveryServiceConfigPatchController")
                .label(labels::CLUSTER, &id)
                .label(labels::SYSTEM_PATCH, ""),
            );
        } else if pass.get("ConfigPatches", &patch).is_some() {
            pass.destroy("ConfigPatches", &patch);
        }
    }
}
