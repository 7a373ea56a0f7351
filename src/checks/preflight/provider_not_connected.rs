//! A provider that Omni does not hear.

use crate::address::Address;
use crate::checks::preflight::survey::Survey;
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    code: "OS0527",
    name: "provider-not-connected",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Omni: connected while the heartbeat is younger than 31 seconds",
    stage: Stage::Plan,
    title: "the provider is not connected to Omni",
    means: "Nobody makes or removes machines: requests wait until the provider is back. That it is connected says nothing of its access to Proxmox, which no provider reports.",
    bad: "the container of the provider is stopped",
    good: "it is connected",
    act: "Look at its container and its log. If the node of the container is down, everything waits for that node.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for provider in &survey.scene.desired.providers {
        let status = survey.scene.snapshot.omni.find("InfraProviderCombinedStatuses", &provider.id);
        let Some(status) = status else { continue };
        let connected = status.resource.spec.at(&["health", "connected"]).and_then(Value::as_bool);
        if connected == Some(true) {
            continue;
        }
        out.push(
            Finding::new(
                &RULE,
                Address::provider(&provider.id),
                "Omni has not heard of it for more than half a minute: no machine is made or removed until it is back",
            )
            .fact("health.connected", "false")
            .act("look at its container and its log"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    #[test]
    fn a_provider_that_is_away() {
        let mut world = World::new();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.connected(false);
        assert_eq!(world.found(&super::RULE), ["provider/pve"]);
    }
}
