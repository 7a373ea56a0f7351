//! The load balancer for the Kubernetes API: stopped without a connected control plane, healthy when the API answers.

use serde_json::{Value, json};

use super::super::labels;
use super::super::world::Pass;
use super::bootstrap;
use super::view::{is_control_plane, running_planes};

/// One look at every cluster; it goes on while one is being destroyed.
pub fn run(pass: &mut Pass<'_>) {
    for cluster in pass.all("Clusters") {
        let id = cluster.key.id.clone();
        let now = pass.world.now;
        let connected = pass
            .labelled("ClusterMachines", labels::CLUSTER, &id)
            .iter()
            .filter(|m| is_control_plane(m) && !m.tearing_down())
            .any(|m| pass.world.machines.get(&m.key.id).is_some_and(|m| m.connected(now)));
        // From the first moment of a removal on it does not count as healthy.
        let healthy = !cluster.tearing_down() && bootstrap::done(pass, &id) && running_planes(pass, &id) > 0;
        let spec: Value = match (connected, healthy) {
            (false, _) => json!({ "stopped": true }),
            (true, false) => json!({}),
            (true, true) => json!({ "healthy": true }),
        };
        pass.modify("LoadBalancerStatuses", &id, |l| l.spec = spec);
    }
}
