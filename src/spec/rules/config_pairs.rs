//! A password wins over a token.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};

use super::config::Config;

pub(super) static RULE: Rule = Rule {
    code: "OS0226",
    name: "config-two-credentials",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "The provider: `username` and `password` are used when both are set, whatever else is.",
    stage: Stage::Validate,
    title: "a password and a token",
    means: "The token is never used: the provider logs in with the password, and loses that login after two hours.",
    bad: "==> proxmox-provider/config.yaml <==\nproxmox:\n  url: https://192.168.3.5:8006/api2/json\n  tokenID: ${PROXMOX_TOKEN_ID}\n  tokenSecret: ${PROXMOX_TOKEN_SECRET}\n  username: omni@pve\n  password: ${PROXMOX_PASSWORD}",
    good: "==> proxmox-provider/config.yaml <==\nproxmox:\n  url: https://192.168.3.5:8006/api2/json\n  tokenID: ${PROXMOX_TOKEN_ID}\n  tokenSecret: ${PROXMOX_TOKEN_SECRET}",
    act: "Keep the token and remove `username` and `password`.",
};

pub(super) fn check(config: &Config<'_>, sink: &mut Sink) {
    if config.has(["username", "password"]) && config.has(["tokenID", "tokenSecret"]) {
        let at = config.get("password").map_or(config.at, |n| n.span);
        sink.push(
            Diagnostic::of(&RULE, "the provider has a password and a token, and the password wins")
                .at(config.source, at, "the token is not used")
                .unquoted()
                .help("keep the token: remove `username` and `password`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::rules::testing;

    #[test]
    fn it_speaks_and_is_silent() {
        testing::example(&RULE);
    }

    #[test]
    fn half_a_pair_does_not_count() {
        let config = "proxmox:\n  url: https://a:8006/api2/json\n  tokenID: ${A}\n  tokenSecret: ${B}\n  username: a@pve\n";
        assert_eq!(testing::deployment(&[("proxmox-provider/config.yaml", config)]).codes(), [""; 0]);
    }
}
