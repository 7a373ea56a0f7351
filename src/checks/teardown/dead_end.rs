//! A request that its provider forgot.

use super::waits;
use crate::checks::inventory::sight::shown;
use crate::checks::inventory::{Inventory, Machine};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::live::ProviderRecord;

/// `teardown-dead-end`
pub(super) static RULE: Rule = Rule {
    code: "OS0592",
    name: "teardown-dead-end",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "the provider's library returns early when its record of a request is missing, and never drops its finalizer",
    stage: Stage::Doctor,
    title: "a request cannot go, because its provider has no record of it",
    means: "The request is to go, its status and the provider's record are gone, and the provider's finalizer is still on it. Neither the provider nor a user can take it off.",
    bad: "a request with the finalizer p.ProvisionController and nothing else of it anywhere",
    good: "finalizer and record go together",
    act: "It costs nothing but its name: leave it until its set or its provider goes.",
};

/// Whether it is in this state; records must have been read.
pub(super) fn dead(inventory: &Inventory<'_>, machine: &Machine<'_>) -> bool {
    let (kind, _) = ProviderRecord::kind(machine.provider);
    let read = inventory.scene.snapshot.omni.types.get(&kind).is_some_and(|t| t.known().is_some());
    let held =
        machine.request.is_some_and(|r| r.finalizers.iter().any(|f| f.ends_with(".ProvisionController")));
    machine.going() && read && held && machine.record.is_none() && machine.status.is_none()
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.machines.iter().filter(|m| waits(m).is_some() && dead(inventory, m)) {
        if super::quiet(inventory, machine).is_none_or(|q| q < 180) {
            continue;
        }
        out.push(
            Finding::new(&RULE, machine.address.clone(), "its request cannot go: the provider has no record of it and never drops its finalizer")
                .fact("finalizers", machine.request.map_or_else(String::new, |r| r.finalizers.iter().map(|f| shown(f)).collect::<Vec<_>>().join(", ")))
                .act("leave it: it goes with its set, and holds no VM")
                .cost("`omnictl infraprovider delete` would free it, and tear down every machine of that provider: do not use it for this"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn a_forgotten_request_is_told_and_one_with_a_record_is_not() {
        let mut world = World::new();
        let id = "c-workers-bbbbb2";
        world.tearing_down("MachineRequests", id);
        world.live("MachineRequests", id).finalizers = vec!["p.ProvisionController".into()];
        world.gone("MachineRequestStatuses", id);
        assert!(world.subjects(super::check).is_empty());
        world.gone("Machine.p.infraprovider.sidero.dev", id);
        assert_eq!(world.subjects(super::check), ["machine/c-workers-bbbbb2"]);
        world.snapshot.omni.types.remove("Machine.p.infraprovider.sidero.dev");
        assert!(world.subjects(super::check).is_empty(), "records were not read");
    }
}
