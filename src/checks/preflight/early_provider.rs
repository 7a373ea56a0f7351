//! A provider from before its first release.

use crate::address::Address;
use crate::checks::preflight::survey::Survey;
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::provider::Generation;

pub(super) static RULE: Rule = Rule {
    code: "OS0526",
    name: "early-provider",
    severity: Severity::Info,
    basis: Basis::Observed,
    source: "provider before 0.1: no version is published, and its schema has no `pool` and no `tags`",
    stage: Stage::Plan,
    title: "the provider is from before its first release",
    means: "Sources from before 0.1 put all machines of a set on one node, make no machine without `node:` while any node is offline, and write the reason of a failure only into their own log.",
    bad: "image ghcr.io/siderolabs/omni-infra-provider-proxmox:latest of spring 2026",
    good: "a tag of 0.2 or newer",
    act: "Use a tagged release: 0.1 skips offline nodes, 0.2 spreads the machines of a set.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for provider in survey.scene.desired.providers.iter().filter(|p| p.proxmox.is_some()) {
        if survey.scene.generation(&provider.id) != Some(Generation::Early) {
            continue;
        }
        out.push(
            Finding::new(
                &RULE,
                Address::provider(&provider.id),
                "it publishes no version: one offline node stops every class without `node:`, all machines of a set land on one node, and failures show only in its own log",
            )
            .fact("version", "none")
            .act("use a tagged release: 0.1 skips offline nodes, 0.2 spreads the machines of a set and reports failures"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    #[test]
    fn told_apart_by_version_and_schema() {
        let mut world = World::new();
        assert_eq!(world.found(&super::RULE), ["provider/pve"]);
        world.provider("", r#"{"properties": {"pool": {}}}"#);
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.provider("v0.2.0", "{}");
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.types("InfraProviderStatuses").clear();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }
}
