//! A login with a password ends after two hours.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};

use super::config::Config;

pub(super) static RULE: Rule = Rule {
    code: "OS0220",
    name: "config-password-login",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "The provider's Proxmox client logs in once; a ticket of Proxmox VE lives for two hours.",
    stage: Stage::Validate,
    title: "a provider that logs in with a password",
    means: "After two hours every call is answered with `not authorized to access endpoint`, until the provider is started again. A token has no such end.",
    bad: "==> proxmox-provider/config.yaml <==\nproxmox:\n  url: https://192.168.3.5:8006/api2/json\n  username: omni@pve\n  password: ${PROXMOX_PASSWORD}",
    good: "==> proxmox-provider/config.yaml <==\nproxmox:\n  url: https://192.168.3.5:8006/api2/json\n  tokenID: ${PROXMOX_TOKEN_ID}\n  tokenSecret: ${PROXMOX_TOKEN_SECRET}",
    act: "Make a token (`pveum user token add`), give it its own privileges, and set `tokenID` and `tokenSecret`.",
};

pub(super) fn check(config: &Config<'_>, sink: &mut Sink) {
    // With a token besides, the rule about both says it.
    if config.has(["username", "password"]) && !config.has(["tokenID", "tokenSecret"]) {
        let at = config.get("password").map_or(config.at, |n| n.span);
        sink.push(
            Diagnostic::of(
                &RULE,
                "the provider logs in with a password, once: after two hours Proxmox refuses every call",
            )
            .at(config.source, at, "")
            .unquoted()
            .help("use a token: `tokenID` and `tokenSecret`"),
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
}
