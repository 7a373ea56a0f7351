//! Config patches: Talos machine configuration that Omni may let a user set.
//!
//! Not built: keys below the second level are not checked, nor the contents of stand-alone documents.

use super::labels::CLUSTER;
use super::{Context, Reasons, Write};
use crate::diag::SourceId;
use crate::lab::omni::store::Key;
use crate::lab::omni::version::ServerVersion;
use crate::yaml::{Limits, Node, NodeKind, Out, is_null, parse, write};

/// Fields of the machine configuration that are Omni's; `true`: free before 1.10.
const OURS: &[(&[&str], bool)] = &[
    (&["cluster", "clusterName"], false),
    (&["cluster", "id"], false),
    (&["cluster", "controlPlane", "endpoint"], false),
    (&["cluster", "token"], false),
    (&["cluster", "secret"], false),
    (&["cluster", "ca"], true),
    (&["cluster", "acceptedCAs"], false),
    (&["cluster", "aescbcEncryptionSecret"], false),
    (&["cluster", "secretboxEncryptionSecret"], false),
    (&["cluster", "serviceAccount"], true),
    (&["machine", "token"], false),
    (&["machine", "ca"], false),
    (&["machine", "type"], false),
    (&["machine", "install", "disk"], true),
    (&["machine", "install", "extensions"], false),
    (&["machine", "acceptedCAs"], false),
];

/// Documents that say what is Omni's to say, or carry its secrets: 1.10 refuses them.
const OUR_KINDS: &[&str] = &[
    "UnattendedInstallConfig",
    "DiscoveryIdentityConfig",
    "KubeClusterConfig",
    "KubeEtcdEncryptionConfig",
    "KubeAPIServerCAConfig",
    "KubeAggregatorCAConfig",
];
/// Documents of which 1.9 has never heard; a selection.
const NEW_KINDS: &[&str] = &[
    "UnattendedInstallConfig",
    "DiscoveryIdentityConfig",
    "KubeClusterConfig",
    "KubeAPIServerCAConfig",
    "KubeAggregatorCAConfig",
    "DiscoveryServiceConfig",
    "KubePrismConfig",
    "KubeServiceAccountConfig",
    "KubeTalosAPIAccessConfig",
    "KubeletConfig",
    "SysctlConfig",
    "SysfsConfig",
    "UdevRulesConfig",
];

const TOP: &[&str] = &["version", "debug", "persist", "machine", "cluster"];
const MACHINE: &[&str] = &[
    "type",
    "token",
    "ca",
    "acceptedCAs",
    "certSANs",
    "controlPlane",
    "kubelet",
    "pods",
    "network",
    "disks",
    "install",
    "files",
    "env",
    "time",
    "sysctls",
    "sysfs",
    "registries",
    "systemDiskEncryption",
    "features",
    "udev",
    "logging",
    "kernel",
    "seccompProfiles",
    "baseRuntimeSpecOverrides",
    "nodeLabels",
    "nodeAnnotations",
    "nodeTaints",
];
const CLUSTER_KEYS: &[&str] = &[
    "id",
    "secret",
    "controlPlane",
    "clusterName",
    "network",
    "token",
    "aescbcEncryptionSecret",
    "secretboxEncryptionSecret",
    "ca",
    "acceptedCAs",
    "aggregatorCA",
    "serviceAccount",
    "apiServer",
    "controllerManager",
    "proxy",
    "scheduler",
    "discovery",
    "etcd",
    "coreDNS",
    "externalCloudProvider",
    "extraManifests",
    "extraManifestHeaders",
    "inlineManifests",
    "adminKubeconfig",
    "allowSchedulingOnMasters",
    "allowSchedulingOnControlPlanes",
];

pub(super) fn check(context: &Context<'_>, write: &Write<'_>, reasons: &mut Reasons) {
    let Some(new) = write.wanted() else { return };
    let cluster = new.labelled(CLUSTER).and_then(|c| context.store.get(&Key::of("Clusters", c)));
    if let Some(c) = cluster.filter(|c| c.tearing_down()) {
        reasons.push(format!("cluster \"{}\" is tearing down", c.key.id));
    }
    // Unchanged data is not looked at again.
    if write.stored().is_some_and(|old| old.text("/data") == new.text("/data")) {
        return;
    }
    validate(new.text("/data"), context.version, reasons);
}

/// The check without writing; all reasons as one text.
pub(in crate::lab::omni) fn validate_config(text: &str, version: ServerVersion) -> Result<(), String> {
    let mut reasons = Vec::new();
    validate(text, version, &mut reasons);
    match reasons.len() {
        0 => Ok(()),
        1 => Err(reasons.concat()),
        n => Err(format!("{n} errors occurred:\n\t* {}\n\n", reasons.join("\n\t* "))),
    }
}

