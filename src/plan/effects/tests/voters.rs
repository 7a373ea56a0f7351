//! Voters of etcd through the waves.

use super::world::*;
use crate::plan::EtcdVoters;
use crate::plan::Plan;

/// `before, after, healthy, lowest, quorum` of each wave that touches the control planes.
fn voters(plan: &Plan) -> Vec<(u32, u32, Option<u32>, Option<u32>, u32)> {
    plan.waves
        .iter()
        .flat_map(|w| &w.etcd)
        .map(|EtcdVoters { before, after, healthy, lowest, quorum, .. }| {
            (*before, *after, *healthy, *lowest, *quorum)
        })
        .collect()
}

fn with_control_planes(n: u32) -> World {
    let mut world = World::new();
    world.wanted("MachineSets", "c-control-planes").spec = value(
        serde_json::json!({"update_strategy": 1, "machine_allocation": {"name": "cp", "machine_count": n}}),
    );
    world
}

fn upgraded() -> World {
    let mut world = World::new();
    world.wanted("Clusters", "c").spec.set("talos_version", "1.11.7".into());
    world
}

#[test]
fn an_upgrade_takes_one_voter_at_a_time() {
    assert_eq!(voters(&upgraded().plan()), [(3, 3, Some(3), Some(2), 2)]);
    let mut kubernetes = World::new();
    kubernetes.wanted("Clusters", "c").spec.set("kubernetes_version", "1.34.4".into());
    assert_eq!(
        voters(&kubernetes.plan()),
        [(3, 3, Some(3), Some(3), 2)],
        "components restart, machines do not"
    );
    let mut workers = World::new();
    workers.wanted("MachineSets", "c-workers").spec.set("of_a_newer_omni", 1u32.into());
    assert_eq!(voters(&workers.plan()), [], "no control plane is touched");
}

#[test]
fn members_that_are_down_already_count() {
    for (field, to) in [("stage", 7u32), ("stage", 0)] {
        let mut world = upgraded();
        world.live("ClusterMachineStatuses", &machine(1)).spec.set(field, to.into());
        assert_eq!(voters(&world.plan()), [(3, 3, Some(2), Some(1), 2)], "{field} {to}");
    }
    let mut cut_off = upgraded();
    cut_off.live("ClusterMachineStatuses", &machine(1)).labels.remove(&format!("{O}connected"));
    cut_off.live("MachineStatuses", &machine(1)).spec = value(serde_json::json!({}));
    assert_eq!(voters(&cut_off.plan()), [(3, 3, Some(2), Some(1), 2)]);
    // All machines run, and still Omni finds fault with etcd.
    let mut check = upgraded();
    check.live("ControlPlaneStatuses", "c-control-planes").spec =
        value(serde_json::json!({"conditions": [{"type": 1, "status": 2}]}));
    assert_eq!(voters(&check.plan()), [(3, 3, Some(2), Some(1), 2)]);
    let mut wireguard = upgraded();
    wireguard.live("ControlPlaneStatuses", "c-control-planes").spec =
        value(serde_json::json!({"conditions": [{"type": 2, "status": 2}]}));
    assert_eq!(voters(&wireguard.plan()), [(3, 3, Some(3), Some(2), 2)]);
    let mut unseen = upgraded();
    unseen.not_read("ClusterMachineStatuses");
    assert_eq!(voters(&unseen.plan()), [(3, 3, None, None, 2)]);
}

#[test]
fn a_shrinking_control_plane_is_followed_member_by_member() {
    assert_eq!(voters(&with_control_planes(1).plan()), [(3, 1, Some(3), Some(1), 1)]);
    assert_eq!(voters(&with_control_planes(5).plan()), [(3, 5, Some(3), Some(3), 2)]);
    // The one that is cut off goes first, and the two others keep the quorum of two.
    let mut cut_off = with_control_planes(2);
    cut_off.live("ClusterMachineStatuses", &machine(3)).labels.remove(&format!("{O}connected"));
    cut_off.live("MachineStatuses", &machine(3)).spec = value(serde_json::json!({}));
    let plan = cut_off.plan();
    assert_eq!(voters(&plan), [(3, 2, Some(2), Some(2), 2)]);
    assert_eq!(plan.lost[0].machine.as_deref(), Some("c-control-planes-3"));
    // One is down but looks as good as the others to Omni's choice: a healthy one may go, and etcd stops.
    let mut rebooting = with_control_planes(2);
    rebooting.live("ClusterMachineStatuses", &machine(3)).spec.set("stage", 7u32.into());
    assert_eq!(voters(&rebooting.plan()), [(3, 2, Some(2), Some(1), 2)]);
}

#[test]
fn a_strategy_that_lets_an_upgrade_take_several_is_taken_at_its_word() {
    let mut world = upgraded();
    for list in [&mut world.wanted, &mut world.live] {
        World::of(list, "MachineSets", "c-control-planes")
            .spec
            .set("upgrade_strategy_config", value(serde_json::json!({"rolling": {"max_parallelism": 2}})));
    }
    assert_eq!(voters(&world.plan()), [(3, 3, Some(3), Some(1), 2)]);
    // Configuration is rolled one by one.
    let mut patch = world;
    patch.wanted("Clusters", "c").spec.set("talos_version", "1.11.6".into());
    patch.wanted("ConfigPatches", "200-cluster-c-a").spec =
        value(serde_json::json!({"data": "machine:\n  network: {a: 1}\n"}));
    assert_eq!(voters(&patch.plan()), [(3, 3, Some(3), Some(2), 2)]);
}

#[test]
fn a_cluster_that_goes_ends_without_voters_and_a_new_one_starts_without() {
    let mut gone = World::new();
    gone.wanted.retain(|r| r.id.short_kind() == "MachineClasses");
    let plan = gone.plan();
    assert_eq!(voters(&plan), [(3, 0, Some(3), Some(0), 0)]);
    assert_eq!(plan.lost.len(), 5);
    let mut fresh = World::new();
    fresh.live.retain(|r| r.id.short_kind() == "MachineClasses");
    assert_eq!(voters(&fresh.plan()), []);
    let mut not_started = with_control_planes(5);
    not_started.live("ClusterBootstrapStatuses", "c").spec = value(serde_json::json!({}));
    assert_eq!(voters(&not_started.plan()), [], "etcd does not run yet");
}
