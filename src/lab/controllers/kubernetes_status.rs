//! What Kubernetes tells of its nodes and static pods. It is asked through the load balancer: while that is not healthy the
//! last answer stays.

use serde_json::{Value, json};

use super::super::labels;
use super::super::machine::{Doing, time};
use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};
use super::view::{flag, is_control_plane};

/// One status for each cluster whose API has answered.
pub fn run(pass: &mut Pass<'_>) {
    for cluster in pass.all("Clusters") {
        let id = cluster.key.id.clone();
        let healthy = pass.get("LoadBalancerStatuses", &id).is_some_and(|l| flag(&l, "/healthy"));
        if cluster.tearing_down() || !healthy {
            continue;
        }
        let known = names(pass, &id);
        let (mut nodes, mut pods) = (Vec::new(), Vec::new());
        for member in pass.labelled("ClusterMachines", labels::CLUSTER, &id) {
            let Some(machine) = pass.world.machines.get(&member.key.id).cloned() else { continue };
            let Some(config) = &machine.config else { continue };
            let registered = machine.doing == Doing::Running
                && machine.running_since.is_some_and(|s| pass.world.now >= s + time::NODE_READY);
            // A node stays registered while its machine is away.
            if member.tearing_down() || !(registered || known.contains(&machine.hostname)) {
                continue;
            }
            let ready =
                pass.get("ClusterMachineStatuses", &member.key.id).is_some_and(|s| flag(&s, "/ready"));
            let version = |component: &str| config.kubernetes.get(component).cloned().unwrap_or_default();
            nodes.push(json!({
                "nodename": machine.hostname, "kubelet_version": version("kubelet"), "ready": ready,
            }));
            if is_control_plane(&member) {
                let all = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]
                    .map(|app| lean(json!({ "app": app, "version": version(app), "ready": registered })));
                pods.push(json!({ "nodename": machine.hostname, "static_pods": all }));
            }
        }
        let by_name = |list: &mut Vec<Value>| {
            list.sort_by_key(|n| n.get("nodename").and_then(Value::as_str).unwrap_or_default().to_owned());
        };
        by_name(&mut nodes);
        by_name(&mut pods);
        let nodes: Vec<Value> = nodes.into_iter().map(lean).collect();
        pass.put(
            Resource::new(
                Key::of("KubernetesStatuses", &id),
                lean(json!({ "nodes": nodes, "static_pods": pods })),
            )
            .owned_by("KubernetesStatusController")
            .label(labels::CLUSTER, &id),
        );
    }
}

/// Nodes that are registered already.
fn names(pass: &Pass<'_>, cluster: &str) -> Vec<String> {
    let known = pass.get("KubernetesStatuses", cluster);
    let nodes =
        known.and_then(|k| k.spec.get("nodes").and_then(Value::as_array).cloned()).unwrap_or_default();
    nodes.iter().filter_map(|n| n.get("nodename").and_then(Value::as_str)).map(str::to_owned).collect()
}
