//! A removal for which no provider exists.

use super::waits;
use crate::checks::inventory::sight::{shown, word};
use crate::checks::inventory::{Inventory, Machine};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `teardown-without-provider`
pub(super) static RULE: Rule = Rule {
    code: "OS0591",
    name: "teardown-without-provider",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "only the provider of a request's id drops its finalizer; Omni drops it itself only when the whole set goes and the provider is not in Omni any more",
    stage: Stage::Doctor,
    title: "a removal waits for a provider that is not there",
    means: "The request is of a provider id that Omni does not have: removed, or spelt otherwise. Nobody removes the VM and lets the request go.",
    bad: "requests of `proxmox`; the provider that runs is `Proxmox`",
    good: "the provider of the request runs",
    act: "Start a provider with exactly that id.",
};

/// Whether Omni has no provider of the machine's id.
pub(super) fn missing(inventory: &Inventory<'_>, machine: &Machine<'_>) -> bool {
    crate::checks::provider::unknown(inventory, machine.provider)
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in
        inventory.machines.iter().filter(|m| m.going() && waits(m).is_some() && missing(inventory, m))
    {
        let id = word(machine.provider);
        out.push(
            Finding::new(&RULE, machine.address.clone(), format!("its removal waits for provider {}, which Omni does not have", shown(machine.provider)))
                .fact("provider", shown(machine.provider))
                .act(format!("start a provider with exactly this id: `omnictl infraprovider create {id}` makes its key (`renewkey` if it exists)"))
                .act("when the whole set is removed, Omni lets the requests go by itself; their VMs are then to be removed by hand")
                .cost("`omnictl infraprovider delete` is no way out: it tears down the Link of every machine of that provider and leaves all VMs"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn a_removal_without_a_provider_is_told_and_one_with_is_not() {
        let mut world = World::new();
        world.tearing_down("MachineRequests", "c-workers-bbbbb2");
        assert!(world.subjects(super::check).is_empty());
        world.gone("InfraProviderCombinedStatuses", "p");
        world.gone("InfraProviderStatuses", "p");
        assert_eq!(world.subjects(super::check), ["machine/c-workers-bbbbb2"]);
    }
}
