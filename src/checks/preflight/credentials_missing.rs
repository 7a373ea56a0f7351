//! A Proxmox cluster that was not asked.

use crate::checks::preflight::survey::Survey;
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};
use crate::live::ProxmoxFailure;
use crate::untrusted::Untrusted;

pub(super) static RULE: Rule = Rule {
    code: "OS0500",
    name: "credentials-missing",
    severity: Severity::Warning,
    basis: Basis::Design,
    source: "this program, without a token for a Proxmox cluster",
    stage: Stage::Plan,
    title: "no credentials for a Proxmox cluster",
    means: "The spec names a Proxmox cluster of a provider, and it was not asked: no token for it was given. Nothing about nodes, storages and bridges is known, so wrong classes are found only when machines are made.",
    bad: "no PROXMOX_MATRIX_TOKEN_ID in the environment",
    good: "both variables of the token are set",
    act: "Give the token in the environment; the role `PVEAuditor` on `/` is enough to look.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for (proxmox, _) in survey.clusters.iter().filter(|(_, seen)| seen.is_none()) {
        let cause = "it was not asked, for there are no credentials: nothing is known of nodes, storages, bridges and VMs";
        out.push(
            Finding::new(&RULE, Scene::cluster_address(proxmox), cause)
                .act("give a token that may look (role `PVEAuditor` on `/`) in the environment"),
        );
    }
    for (proxmox, seen) in &survey.clusters {
        if let Some(ProxmoxFailure::Unauthenticated { why, absent: true }) =
            seen.as_ref().and_then(|seen| seen.failure.as_ref())
        {
            let cause = "it says that no credentials came with the question, although a token was sent";
            out.push(
                Finding::new(&RULE, Scene::cluster_address(proxmox), cause)
                    .fact("answer", Untrusted::new(why.as_str()).line(300))
                    .act("look for a proxy between here and Proxmox that takes the header `Authorization` away"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use crate::live::ProxmoxFailure;

    #[test]
    fn a_cluster_without_a_token_is_told_of() {
        assert_eq!(World::new().found(&super::RULE), Vec::<String>::new());
        let mut world = World::new();
        world.snapshot.proxmox.clear();
        assert_eq!(world.found(&super::RULE), ["proxmox/matrix"]);
        for (absent, found) in [(true, 1), (false, 0)] {
            let mut world = World::new();
            world.seen().failure = Some(ProxmoxFailure::Unauthenticated { why: "401".to_owned(), absent });
            assert_eq!(world.found(&super::RULE).len(), found);
        }
    }
}
