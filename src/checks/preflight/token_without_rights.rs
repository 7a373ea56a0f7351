//! A token that is accepted and has no rights.

use crate::checks::preflight::survey::{Survey, name};
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule {
    code: "OS0502",
    name: "token-without-rights",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Proxmox VE 9: privilege separation is on when a token is made",
    stage: Stage::Plan,
    title: "the token may do nothing",
    means: "The token is accepted and has no privilege on any path. A fresh token with privilege separation has none until it gets a role of its own, whatever its user may do.",
    bad: "pveum user token add terraform@pam automation",
    good: "pveum acl modify / --tokens terraform@pam!automation --roles PVEAuditor",
    act: "Give the token a role: `pveum acl modify / --tokens USER!NAME --roles ROLE`. With privilege separation the user needs it too.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for (proxmox, seen) in survey.seen() {
        if !seen.permissions.known().is_some_and(BTreeMap::is_empty) {
            continue;
        }
        let token = seen.principal.as_deref().map_or_else(|| "USER!NAME".to_owned(), name);
        out.push(
            Finding::new(
                &RULE,
                Scene::cluster_address(proxmox),
                "its token is accepted and has no privilege at all: with privilege separation a token has only what it was given itself",
            )
            .fact("token", token.clone())
            .fact("privileges", "none on any path")
            .act(format!("give it a role: `pveum acl modify / --tokens '{token}' --roles PVEAuditor`"))
            .act("if the provider has the same token, give it what the provider needs (`omni-scale explain OS0503`)"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use std::collections::BTreeMap;

    use crate::live::Observation;

    #[test]
    fn no_privilege_at_all_is_told_of_and_unknown_ones_are_not() {
        let mut world = World::new();
        world.seen().permissions = Observation::default();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.seen().permissions = Observation::Known(BTreeMap::new());
        assert_eq!(world.found(&super::RULE), ["proxmox/matrix"]);
    }
}
