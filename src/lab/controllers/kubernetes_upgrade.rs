//! Kubernetes upgrades: one component after another, in each the nodes by name, one node at a time. Nothing reboots.

use serde_json::json;

use super::super::labels;
use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};
use super::view::{flag, is_control_plane};
use super::{config_status, patches};

const CONTROLLER: &str = "KubernetesUpgradeStatusController";
/// Milliseconds until a write of the cluster is noticed.
const NOTICE: u64 = 50;
/// Milliseconds of fetching images on all nodes.
const PULL: u64 = 20_000;
/// Milliseconds until a component with another version is back.
const RESTART: u64 = 15_000;
const COMPONENTS: [(&str, &str); 4] = [
    ("kube-apiserver", "apiServer"),
    ("kube-controller-manager", "controllerManager"),
    ("kube-scheduler", "scheduler"),
    ("kubelet", "kubelet"),
];

/// One look at every cluster.
pub fn run(pass: &mut Pass<'_>) {
    for cluster in pass.all("Clusters") {
        if !cluster.tearing_down() {
            one(pass, &cluster);
        }
    }
}

fn one(pass: &mut Pass<'_>, cluster: &Resource) {
    let id = cluster.key.id.clone();
    let want = cluster.text("/kubernetes_version").to_owned();
    if pass.get("ClusterBootstrapStatuses", &id).is_none_or(|b| !flag(&b, "/bootstrapped")) {
        return;
    }
    let known = pass.get("KubernetesUpgradeStatuses", &id);
    let last = known.as_ref().map(|k| k.text("/last_upgrade_version").to_owned()).unwrap_or_default();
    let ready = pass.get("ClusterStatuses", &id).is_some_and(|s| flag(&s, "/ready"));
    let versions = upgrades(pass, cluster, if last.is_empty() { &want } else { &last });
    let put = |pass: &Pass<'_>, spec: serde_json::Value| {
        pass.put(
            Resource::new(Key::of("KubernetesUpgradeStatuses", &id), lean(spec))
                .owned_by(CONTROLLER)
                .label(labels::CLUSTER, &id),
        );
    };
    if last.is_empty() {
        // Joining machines have the wanted version; it counts as reached when the cluster is ready for the first time.
        if ready {
            put(pass, json!({ "phase": 2, "last_upgrade_version": want, "upgrade_versions": versions }));
        } else {
            put(
                pass,
                json!({ "phase": 1, "status": "waiting for the cluster to be ready", "current_upgrade_version": want }),
            );
        }
        return;
    }
    let mark = format!("kubernetes:{id}:{want}");
    if last == want {
        pass.forget(&mark);
        put(pass, json!({ "phase": 2, "last_upgrade_version": last, "upgrade_versions": versions }));
        return;
    }
    if super::view::cluster_locked(pass, &id) || !pass.waited(&mark, NOTICE) {
        return;
    }
    let base = |status: &str, step: &str| {
        json!({
            "phase": 1, "step": step, "status": status, "last_upgrade_version": last, "current_upgrade_version": want,
        })
    };
    let mut nodes: Vec<(String, Resource)> = pass
        .labelled("ClusterMachines", labels::CLUSTER, &id)
        .iter()
        .filter(|m| !m.tearing_down())
        .map(|m| (hostname(pass, &m.key.id), (**m).clone()))
        .collect();
    nodes.sort_by(|a, b| a.0.cmp(&b.0));
    let planes = nodes.iter().filter(|(_, m)| is_control_plane(m)).count();
    let images = 4 * planes + (nodes.len() - planes);
    let pull = format!("kubernetes-pull:{id}:{want}");
    if !pass.waited(&pull, PULL) {
        put(
            pass,
            base(
                &format!("pre-pulling images (1/{images})"),
                &format!("pulled \"registry.k8s.io/kube-apiserver:v{want}\""),
            ),
        );
        return;
    }
    let turn = format!("kubernetes-step:{id}");
    for (component, _) in COMPONENTS {
        for (name, member) in &nodes {
            if component != "kubelet" && !is_control_plane(member) {
                continue;
            }
            let step = format!("{name}: updating {component} to {want}");
            let config = patches::wanted(pass, member);
            if config.kubernetes.get(component) != Some(&want) {
                // A change needs a settled cluster, or the outage of one step would meet that of the next.
                if !ready {
                    put(pass, base("waiting for the cluster to be ready", &step));
                    return;
                }
                patch(pass, &id, member, component, &want);
                pass.forget(&turn);
                put(pass, base("waiting for a restart", &step));
                return;
            }
            let lag = config_status::lag(pass, member);
            if lag.config || member.finalizers.iter().any(|f| f == config_status::UPDATING) {
                pass.forget(&turn);
                put(pass, base("waiting for a restart", &step));
                return;
            }
            let restarted = format!("kubernetes-restart:{id}:{component}:{}:{want}", member.key.id);
            if !pass.waited(&restarted, RESTART) {
                put(pass, base("waiting for a restart", &step));
                return;
            }
        }
    }
    let prefix = format!("kubernetes-restart:{id}:");
    pass.world.marks.retain(|m, _| !m.starts_with(&prefix));
    for mark in [mark, pull, turn] {
        pass.forget(&mark);
    }
    let versions = upgrades(pass, cluster, &want);
    put(pass, json!({ "phase": 2, "last_upgrade_version": want, "upgrade_versions": versions }));
}

