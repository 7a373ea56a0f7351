//! A provider without credentials asks Proxmox as nobody.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};

use super::config::Config;

pub(super) static RULE: Rule = Rule {
    code: "OS0217",
    name: "config-without-credentials",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "The provider logs in when `username` and `password`, or `tokenID` and `tokenSecret`, are both set; else it sends no credential at all.",
    stage: Stage::Validate,
    title: "a provider without credentials",
    means: "Every call is answered with `not authorized to access endpoint`, while Omni shows the provider as healthy.",
    bad: "==> proxmox-provider/config.yaml <==\nproxmox:\n  url: https://192.168.3.5:8006/api2/json\n  tokenID: ${PROXMOX_TOKEN_ID}",
    good: "==> proxmox-provider/config.yaml <==\nproxmox:\n  url: https://192.168.3.5:8006/api2/json\n  tokenID: ${PROXMOX_TOKEN_ID}\n  tokenSecret: ${PROXMOX_TOKEN_SECRET}",
    act: "Set `tokenID` (`user@realm!name`) and `tokenSecret`.",
};

pub(super) fn check(config: &Config<'_>, sink: &mut Sink) {
    if config.has(["username", "password"]) || config.has(["tokenID", "tokenSecret"]) {
        return;
    }
    let missing = match (
        config.set("tokenID"),
        config.set("tokenSecret"),
        config.set("username"),
        config.set("password"),
    ) {
        (true, false, ..) => "`tokenSecret` is missing",
        (false, true, ..) => "`tokenID` is missing",
        (_, _, true, false) => "`password` is missing",
        (_, _, false, true) => "`username` is missing",
        _ => "it has neither `tokenID` and `tokenSecret` nor `username` and `password`",
    };
    sink.push(
        Diagnostic::of(&RULE, format!("the provider would ask Proxmox without a credential: {missing}"))
            .at(config.source, config.at, "")
            .note("every call would be answered with `not authorized to access endpoint`")
            .help("set `tokenID: user@realm!name` and `tokenSecret: ${…}`"),
    );
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
    fn an_empty_value_is_none() {
        let with = |body: &str| {
            let config = format!("proxmox:\n  url: https://a:8006/api2/json\n{body}");
            testing::deployment(&[("proxmox-provider/config.yaml", &config)]).codes()
        };
        assert_eq!(with("  tokenID: a@pve!b\n  tokenSecret: ''\n"), ["OS0217"]);
        assert_eq!(with(""), ["OS0217"]);
        assert_eq!(with("  username: a@pve\n  password: ${P}\n"), ["OS0220"]);
    }
}
