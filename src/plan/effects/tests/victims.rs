//! Which machines go when a set shrinks.

use super::world::*;
use crate::kinds::Effect;

/// Workers that Omni has `have` of and that the files want `want` of, and requests whose machines have not joined; longer names
/// are older, and names of one length were made in one second.
fn victims(have: u32, want: u32, requests: &[&str]) -> Vec<String> {
    let mut world = World::new();
    for (list, n) in [(&mut world.wanted, want), (&mut world.live, have)] {
        let set = World::of(list, "MachineSets", "c-workers");
        let allocation = serde_json::json!({"name": "w", "machine_count": n});
        set.spec.set("machine_allocation", value(allocation));
    }
    for request in requests {
        let labels = [("machine-request-set", "c-workers")];
        world.live.push(resource("MachineRequests", request, &labels, serde_json::json!({})));
    }
    let plan = world.plan();
    let affects = &step(&plan, "cluster/c/machineset/workers").affects;
    assert!(affects.iter().all(|a| a.effect == Effect::Destroy && a.predicted), "{affects:?}");
    named(affects).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn requests_without_a_machine_go_first_the_oldest_of_them_before_others() {
    assert_eq!(victims(4, 3, &["c-workers-n", "c-workers-old"]), ["c-workers-old"]);
    assert_eq!(victims(4, 2, &["c-workers-n", "c-workers-old"]), ["c-workers-n", "c-workers-old"]);
    // What is told is told by name.
    let all = victims(4, 1, &["c-workers-n", "c-workers-old"]);
    assert_eq!((all.len(), all[1].as_str(), all[2].as_str()), (3, "c-workers-n", "c-workers-old"));
    assert!(["c-workers-4", "c-workers-5"].contains(&all[0].as_str()), "{all:?}");
}

#[test]
fn of_requests_of_one_second_nobody_knows_which_goes() {
    assert_eq!(victims(4, 3, &["c-workers-a", "c-workers-b"]), [""]);
    assert_eq!(victims(4, 2, &["c-workers-a", "c-workers-b"]), ["c-workers-a", "c-workers-b"]);
    assert_eq!(victims(5, 3, &["c-workers-a", "c-workers-b", "c-workers-old"]), ["c-workers-old", ""]);
}