fn hostname(pass: &Pass<'_>, machine: &str) -> String {
    pass.world.machines.get(machine).map(|m| m.hostname.clone()).unwrap_or_default()
}

/// Extends Omni's own patch of the machine by one component.
fn patch(pass: &Pass<'_>, cluster: &str, member: &Resource, component: &str, version: &str) {
    let mut config = patches::wanted(pass, member);
    config.kubernetes.insert(component.to_owned(), version.to_owned());
    let first = member.text("/kubernetes_version");
    let mut text = String::from("version: \"\"\n");
    let kubelet = config.kubernetes.get("kubelet").filter(|v| *v != first);
    match kubelet {
        Some(v) => text.push_str(&format!(
            "machine:\n    type: \"\"\n    token: \"\"\n    certSANs: []\n    kubelet:\n        image: ghcr.io/siderolabs/kubelet:v{v}\n"
        )),
        None => text.push_str("machine: null\n"),
    }
    let mut body = String::new();
    for (component, key) in COMPONENTS.iter().filter(|(c, _)| *c != "kubelet") {
        if let Some(v) = config.kubernetes.get(*component).filter(|v| *v != first) {
            body.push_str(&format!("    {key}:\n        image: registry.k8s.io/{component}:v{v}\n"));
        }
    }
    if body.is_empty() {
        text.push_str("cluster: null\n");
    } else {
        text.push_str("cluster:\n");
        text.push_str(&body);
    }
    let id = format!("900-cm-{}-kubernetes-upgrade", member.key.id);
    pass.put(
        Resource::new(Key::of("ConfigPatches", &id), json!({ "data": text }))
            .owned_by(CONTROLLER)
            .label(labels::CLUSTER, cluster)
            .label(labels::CLUSTER_MACHINE, &member.key.id)
            .label(labels::SYSTEM_PATCH, ""),
    );
}

/// Versions that the cluster may go to: newer patches of the minor and the next minor, as Talos supports them.
fn upgrades(pass: &Pass<'_>, cluster: &Resource, from: &str) -> Vec<String> {
    let Some(talos) = pass.get("TalosVersions", cluster.text("/talos_version")) else { return Vec::new() };
    let list = talos
        .spec
        .get("compatible_kubernetes_versions")
        .and_then(|v| v.as_array())
        .cloned()
        .unwrap_or_default();
    let current = numbers(from);
    let mut out: Vec<String> = list
        .iter()
        .filter_map(|v| v.as_str())
        .filter(|v| {
            let n = numbers(v);
            n > current && n.0 == current.0 && n.1 <= current.1 + 1
        })
        .map(str::to_owned)
        .collect();
    out.sort_by_key(|v| numbers(v));
    out
}

/// Major, minor and patch of a version.
pub fn numbers(version: &str) -> (u64, u64, u64) {
    let mut parts = version.trim_start_matches('v').split(['.', '-']).map(|p| p.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}
