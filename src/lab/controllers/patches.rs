//! The configuration that a cluster machine is to have: its patches in order of application, and Kubernetes' versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::super::document;
use super::super::labels;
use super::super::machine::{Config, sha256};
use super::super::omni::Resource;
use super::super::world::Pass;
use super::view::{cluster_of, is_control_plane};

/// Keys of `machine` in a configuration whose change needs a reboot; everything else is applied while the machine runs.
const REBOOT: [&str; 7] =
    ["disks", "files", "env", "systemDiskEncryption", "features", "udev", "baseRuntimeSpecOverrides"];

/// Patches of a machine: cluster, machine set, cluster machine, machine; inside a level by id.
pub fn of_machine(pass: &Pass<'_>, member: &Resource) -> Vec<Arc<Resource>> {
    let (cluster, id) = (cluster_of(member), member.key.id.as_str());
    let set = member.labelled(labels::SET).unwrap_or_default();
    let mut ranked = Vec::new();
    let of = |key: &str| pass.patches.get(key).map(Vec::as_slice).unwrap_or_default();
    for patch in of(cluster).iter().chain(of("")) {
        let off = patch.labels.contains_key(labels::DISABLED) && pass.world.omni.knows_new();
        if patch.tearing_down() || off {
            continue;
        }
        let label = |name: &str| patch.labelled(name);
        let level = match (label(labels::CLUSTER), label(labels::CLUSTER_MACHINE), label(labels::SET)) {
            (Some(c), Some(m), _) if c == cluster && m == id => 2,
            (Some(c), None, Some(s)) if c == cluster && s == set => 1,
            (Some(c), None, None) if c == cluster => 0,
            _ if label(labels::MACHINE) == Some(id) => 3,
            _ => continue,
        };
        ranked.push((level, Arc::clone(patch)));
    }
    ranked.sort_by(|a, b| (a.0, &a.1.key.id).cmp(&(b.0, &b.1.key.id)));
    ranked.into_iter().map(|(_, patch)| patch).collect()
}

/// What the machine is to have.
pub fn wanted(pass: &Pass<'_>, member: &Resource) -> Config {
    let mut kubernetes = BTreeMap::new();
    let first = member.text("/kubernetes_version").to_owned();
    let mut components = vec!["kubelet"];
    if is_control_plane(member) {
        components.extend(["kube-apiserver", "kube-controller-manager", "kube-scheduler"]);
    }
    for component in components {
        kubernetes.insert(component.to_owned(), first.clone());
    }
    let mut texts = Vec::new();
    for patch in of_machine(pass, member) {
        let data = patch.text("/data").to_owned();
        if patch.key.id.ends_with("-kubernetes-upgrade") {
            for line in data.lines() {
                let found = image(line).and_then(|(component, v)| Some((kubernetes.get_mut(component)?, v)));
                if let Some((at, version)) = found {
                    version.clone_into(at);
                }
            }
        } else {
            texts.push(data);
        }
    }
    let hash = sha256(
        serde_json::json!({ "patches": texts, "kubernetes": kubernetes, "role": is_control_plane(member) })
            .to_string()
            .as_bytes(),
    );
    Config { hash, patches: texts, kubernetes }
}

/// Component and version of a line `image: registry/component:vX`.
fn image(line: &str) -> Option<(&str, &str)> {
    let (_, name) = line.trim().strip_prefix("image: ")?.rsplit_once('/')?;
    name.split_once(":v")
}

/// Whether going from one configuration to the other needs a reboot.
pub fn needs_reboot(old: &Config, new: &Config) -> bool {
    let only = |a: &Config, b: &Config| -> Vec<String> {
        a.patches.iter().filter(|p| !b.patches.contains(p)).cloned().collect()
    };
    only(old, new).iter().chain(&only(new, old)).any(|text| {
        document::documents(text).unwrap_or_default().iter().any(|d| {
            d.get("machine")
                .and_then(Value::as_object)
                .is_some_and(|m| m.keys().any(|k| REBOOT.contains(&k.as_str())))
        })
    })
}

/// Whether the configuration leaves Kubernetes without a network plug-in.
pub fn without_cni(config: &Config) -> bool {
    let documents: Vec<Value> =
        config.patches.iter().flat_map(|t| document::documents(t).unwrap_or_default()).collect();
    documents.iter().rev().find_map(cni).as_deref() == Some("none")
}

/// The network plug-in that a document asks for: by name, or Talos' own where the setting is taken out again.
fn cni(document: &Value) -> Option<String> {
    let mut at = document;
    for key in ["cluster", "network", "cni", "name"] {
        at = at.get(key)?;
        if at.get("$patch").and_then(Value::as_str) == Some("delete") {
            return Some("flannel".to_owned());
        }
    }
    at.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(patches: &[&str]) -> Config {
        Config {
            hash: String::new(),
            patches: patches.iter().map(|p| (*p).to_owned()).collect(),
            kubernetes: BTreeMap::new(),
        }
    }

    #[test]
    fn only_some_changes_need_a_reboot() {
        let empty = config(&[]);
        assert!(!needs_reboot(&empty, &config(&["machine:\n  time:\n    servers: [a]\n"])));
        assert!(!needs_reboot(&empty, &config(&["cluster:\n  proxy:\n    disabled: true\n"])));
        assert!(needs_reboot(&empty, &config(&["machine:\n  files: []\n"])));
    }

    #[test]
    fn the_last_word_on_the_cni_counts() {
        let none = "cluster:\n  network:\n    cni:\n      name: none\n";
        let flannel = "cluster:\n  network:\n    cni:\n      name: flannel\n";
        assert!(without_cni(&config(&[flannel, none])));
        assert!(!without_cni(&config(&[none, flannel])));
        for back in ["cluster: {network: {cni: {$patch: delete}}}", "cluster: {network: {$patch: delete}}"] {
            assert!(!without_cni(&config(&[none, back])), "{back}");
            assert!(without_cni(&config(&[back, none])), "{back}");
        }
        assert!(without_cni(&config(&[none, "cluster: {network: {cni: {name: ''}}}"])), "nothing is said");
        assert_eq!(
            image("        image: registry.k8s.io/kube-scheduler:v1.35.6"),
            Some(("kube-scheduler", "1.35.6"))
        );
    }
}
