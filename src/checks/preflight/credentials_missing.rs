//! A Proxmox cluster that was not asked.

use crate::checks::preflight::survey::Survey;
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};

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
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    #[test]
    fn a_cluster_without_a_token_is_told_of() {
        assert_eq!(World::new().found(&super::RULE), Vec::<String>::new());
        let mut world = World::new();
        world.snapshot.proxmox.clear();
        assert_eq!(world.found(&super::RULE), ["proxmox/matrix"]);
    }
}
