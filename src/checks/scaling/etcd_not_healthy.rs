//! A cluster whose etcd is not healthy: nothing that touches control planes gets on.

use crate::address::Address;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::word;
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::resource::Phase;

/// `etcd-not-healthy`
pub(super) static RULE: Rule = Rule {
    code: "OS0595",
    name: "etcd-not-healthy",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Omni waits with upgrades, removals and new control planes until etcd is healthy",
    stage: Stage::Doctor,
    title: "the etcd of a cluster is not healthy",
    means: "Members of etcd do not answer, or no control plane is reached. Removals and upgrades of control planes wait for that; a further loss can cost the majority.",
    bad: "condition Etcd: not ready",
    good: "condition Etcd: ready",
    act: "Bring the members back before anything else; take a backup as soon as etcd answers.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    let omni = &inventory.scene.snapshot.omni;
    // Before bootstrap there is no status of control planes, and the balancer is off.
    for status in omni.list("ControlPlaneStatuses").iter().filter(|s| s.phase == Phase::Running) {
        let Some(cluster) = status.resource.omni_label("cluster") else { continue };
        let leaving = omni.find("Clusters", cluster).is_some_and(|c| c.phase == Phase::TearingDown);
        let against = crate::checks::teardown::against(inventory, cluster);
        if against.is_empty() || leaving {
            continue;
        }
        let mut finding = Finding::new(
            &RULE,
            Address::cluster(cluster),
            "its etcd is not healthy, or no control plane is reached: whatever touches control planes waits",
        );
        for (what, value) in against {
            finding = finding.fact(what, value);
        }
        out.push(
            finding
                .act(format!(
                    "`omnictl cluster status {}` names the control planes; bring them back",
                    word(cluster)
                ))
                .act("remove no control plane before that")
                .cost("a majority that is lost can only be made up for from a backup of etcd"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn a_sick_etcd_is_told_and_a_healthy_one_and_a_young_cluster_are_not() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        world.spec(
            "ControlPlaneStatuses",
            "c-control-planes",
            serde_json::json!({"conditions": [{"type": 1, "status": 2}]}),
        );
        assert_eq!(world.subjects(super::check), ["cluster/c"]);
        world.gone("ControlPlaneStatuses", "c-control-planes");
        world.spec("LoadBalancerStatuses", "c", serde_json::json!({}));
        assert!(world.subjects(super::check).is_empty());
    }
}
