//! A token that Proxmox does not accept.

use crate::checks::preflight::survey::Survey;
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};
use crate::live::ProxmoxFailure;
use crate::untrusted::Untrusted;

pub(super) static RULE: Rule = Rule {
    code: "OS0501",
    name: "credentials-refused",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Proxmox VE 9: every refused login is 401 after three seconds with an empty body",
    stage: Stage::Plan,
    title: "a Proxmox cluster refuses the token",
    means: "Proxmox answers 401 to the token. A wrong secret, a token that was deleted, a disabled user and a token that has expired cannot be told apart from outside. If the provider has the same token, it makes and removes no machine either, and Omni still shows it as healthy.",
    bad: "a token whose expiry has passed",
    good: "a token without expiry, or one that is renewed in time",
    act: "Look at the token in Proxmox: `pveum user token list USER`; `pveum user token modify USER NAME --expire 0` takes an expiry away.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for (proxmox, seen) in survey.seen() {
        let Some(ProxmoxFailure::Unauthenticated { why, absent: false }) = &seen.failure else { continue };
        let cause = "it refuses the token: the secret is wrong, or the token or its user was deleted, disabled or has expired, which cannot be told apart from outside";
        out.push(
            Finding::new(&RULE, Scene::cluster_address(proxmox), cause)
                .fact("answer", Untrusted::new(why).line(300))
                .act("look at the token in Proxmox: `pveum user token list USER`")
                .act("if the provider has the same token, give it the new secret too"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use crate::live::ProxmoxFailure;

    #[test]
    fn a_refused_token_is_told_of_and_another_failure_is_not() {
        let mut world = World::new();
        world.seen().failure = Some(ProxmoxFailure::Unreachable { tried: vec!["no route".to_owned()] });
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.seen().failure = Some(ProxmoxFailure::Unauthenticated { why: "401".to_owned(), absent: false });
        assert_eq!(world.found(&super::RULE), ["proxmox/matrix"]);
    }
}
