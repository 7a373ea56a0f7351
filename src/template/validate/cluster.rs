//! Rules of `kind: Cluster`.

use super::{Rules, content, descriptors, version};
use crate::diag::{Diagnostic, codes};
use crate::template::letters::letter_or_digit;
use crate::template::model::Cluster;
use crate::template::semver::Version;
use crate::untrusted::Untrusted;

pub(super) fn check(rules: &mut Rules<'_>, cluster: &Cluster) {
    name(rules, cluster);
    version::check(rules, "Kubernetes", &cluster.kubernetes, false);
    let talos = version::check(rules, "Talos", &cluster.talos, true);
    encryption(rules, cluster, talos);
    descriptors::check(rules, &cluster.descriptors);
    content::manifests(rules, &cluster.manifests);
    content::health_checks(rules, &cluster.health_checks);
    content::patches(rules, &cluster.patches);
}

fn name(rules: &mut Rules<'_>, cluster: &Cluster) {
    let name = &cluster.name.value;
    if name.is_empty() {
        rules.sink.push(
            Diagnostic::error(codes::CLUSTER_NAME, "the Cluster has no name")
                .at(rules.source, cluster.name.span, "`name` is missing")
                .note("omnictl: name is required")
                .help(
                    "add `name:`; it is the cluster's id in Omni and begins the ids of everything below it",
                ),
        );
    } else if !name.chars().all(|c| letter_or_digit(c) || c == '-' || c == '_') {
        let shown = Untrusted::new(name).line(80);
        rules.sink.push(
            Diagnostic::error(codes::CLUSTER_NAME, format!("`{shown}` cannot be a cluster's name"))
                .at(rules.source, cluster.name.span, "has other characters")
                .note("omnictl: name should only contain letters, digits, dashes and underscores")
                .help("use letters, digits, `-` and `_` only"),
        );
    }
}

/// Talos encrypts disks from 1.5.0 on; its pre-releases do not count.
fn encryption(rules: &mut Rules<'_>, cluster: &Cluster, talos: Option<Version>) {
    if cluster.disk_encryption.value && talos.is_some_and(|v| v < Version::new(1, 5, 0)) {
        rules.sink.push(
            Diagnostic::error(codes::CLUSTER_ENCRYPTION, "disk encryption needs Talos 1.5.0 or newer")
                .at(rules.source, cluster.disk_encryption.span, "switched on here")
                .at(rules.source, cluster.talos.span, "too old")
                .note("omnictl: disk encryption is supported only for Talos version >= 1.5.0")
                .help("it cannot be switched on later: choose a newer Talos, or leave it off"),
        );
    }
}
