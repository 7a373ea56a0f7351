//! A provider that Proxmox refuses, while Omni shows it as healthy.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::{shown, span, time};
use crate::checks::logs::{Failure, Logs};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `provider-without-proxmox`
pub(super) static RULE: Rule = Rule {
    code: "OS0573",
    name: "provider-without-proxmox",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "providers up to 0.3 never test Proxmox: their health in Omni stays green; go-proxmox writes `not authorized to access endpoint` for 401 and 403 alike, and never renews a ticket",
    stage: Stage::Doctor,
    title: "Proxmox refuses a provider",
    means: "Every request fails with `not authorized to access endpoint`: the token is wrong, deleted, disabled or expired, or it has no rights (privilege separation is on by default). A provider with user name and password is refused two hours after its start and works again for two hours after a restart; with a token a restart cannot help.",
    bad: "`not authorized to access endpoint` at the step pickNode of every request",
    good: "requests pass their first step",
    act: "Test the provider's own credentials: `GET /version` answers 401 for a token that is not accepted; `GET /access/permissions` is empty for one without rights.",
};

/// A ticket lives for two hours; some minutes pass until the next attempt.
const TICKET: std::ops::Range<u64> = 7_100..7_900;

/// Findings from the log alone.
pub(in crate::checks) fn in_logs(logs: &Logs, out: &mut Vec<Finding>) {
    let mut refused: BTreeMap<&str, Vec<(&str, &Failure)>> = BTreeMap::new();
    let mut fine: Vec<&str> = Vec::new();
    for (id, story) in &logs.requests {
        let provider = story.provider.as_deref().unwrap_or("?");
        match &story.failure {
            // In later steps it is a privilege that is missing, not the access.
            Some(f)
                if f.error.contains("not authorized to access endpoint")
                    && f.step.as_deref().is_none_or(|s| s == "pickNode") =>
            {
                refused.entry(provider).or_default().push((id, f));
            }
            _ => fine.push(provider),
        }
    }
    for (provider, all) in refused {
        // One request that gets on after the first refusal shows that the provider is let in.
        let since = all.iter().filter_map(|(_, f)| f.since).min();
        let later = logs.requests.values().any(|s| {
            s.provider.as_deref().unwrap_or("?") == provider
                && s.failure.is_none()
                && s.last.zip(since).is_some_and(|(l, s)| l > s)
        });
        if later {
            continue;
        }
        let first = logs.first;
        let lived = first.zip(since).map(|(a, b)| b.saturating_sub(a));
        let ticket = lived.is_some_and(|l| TICKET.contains(&l));
        let names: Vec<String> = all.iter().take(5).map(|(id, _)| shown(id)).collect();
        let mut finding = Finding::new(
            &RULE,
            Address::provider(provider),
            if ticket {
                "Proxmox has refused this provider since about two hours after its start: its login ticket ran out"
            } else {
                "Proxmox refuses this provider, whatever its health in Omni says"
            },
        )
        .fact("error", "not authorized to access endpoint")
        .fact("requests", names.join(", "));
        if let Some(since) = since {
            finding = finding.fact("since", time(since));
        }
        if let Some(lived) = lived.filter(|_| ticket) {
            finding = finding.fact("after the first line of the log", span(lived));
        }
        finding = if ticket {
            finding
                .act("use an API token instead of user name and password in the provider's config.yaml; a restart helps for two hours only")
        } else {
            finding
                .act("with the provider's own token: `GET /version` answers 401 when it is wrong, deleted, disabled or expired (`pveum user token modify USER NAME --expire 0` makes it last); a restart does not help")
                .act("where `/version` answers: `GET /access/permissions` is empty for a token without rights: `pveum acl modify / --tokens 'USER!NAME' --roles ROLE`")
                .act("check the keys of its config.yaml: a misspelt one is ignored (url, tokenID, tokenSecret, username, password, realm, insecureSkipVerify)")
        };
        out.push(finding);
    }
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    if let Some(logs) = inventory.logs {
        in_logs(logs, out);
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::checks::logs::Logs;

    fn log(lines: &[(u64, &str, &str, &str)]) -> Logs {
        let lines = lines.iter().map(|(ts, id, msg, rest)| {
            format!("{{\"ts\":{ts},\"msg\":\"{msg}\",\"id\":\"{id}\",\"controller\":\"p.ProvisionController\"{rest}}}\n")
        });
        Logs::read(&lines.collect::<String>())
    }
    const REFUSED: &str = ",\"step\":\"pickNode\",\"error\":\"not authorized to access endpoint\"";

    #[test]
    fn a_provider_that_is_refused_is_told_and_a_ticket_is_recognized() {
        let mut world = World::new();
        world.logs = Some(log(&[(1000, "a", "machine provision failed", REFUSED)]));
        assert_eq!(world.subjects(super::check), ["provider/p"]);
        world.logs = Some(log(&[
            (1000, "b", "machine provision finished", ""),
            (8250, "a", "machine provision failed", REFUSED),
        ]));
        assert!(world.found(super::check)[0].cause.contains("ticket ran out"));
    }

    #[test]
    fn a_missing_privilege_and_a_provider_that_gets_on_are_not() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        let step = ",\"step\":\"syncVM\",\"error\":\"not authorized to access endpoint\"";
        world.logs = Some(log(&[(1000, "a", "machine provision failed", step)]));
        assert!(world.subjects(super::check).is_empty());
        world.logs = Some(log(&[
            (1000, "a", "machine provision failed", REFUSED),
            (1100, "b", "machine provision finished", ""),
        ]));
        assert!(world.subjects(super::check).is_empty());
    }
}
