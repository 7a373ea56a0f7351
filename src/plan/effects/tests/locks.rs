//! Locked machines, and sets without any.

use super::world::*;
use crate::kinds::Effect;

#[test]
fn an_unlock_releases_what_was_held_back() {
    let lock = format!("{O}cluster-locked");
    let mut world = World::new();
    world.live("Clusters", "c").annotations.insert(lock, String::new());
    // Omni holds nothing back from any machine.
    assert_eq!(field(&world.plan(), "cluster/c").1, Effect::None);
    let held = format!("{O}locked-update");
    world.live("ClusterMachineStatuses", &machine(5)).labels.insert(held.clone(), String::new());
    let plan = world.plan();
    assert_eq!(field(&plan, "cluster/c").1, Effect::Unknown);
    assert_eq!(named(&step(&plan, "cluster/c").affects), [("c-workers-5".to_owned(), Effect::Unknown)]);
    // Nobody knows what is held back.
    world.not_read("ClusterMachineStatuses");
    assert_eq!(step(&world.plan(), "cluster/c").affects.len(), 5);
    // The lock of one machine.
    let mut world = World::with_static_machines();
    world.live("MachineSetNodes", &machine(4)).annotations.insert(format!("{O}locked"), String::new());
    let address = format!("cluster/c/node/{}", machine(4));
    assert_eq!(field(&world.plan(), &address).1, Effect::None);
    world.live("ClusterMachineStatuses", &machine(4)).labels.insert(held, String::new());
    assert_eq!(field(&world.plan(), &address).1, Effect::Unknown);
}

#[test]
fn a_locked_machine_takes_no_upgrade() {
    let mut world = World::new();
    world.live("MachineSetNodes", &machine(5)).annotations.insert(format!("{O}locked"), String::new());
    world.wanted("Clusters", "c").spec.set("talos_version", "1.11.7".into());
    let plan = world.plan();
    let affects = &step(&plan, "cluster/c").affects;
    assert_eq!(
        affects.last().map(|a| (a.machine.as_deref(), a.effect)),
        Some((Some("c-workers-5"), Effect::NoEffect))
    );
    let disturbed = plan.waves.iter().map(|w| w.machines).max();
    assert_eq!(disturbed, Some(4), "the locked one is not disturbed");
}

// --- Voters --------------------------------------------------------------------------------------------------------------

#[test]
fn a_set_that_never_had_its_machines_loses_none() {
    let mut world = World::new();
    world.live("MachineSets", "c-workers").spec = value(
        serde_json::json!({"update_strategy": 1, "machine_allocation": {"name": "w", "machine_count": 4_294_967_295u32}}),
    );
    let plan = world.plan();
    let step = step(&plan, "cluster/c/machineset/workers");
    assert_eq!((step.affects.len(), plan.lost.len()), (0, 0), "{:?}", step.notes);
}
