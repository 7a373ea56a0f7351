//! A provider built from the sources that set host names by a patch.

use crate::address::Address;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::shown;
use crate::checks::logs::Logs;
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `provider-old-source`
pub(super) static RULE: Rule = Rule {
    code: "OS0575",
    name: "provider-old-source",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "the step configureHostname was in the sources from 2025-11-17 to 2026-02-02",
    stage: Stage::Doctor,
    title: "a provider from before February 2026",
    means: "This build sets the host name of each machine by a patch, which Talos 1.12 and later refuse (`static hostname is already set`). Every release has the mend; a build of one's own that only takes the step out misses everything that came after it.",
    bad: "the log shows the step configureHostname",
    good: "a tagged release, v0.1.0 or later",
    act: "Use a tagged release of the provider, and pin the tag.",
};

fn finding(provider: &str) -> Finding {
    Finding::new(
        &RULE,
        Address::provider(provider),
        "it is built from sources that set host names by a patch, which Talos 1.12 and later refuse",
    )
    .act("use a tagged release of the provider (v0.1.0 or later) instead of `latest` or a build of your own")
    .cost("the provider is away for some seconds; nothing is lost, its record is in Omni")
}

/// Findings from the log alone.
pub(in crate::checks) fn in_logs(logs: &Logs, out: &mut Vec<Finding>) {
    if logs.old_source {
        let provider = logs.requests.values().find_map(|s| s.provider.as_deref()).unwrap_or("?");
        out.push(finding(provider).fact("step in the log", "configureHostname"));
    }
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    let patches = inventory.scene.snapshot.omni.list("ConfigPatchRequests");
    let named = patches.iter().find(|p| p.resource.id.id.contains("hostname"));
    if let Some(patch) = named {
        let provider = patch.resource.omni_label("infra-provider-id").unwrap_or("?");
        out.push(finding(provider).fact("patch", shown(&patch.resource.id.id)));
    } else if let Some(logs) = inventory.logs {
        in_logs(logs, out);
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::checks::logs::Logs;

    #[test]
    fn the_step_or_its_patch_gives_an_old_build_away() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        world.logs = Some(Logs::read(
            "{\"msg\":\"running provision step\",\"id\":\"a\",\"controller\":\"p.ProvisionController\",\"step\":\"configureHostname\"}",
        ));
        assert_eq!(world.subjects(super::check), ["provider/p"]);
        let mut world = World::new();
        world.add(
            "ConfigPatchRequests",
            "000-hostname-a",
            &[("infra-provider-id", "p")],
            serde_json::json!({}),
        );
        assert_eq!(world.subjects(super::check), ["provider/p"]);
    }
}
