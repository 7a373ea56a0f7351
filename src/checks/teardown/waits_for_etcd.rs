//! A control plane that may not go, because etcd could not spare it.

use super::{Waits, waits};
use crate::checks::inventory::sight::{flag, number, said, shown, word};
use crate::checks::inventory::{Inventory, Machine};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::value::Value;

/// `teardown-waits-for-etcd`
pub(super) static RULE: Rule = Rule {
    code: "OS0589",
    name: "teardown-waits-for-etcd",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "control planes go one at a time, only while the cluster's load balancer is healthy and etcd can spare the member",
    stage: Stage::Doctor,
    title: "a control plane cannot be removed while etcd is not healthy",
    means: "Omni does not take a control plane away while that would cost etcd its majority, or while no control plane answers. One control plane that waits here holds up every further removal in its set.",
    bad: "condition Etcd of the control planes: not ready",
    good: "etcd is healthy, and the load balancer reaches a control plane",
    act: "Bring back the other members first. Removing another one by force kills the cluster.",
};

/// What Omni says against removing a control plane of a cluster.
pub(in crate::checks) fn against(inventory: &Inventory<'_>, cluster: &str) -> Vec<(String, String)> {
    let omni = &inventory.scene.snapshot.omni;
    let mut out = Vec::new();
    let conditions = omni
        .find("ControlPlaneStatuses", &format!("{cluster}-control-planes"))
        .and_then(|s| s.resource.spec.get("conditions"))
        .and_then(Value::as_list)
        .unwrap_or_default();
    for condition in conditions {
        let of = |key: &str| condition.get(key).and_then(Value::as_int).unwrap_or(0);
        // 1 is etcd; 1 is ready.
        if (of("type"), of("status")) == (1, 2) {
            let reason = condition.get("reason").and_then(Value::as_str).unwrap_or("not ready");
            out.push(("etcd".to_owned(), said(reason)));
        }
    }
    if let Some(balancer) = omni.find("LoadBalancerStatuses", cluster)
        && !flag(balancer, &["healthy"])
    {
        out.push(("load balancer".to_owned(), "reaches no control plane".to_owned()));
    }
    out
}

/// Whether this is what a control plane waits for.
pub(super) fn holds(inventory: &Inventory<'_>, machine: &Machine<'_>) -> bool {
    machine.control_plane && machine.cluster.is_some_and(|c| !against(inventory, c).is_empty())
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.machines.iter().filter(|m| waits(m) == Some(Waits::Machine)) {
        let Some(cluster) = machine.cluster.filter(|_| holds(inventory, machine)) else { continue };
        let stage = machine.member_status.map_or(0, |s| number(s, &["stage"]));
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            format!(
                "Omni does not remove this control plane while etcd of {} is not healthy",
                shown(cluster)
            ),
        )
        .fact("stage", if stage == 9 { "waits for its turn" } else { "leaving" });
        for (what, value) in against(inventory, cluster) {
            finding = finding.fact(what, value);
        }
        out.push(
            finding
                .act(format!(
                    "bring back the other control planes: `omnictl cluster status {}`",
                    word(cluster)
                ))
                .act("remove no further control plane, and force nothing, before etcd is healthy")
                .cost("a majority of etcd that is lost can only be made up for from a backup"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::{World, uuid};

    fn sick() -> World {
        let mut world = World::new();
        let conditions =
            serde_json::json!({"conditions": [{"type": 1, "status": 2, "reason": "1 of 3 members"}]});
        world.spec("ControlPlaneStatuses", "c-control-planes", conditions);
        world
    }

    #[test]
    fn a_control_plane_that_leaves_a_sick_etcd_is_told() {
        let mut world = sick();
        world.tearing_down("ClusterMachines", &uuid(3));
        let found = world.found(super::check);
        assert!(found[0].evidence.iter().any(|f| f.value == "1 of 3 members"), "{found:?}");
        let mut world = World::new();
        world.tearing_down("ClusterMachines", &uuid(3));
        world.spec("LoadBalancerStatuses", "c", serde_json::json!({"stopped": true}));
        assert_eq!(world.subjects(super::check).len(), 1);
    }

    #[test]
    fn workers_and_healthy_clusters_are_not() {
        let mut world = sick();
        world.tearing_down("ClusterMachines", &uuid(1));
        assert!(world.subjects(super::check).is_empty());
        let mut world = World::new();
        world.tearing_down("ClusterMachines", &uuid(3));
        assert!(world.subjects(super::check).is_empty());
    }
}
