//! Kinds of documents and keys that came with a later Talos than the cluster's. Omni's library knows them and lets them pass; the
//! machines read their configuration strictly and refuse all of it.
//!
//! `since.txt` has them by the first minor version whose published schema lists them, from 1.12 on: `1.12 BondConfig`,
//! `1.13 VolumeConfig.mount`, and `-.…` for the document without a kind. What is below a listed one is not listed again.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::LazyLock;

use crate::diag::{Diagnostic, SourceId, codes};
use crate::template::validate::Rules;
use crate::untrusted::Untrusted;
use crate::yaml::{Node, NodeKind};

/// Minor version by path.
static SINCE: LazyLock<BTreeMap<&'static str, (u64, u64)>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let (version, path) = line.split_once(' ')?;
        let (major, minor) = version.split_once('.')?;
        Some((path, (major.parse().ok()?, minor.parse().ok()?)))
    };
    include_str!("since.txt").lines().filter_map(line).collect()
});

/// Warns of what is newer than the cluster's Talos. `kind` is `-` for the document without one.
pub(super) fn check(rules: &mut Rules<'_>, source: SourceId, root: &Node, kind: &str) {
    let Some(talos) = rules.talos else { return };
    if let Some(since) = SINCE.get(kind).filter(|since| **since > talos) {
        let place = root.get("kind").unwrap_or(root);
        warn(rules, source, place, &format!("documents of kind `{}`", Untrusted::new(kind).line(60)), *since);
    } else {
        below(rules, source, root, kind, talos);
    }
}

fn below(rules: &mut Rules<'_>, source: SourceId, node: &Node, path: &str, talos: (u64, u64)) {
    match &node.kind {
        NodeKind::Scalar { .. } => {}
        NodeKind::Seq(items) => items.iter().for_each(|item| below(rules, source, item, path, talos)),
        NodeKind::Map(pairs) => {
            let prefix = format!("{path}.");
            // Most of what patches say is as old as the table: nothing below it is listed.
            let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
            if SINCE.range::<str, _>(from).next().is_none_or(|(listed, _)| !listed.starts_with(&prefix)) {
                return;
            }
            for (key, value) in pairs {
                let path = format!("{prefix}{}", key.text().unwrap_or_default());
                match SINCE.get(path.as_str()) {
                    Some(since) if *since > talos => {
                        let name = path.split_once('.').map_or(path.as_str(), |(_, keys)| keys);
                        warn(rules, source, key, &format!("`{}`", Untrusted::new(name).line(120)), *since);
                    }
                    _ => below(rules, source, value, &path, talos),
                }
            }
        }
    }
}

fn warn(rules: &mut Rules<'_>, source: SourceId, place: &Node, what: &str, since: (u64, u64)) {
    let Some((major, minor)) = rules.talos else { return };
    rules.sink.push(
        Diagnostic::warning(
            codes::TALOS_NEWER,
            format!("Talos v{major}.{minor}, which this cluster runs, has no {what}"),
        )
        .at(source, place.span, format!("came with Talos v{}.{}", since.0, since.1))
        .note("Omni lets it pass; machines refuse a configuration with anything that they do not know")
        .help("upgrade Talos first, and add this in a later change; or remove it"),
    );
}

#[cfg(test)]
mod tests {
    use crate::diag::codes;
    use crate::template::tests::loaded;

    /// The warnings of a template with a patch.
    fn warned(talos: &str, patch: &str) -> Vec<String> {
        let patch: String = patch.lines().map(|line| format!("      {line}\n")).collect();
        let text = format!(
            "kind: Cluster\nname: c\nkubernetes: {{version: v1.34.3}}\ntalos: {{version: {talos}}}\n\
             patches:\n  - name: p\n    inline: |\n{patch}---\nkind: ControlPlane\n"
        );
        let (_, _, sink) = loaded(&text);
        let newer = sink.all().iter().filter(|d| d.code.0 == codes::TALOS_NEWER);
        newer.map(|d| d.message.clone()).collect()
    }

    #[test]
    fn what_the_clusters_talos_does_not_know_is_warned_of() {
        let document = "apiVersion: v1alpha1\nkind: LinkAliasConfig\nname: net0\n";
        assert_eq!(
            warned("v1.11.6", document),
            ["Talos v1.11, which this cluster runs, has no documents of kind `LinkAliasConfig`"]
        );
        assert_eq!(warned("v1.12.0", document), [""; 0]);
        assert_eq!(warned("v1.12.0-alpha.1", document), [""; 0]);
        let key = "machine:\n  install:\n    grubUseUKICmdline: true\n  sysctls: {a: b}\n";
        assert_eq!(
            warned("v1.11", key),
            ["Talos v1.11, which this cluster runs, has no `machine.install.grubUseUKICmdline`"]
        );
        assert_eq!(warned("v1.13.1", key), [""; 0]);
        let nested = "apiVersion: v1alpha1\nkind: ResolverConfig\nnameservers:\n  - address: 1.1.1.1\n    protocol: tls\n";
        assert_eq!(
            warned("v1.13.8", nested),
            ["Talos v1.13, which this cluster runs, has no `nameservers.protocol`"]
        );
        assert_eq!(warned("v1.11.6", nested).len(), 1, "the document says it all");
    }

    #[test]
    fn without_a_version_nothing_is_claimed() {
        assert_eq!(warned("latest", "machine:\n  install:\n    grubUseUKICmdline: true\n"), [""; 0]);
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(super::SINCE.len(), include_str!("since.txt").lines().count());
    }
}
