//! `kubernetes.version` and `talos.version`.

use super::Rules;
use crate::diag::{Diagnostic, codes};
use crate::template::model::Text;
use crate::template::semver::Version;
use crate::untrusted::Untrusted;

/// Checks one version; the parsed one if it is one.
pub(super) fn check(rules: &mut Rules<'_>, what: &str, version: &Text, needs_v: bool) -> Option<Version> {
    let section = what.to_lowercase();
    if version.value.is_empty() {
        rules.sink.push(
            Diagnostic::error(codes::CLUSTER_VERSION, format!("the Cluster has no {what} version"))
                .at(rules.source, version.span, format!("`{section}.version` is missing"))
                .note("omnictl: version is required")
                .help(format!("add `{section}: {{version: v…}}`")),
        );
        return None;
    }
    let shown = Untrusted::new(&version.value).line(60);
    let parsed = Version::parse(&version.value);
    if let Err(why) = &parsed {
        rules.sink.push(
            Diagnostic::error(codes::CLUSTER_VERSION, format!("`{shown}` is no {what} version: {why}"))
                .at(rules.source, version.span, "not a semantic version")
                .note(format!("omnictl: version should be in semver format: {why}"))
                .help("write three numbers, as in `v1.34.3`"),
        );
    }
    if needs_v && !version.value.starts_with('v') {
        rules.sink.push(
            Diagnostic::error(
                codes::CLUSTER_VERSION,
                format!("the {what} version `{shown}` must begin with `v`"),
            )
            .at(rules.source, version.span, "no `v` in front")
            .note("omnictl: version should start with 'v'")
            .help(format!("write `v{}`", shown.trim_start())),
        );
    }
    parsed.ok()
}
