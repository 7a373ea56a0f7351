//! Bootstrap of Kubernetes, its load balancer, and the health of the control plane.

use serde_json::{Value, json};

use super::super::labels;
use super::super::machine::Doing;
use super::super::omni::{Key, Resource};
use super::super::world::Pass;
use super::view::{flag, is_control_plane};

/// Milliseconds from the first running control plane to a bootstrapped cluster.
const BOOTSTRAP: u64 = 10_000;

/// One look at every cluster.
pub fn run(pass: &mut Pass<'_>) {
    for cluster in pass.all("Clusters") {
        if cluster.tearing_down() {
            continue;
        }
        let id = cluster.key.id.clone();
        let members = pass.labelled("ClusterMachines", labels::CLUSTER, &id);
        let (now, mut connected, mut running) = (pass.world.now, false, 0_usize);
        for member in members.iter().filter(|m| is_control_plane(m) && !m.tearing_down()) {
            if let Some(machine) = pass.world.machines.get(&member.key.id) {
                connected |= machine.connected(now);
                running += usize::from(machine.doing == Doing::Running && machine.connected(now));
            }
        }
        let mark = format!("bootstrap:{id}");
        let mut done = pass.get("ClusterBootstrapStatuses", &id).is_some_and(|b| flag(&b, "/bootstrapped"));
        if !done && running > 0 && pass.waited(&mark, BOOTSTRAP) {
            pass.forget(&mark);
            pass.modify("ClusterBootstrapStatuses", &id, |b| b.spec = json!({ "bootstrapped": true }));
            done = true;
        }
        let healthy = done && running > 0;
        let spec: Value = match (connected, healthy) {
            (false, _) => json!({ "stopped": true }),
            (true, false) => json!({}),
            (true, true) => json!({ "healthy": true }),
        };
        pass.modify("LoadBalancerStatuses", &id, |l| l.spec = spec);
        let set = format!("{id}-control-planes");
        let present = pass.get("MachineSets", &set).is_some_and(|s| !s.tearing_down());
        if done && present {
            let planes = members.iter().filter(|m| is_control_plane(m)).count();
            let etcd = if running * 2 > planes { 1 } else { 2 };
            let status = json!({ "conditions": [{ "type": 2, "status": 1 }, { "type": 1, "status": etcd }] });
            pass.put(
                Resource::new(Key::of("ControlPlaneStatuses", &set), status)
                    .owned_by("ControlPlaneStatusController")
                    .label(labels::CLUSTER, &id),
            );
        }
    }
}
