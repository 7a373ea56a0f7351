//! The checks of a control plane: WireGuard connections, and etcd's quorum. There are none before bootstrap.

use serde_json::json;

use super::super::labels;
use super::super::omni::{Key, Resource};
use super::super::world::Pass;
use super::bootstrap;
use super::view::{is_control_plane, running_planes};

/// One status for each bootstrapped control plane.
pub fn run(pass: &mut Pass<'_>) {
    for cluster in pass.all("Clusters") {
        let id = cluster.key.id.clone();
        let set = format!("{id}-control-planes");
        let present = pass.get("MachineSets", &set).is_some_and(|s| !s.tearing_down());
        if cluster.tearing_down() || !present || !bootstrap::done(pass, &id) {
            continue;
        }
        let members = pass.labelled("ClusterMachines", labels::CLUSTER, &id);
        let planes = members.iter().filter(|m| is_control_plane(m)).count();
        let broken = pass.world.clusters.get(&id).is_some_and(|c| c.etcd_broken);
        let etcd = if broken {
            let reason = format!("etcd has {} healthy members of {planes}", planes / 2);
            json!({ "type": 1, "status": 2, "severity": 3, "reason": reason })
        } else {
            json!({ "type": 1, "status": if running_planes(pass, &id) * 2 > planes { 1 } else { 2 } })
        };
        let status = json!({ "conditions": [{ "type": 2, "status": 1 }, etcd] });
        pass.put(
            Resource::new(Key::of("ControlPlaneStatuses", &set), status)
                .owned_by("ControlPlaneStatusController")
                .label(labels::CLUSTER, &id),
        );
    }
}
