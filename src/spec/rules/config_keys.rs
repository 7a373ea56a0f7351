//! Keys of the provider's configuration that it does not know.

use crate::diag::fix::Fix;
use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, closest};
use crate::spec::fields::quote;

use super::config::Config;
use super::lines;

pub(super) static RULE: Rule = Rule {
    code: "OS0225",
    name: "config-key-ignored",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "The provider reads its configuration leniently: keys that it does not know are passed over, so that the field counts as not set.",
    stage: Stage::Validate,
    title: "a key of `config.yaml` that the provider ignores",
    means: "A misspelt key means that the field is not set: without a credential everything fails with `not authorized to access endpoint`.",
    bad: "==> proxmox-provider/config.yaml <==\nproxmox:\n  url: https://192.168.3.5:8006/api2/json\n  tokenID: ${PROXMOX_TOKEN_ID}\n  tokenSecret: ${PROXMOX_TOKEN_SECRET}\n  insecureSkipTLS: true",
    good: "==> proxmox-provider/config.yaml <==\nproxmox:\n  url: https://192.168.3.5:8006/api2/json\n  tokenID: ${PROXMOX_TOKEN_ID}\n  tokenSecret: ${PROXMOX_TOKEN_SECRET}\n  insecureSkipVerify: true",
    act: "Write `url`, `username`, `password`, `realm`, `tokenID`, `tokenSecret` or `insecureSkipVerify`, letter by letter; `validate --fix` mends upper and lower case.",
};

const KEYS: [&str; 7] =
    ["url", "username", "password", "realm", "tokenID", "tokenSecret", "insecureSkipVerify"];

pub(super) fn check(config: &Config<'_>, sink: &mut Sink) {
    let fold = |t: &str| t.replace(['_', '-'], "").to_ascii_lowercase();
    for (key, _) in config.pairs() {
        let name = key.text().unwrap_or_default();
        if KEYS.contains(&name) {
            continue;
        }
        let meant = KEYS.into_iter().find(|k| fold(k) == fold(name));
        let fix = meant
            .filter(|m| {
                config.get(m).is_none()
                    && config
                        .pairs()
                        .iter()
                        .filter(|(k, _)| k.text().is_some_and(|t| fold(t) == fold(m)))
                        .count()
                        == 1
            })
            .and_then(|m| {
                Some(Fix::one(
                    format!("write `{m}` for `{name}`"),
                    config.source,
                    lines::verbatim(config.text, key)?,
                    m,
                ))
            });
        let mut d =
            Diagnostic::of(&RULE, format!("the provider ignores {} in its configuration", quote(name)))
                .at(config.source, key.span, "has no effect")
                .fix(fix);
        if let Some(near) = meant.or_else(|| closest(name, KEYS)) {
            d = d.help(format!("did you mean `{near}`?"));
        }
        sink.push(d);
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
    fn another_case_is_mended() {
        let config = "proxmox:\n  url: https://a:8006/api2/json\n  tokenId: ${A} # id\n  tokenSecret: ${B}\n";
        let found = testing::deployment(&[("proxmox-provider/config.yaml", config)]);
        assert_eq!(found.codes(), ["OS0225", "OS0217"]);
        assert_eq!(found.fixed("proxmox-provider/config.yaml"), config.replace("tokenId", "tokenID"));
    }
}