fn validate(text: &str, version: ServerVersion, reasons: &mut Reasons) {
    let documents = match parse(SourceId::default(), text, &Limits::default()) {
        Ok(documents) => documents,
        Err(problems) => {
            // Omni prints its parser's words here, which differ from version to version.
            let why = problems.first().map_or("", |p| p.message.as_str());
            reasons.push(format!("yaml: {why}"));
            return;
        }
    };
    let roots: Vec<(usize, &Node)> =
        documents.iter().filter_map(|d| Some((d.span.start, d.root.as_ref()?))).collect();
    if roots.is_empty() {
        reasons.push("config not found".to_owned());
        return;
    }
    for (_, root) in &roots {
        if let Some(kind) = kind_of(root).filter(|k| !version.knows_new() && NEW_KINDS.contains(k)) {
            let api = root.get("apiVersion").and_then(Node::text).unwrap_or("");
            reasons.push(format!("\"{kind}\" \"{api}\": not registered"));
            return;
        }
        let line = text.get(..root.span.start).unwrap_or("").matches('\n').count() + 1;
        if let Some(reason) = unknown(root, line) {
            reasons.push(reason);
            return;
        }
    }
    // 1.9 looks at the first document only.
    let looked_at = if version.knows_new() { roots.len() } else { 1 };
    for (_, root) in roots.into_iter().take(looked_at) {
        forbidden(root, version, reasons);
    }
}

fn unknown(root: &Node, line: usize) -> Option<String> {
    let NodeKind::Map(entries) = &root.kind else {
        return Some(format!("error decoding document (line {line}): expected a mapping"));
    };
    if root.get("kind").is_some() {
        return None;
    }
    let mut left: Vec<(String, Out)> = Vec::new();
    for (key, value) in entries {
        let name = key.text().unwrap_or("");
        let inner = match name {
            "machine" => MACHINE,
            "cluster" => CLUSTER_KEYS,
            _ if TOP.contains(&name) => continue,
            _ => {
                left.push((name.to_owned(), Out::from_node(value)));
                continue;
            }
        };
        match &value.kind {
            NodeKind::Map(pairs) => {
                let bad: Vec<(String, Out)> = pairs
                    .iter()
                    .filter_map(|(k, v)| Some((k.text()?, v)))
                    .filter(|(k, _)| !inner.contains(k) && *k != "$patch")
                    .map(|(k, v)| (k.to_owned(), Out::from_node(v)))
                    .collect();
                if !bad.is_empty() {
                    left.push((name.to_owned(), Out::Map(bad)));
                }
            }
            _ if is_null(value) => {}
            _ => {
                return Some(format!(
                    "error decoding document /v1alpha1/ (line {line}): cannot construct {name} from a scalar or a list"
                ));
            }
        }
    }
    if left.is_empty() {
        return None;
    }
    let keys = write(&Out::Map(left), 4);
    Some(format!(
        "error decoding document /v1alpha1/ (line {line}): unknown keys found during decoding:\n{keys}"
    ))
}

fn kind_of(root: &Node) -> Option<&str> {
    root.get("kind").and_then(Node::text)
}

fn forbidden(root: &Node, version: ServerVersion, reasons: &mut Reasons) {
    if let Some(kind) = kind_of(root) {
        if OUR_KINDS.contains(&kind) && version.knows_new() {
            reasons.push(format!("the \"{kind}\" document is not allowed in the config patch"));
        }
        return;
    }
    for (path, new) in OURS {
        let node = path.iter().try_fold(root, |node, key| node.get(key));
        if node.is_some_and(|n| !is_null(n)) && (version.knows_new() || !new) {
            reasons.push(format!("overriding \"{}\" is not allowed in the config patch", path.join(".")));
        }
    }
    let roles = ["machine", "features", "kubernetesTalosAPIAccess", "allowedRoles"]
        .iter()
        .try_fold(root, |node, key| node.get(key));
    if let Some(NodeKind::Seq(items)) = roles.map(|r| &r.kind)
        && items.iter().any(|i| i.text() == Some("os:admin"))
    {
        reasons.push(
            "element \"os:admin\" is not allowed in field \"machine.features.kubernetesTalosAPIAccess.allowedRoles\""
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(text: &str) -> String {
        validate_config(text, ServerVersion::V1_10Beta).err().unwrap_or_default()
    }

    #[test]
    fn versions_forbid_different_fields() {
        let disk = "machine:\n  install:\n    disk: /dev/sda\n";
        assert_eq!(new(disk), "overriding \"machine.install.disk\" is not allowed in the config patch");
        assert_eq!(validate_config(disk, ServerVersion::V1_9_3), Ok(()));
        let second = "machine:\n  sysctls:\n    a: b\n---\nmachine:\n  token: x\n";
        assert!(new(second).contains("machine.token"));
        assert_eq!(validate_config(second, ServerVersion::V1_9_3), Ok(()));
        let etcd = "apiVersion: v1alpha1\nkind: KubeEtcdEncryptionConfig\n";
        assert!(new(etcd).starts_with("the \"KubeEtcdEncryptionConfig\" document is not allowed"));
        assert_eq!(validate_config(etcd, ServerVersion::V1_9_3), Ok(()));
        let old = validate_config("apiVersion: v1alpha1\nkind: SysctlConfig\n", ServerVersion::V1_9_3);
        assert_eq!(old.unwrap_err(), "\"SysctlConfig\" \"v1alpha1\": not registered");
    }

    #[test]
    fn unknown_keys_are_printed_back() {
        assert_eq!(
            new("machine:\n  bogus: 1\n"),
            "error decoding document /v1alpha1/ (line 1): unknown keys found during decoding:\nmachine:\n    bogus: 1\n"
        );
        assert_eq!(new(""), "config not found");
        assert!(new("a: [").starts_with("yaml: "));
        assert!(new("- a").contains("mapping"));
    }
}
