//! The provider's address of Proxmox ends in `/api2/json`.

use crate::diag::fix::Fix;
use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, codes};
use crate::spec::fields::quote;
use crate::yaml::Node;

use super::config::Config;
use super::lines;

pub(super) static RULE: Rule = Rule {
    code: "OS0228",
    name: "config-url-path",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "The provider appends the paths of calls to `url` as it stands.",
    stage: Stage::Validate,
    title: "an address of Proxmox without `/api2/json`",
    means: "Every call asks for a page that does not exist, and its answer is no JSON.",
    bad: "==> proxmox-provider/config.yaml <==\nproxmox:\n  url: https://192.168.3.5:8006\n  tokenID: ${PROXMOX_TOKEN_ID}\n  tokenSecret: ${PROXMOX_TOKEN_SECRET}",
    good: "==> proxmox-provider/config.yaml <==\nproxmox:\n  url: https://192.168.3.5:8006/api2/json\n  tokenID: ${PROXMOX_TOKEN_ID}\n  tokenSecret: ${PROXMOX_TOKEN_SECRET}",
    act: "Write `https://<node>:8006/api2/json`; `validate --fix` adds what is missing.",
};

/// What its end must be.
const END: &str = "/api2/json";

pub(super) fn check(config: &Config<'_>, sink: &mut Sink) {
    let pair = config.pairs().iter().find(|(k, _)| k.text() == Some("url"));
    let Some((key, node, text)) = pair.and_then(|(k, n)| Some((k, n, n.text()?))) else {
        sink.push(
            Diagnostic::error(codes::MISSING_FIELD, "the provider's configuration has no `proxmox.url`").at(
                config.source,
                config.at,
                "",
            ),
        );
        return;
    };
    if text.ends_with(END) || text.starts_with('$') {
        return;
    }
    sink.push(
        Diagnostic::of(&RULE, format!("the provider's address {} does not end in `{END}`", quote(text)))
            .at(config.source, node.span, "")
            .help("write `https://<node>:8006/api2/json`")
            .fix(completed(config, key, node, text)),
    );
}

/// Of an address without a path, or with a part of the right one, it is plain what is missing.
fn completed(config: &Config<'_>, key: &Node, node: &Node, text: &str) -> Option<Fix> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let (host, path) = host.split_once('/').map_or((host, ""), |(h, p)| (h, p));
    if host.is_empty()
        || !matches!(path.trim_end_matches('/'), "" | "api2" | "api2/json")
        || host.contains(['?', '#'])
    {
        return None;
    }
    let scheme = text.split("//").next()?;
    let new = format!("{scheme}//{host}{END}");
    let span = lines::exact(config.text, key, node)?;
    let raw = config.text.get(span.start..span.end)?;
    Some(Fix::one(format!("write `{new}`"), config.source, span, raw.replace(text, &new)))
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
    fn what_is_missing_is_added_within_the_quotes() {
        for (url, want) in [
            ("\"https://a:8006\"", "\"https://a:8006/api2/json\""),
            ("https://a:8006/", "https://a:8006/api2/json"),
            ("'https://a/api2'", "'https://a/api2/json'"),
            ("https://a:8006/api2/json/", "https://a:8006/api2/json"),
            ("https://a/other", "https://a/other"),
        ] {
            let config = format!("proxmox:\n  url: {url} # pve\n  tokenID: ${{A}}\n  tokenSecret: ${{B}}\n");
            let found = testing::deployment(&[("proxmox-provider/config.yaml", &config)]);
            assert_eq!(found.codes(), ["OS0228"], "{url}");
            assert_eq!(found.fixed("proxmox-provider/config.yaml"), config.replace(url, want));
        }
    }
}
