//! Errors in the provider's log that no other rule took up.

use crate::address::Address;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::{said, shown, time};
use crate::checks::logs::{Failure, Logs};
use crate::checks::provisioning::causes::cause;
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `provider-log-error`
pub(super) static RULE: Rule = Rule {
    code: "OS0596",
    name: "provider-log-error",
    severity: Severity::Warning,
    basis: Basis::Observed,
    source: "the texts of the provider, of its Proxmox client and of Proxmox VE",
    stage: Stage::Doctor,
    title: "an error in the provider's log",
    means: "The log has an error that still stands: about a request that was not seen in Omni, or about none at all. Where its text is known, so is its cause.",
    bad: "machine provision failed: not authorized to access endpoint",
    good: "the last line of each request is a success",
    act: "Mend the cause. A text without a known cause is shown as it is.",
};

fn one(subject: Address, failure: &Failure, going: bool) -> Finding {
    let known = cause(failure.step.as_deref(), &failure.error);
    let doing = match (&failure.step, going) {
        (Some(_), _) => "its machine is not made",
        (None, true) => "the provider cannot finish with it",
        (None, false) => "the provider has an error",
    };
    let what = known
        .as_ref()
        .map_or_else(|| format!("{doing}: {}", said(&failure.error)), |c| format!("{doing}: {}", c.what));
    let mut finding = Finding::new(&RULE, subject, what).fact("error", said(&failure.error));
    if let Some(step) = &failure.step {
        finding = finding.fact("step", shown(step));
    }
    if let Some(at) = failure.at {
        finding = finding.fact("last seen", time(at));
    }
    if failure.times > 1 {
        finding = finding.fact("times", failure.times.to_string());
    }
    match known {
        Some(cause) => cause.act.into_iter().fold(finding, Finding::act),
        None => finding.act("the text is the provider's own, and its cause is not known here"),
    }
}

/// Findings from the log alone; `taken` are requests that other rules tell.
pub(in crate::checks) fn in_logs(logs: &Logs, taken: &dyn Fn(&str) -> bool, out: &mut Vec<Finding>) {
    for (id, story) in logs.requests.iter().filter(|(id, _)| !taken(id)) {
        let subject = Address::new("machine", id);
        if let Some(failure) = &story.failure {
            out.push(one(subject, failure, true));
        } else if story.downloads > 2 {
            let node = story.node.as_deref();
            let node = node.map_or_else(|| "its node".to_owned(), |n| format!("node {}", shown(n)));
            out.push(
                Finding::new(&RULE, subject, format!("{node} cannot fetch the image of this machine, and the provider begins anew every second"))
                    .fact("attempts", story.downloads.to_string())
                    .act("check on that node that factory.talos.dev is resolved and reached, and that the storage of the images has room"),
            );
        }
    }
    let provider = logs.requests.values().find_map(|s| s.provider.as_deref()).unwrap_or("?");
    for failure in logs.others.values().take(20) {
        out.push(one(Address::provider(provider), failure, false));
    }
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    if let Some(logs) = inventory.logs {
        in_logs(logs, &|id| inventory.requests.contains(id), out);
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::checks::logs::Logs;

    #[test]
    fn errors_of_requests_that_omni_does_not_have_and_of_none_are_told() {
        let mut world = World::new();
        world.logs = Some(Logs::read(
            "{\"msg\":\"machine provision failed\",\"id\":\"old-b\",\"step\":\"syncVM\",\"error\":\"stopped\"}\n{\"msg\":\"failed to run\",\"error\":\"omni-api-endpoint flag is not set\"}\n",
        ));
        let found = world.found(super::check);
        assert_eq!(found.len(), 2);
        assert!(
            found[0].cause.contains("waits for it for ever")
                && found[1].cause.contains("without the address of Omni"),
            "{found:?}"
        );
    }

    #[test]
    fn requests_that_are_in_omni_are_told_by_their_own_rules() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        world.logs = Some(Logs::read(
            "{\"msg\":\"machine provision failed\",\"id\":\"c-workers-bbbbb2\",\"error\":\"stopped\"}",
        ));
        assert!(world.subjects(super::check).is_empty());
    }
}
