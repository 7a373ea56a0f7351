//! A provider that Omni was told of and never heard.

use super::unknown;
use crate::address::Address;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::{flag, raw, said, word};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `provider-never-registered`
pub(super) static RULE: Rule = Rule {
    code: "OS0572",
    name: "provider-never-registered",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "`InfraProviderCombinedStatuses.health.initialized`; a provider whose key is of another id is refused",
    stage: Stage::Doctor,
    title: "a provider never came up",
    means: "The spec names this provider, and Omni has never heard of it: it does not run, asks another Omni, or its key is of another id (`resource ID must match the infra provider ID`; case counts).",
    bad: "the container restarts again and again with a wrong key",
    good: "the provider is registered and connected",
    act: "Read the log of its container; compare the id with that of its key.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    let omni = &inventory.scene.snapshot.omni;
    for provider in &inventory.scene.desired.providers {
        let status = omni.find("InfraProviderCombinedStatuses", &provider.id);
        let never = match status {
            Some(status) => {
                !flag(status, &["health", "initialized"]) && !flag(status, &["health", "connected"])
            }
            None => unknown(inventory, &provider.id),
        };
        if !never {
            continue;
        }
        let mut finding =
            Finding::new(&RULE, Address::provider(&provider.id), "Omni has never heard of this provider")
                .fact("in Omni", if status.is_some() { "known, never came up" } else { "not there" });
        if let Some(error) = status.and_then(|s| raw(s, &["health", "error"])) {
            finding = finding.fact("error", said(error));
        }
        let id = word(&provider.id);
        out.push(
            finding
                .act("read the log of its container: `docker logs CONTAINER 2>&1 | omni-scale doctor --logs -`")
                .act(format!("its id must be that of its key, exact to the case: `omnictl infraprovider list`, and `omnictl infraprovider create {id}` or `renewkey {id}` for a key"))
                .cost("a new key makes the old one useless: the running provider needs it at once"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn a_provider_that_never_came_up_is_told() {
        let mut world = World::new();
        world.spec("InfraProviderCombinedStatuses", "p", serde_json::json!({"health": {}}));
        assert_eq!(world.subjects(super::check), ["provider/p"]);
        world.gone("InfraProviderCombinedStatuses", "p");
        world.gone("InfraProviderStatuses", "p");
        assert_eq!(world.subjects(super::check), ["provider/p"]);
    }

    #[test]
    fn one_that_is_only_down_now_is_another_finding() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        world.spec(
            "InfraProviderCombinedStatuses",
            "p",
            serde_json::json!({"health": {"initialized": true}}),
        );
        assert!(world.subjects(super::check).is_empty());
    }
}
