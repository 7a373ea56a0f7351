//! The status of Talos upgrades and of changes of extensions. It carries no cluster label, and an old "done" stays for a
//! while after a write.

use serde_json::json;

use super::super::labels;
use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};
use super::config_status::{self, UPGRADING};
use super::kubernetes_upgrade::numbers;

/// Milliseconds until a write is noticed.
const NOTICE: u64 = 350;

/// One status for each cluster.
pub fn run(pass: &mut Pass<'_>) {
    for cluster in pass.all("Clusters") {
        if cluster.tearing_down() {
            continue;
        }
        let id = cluster.key.id.clone();
        let want = cluster.text("/talos_version").to_owned();
        let last = pass
            .get("TalosUpgradeStatuses", &id)
            .map_or_else(|| want.clone(), |s| s.text("/last_upgrade_version").to_owned());
        let members = pass.labelled("ClusterMachines", labels::CLUSTER, &id);
        let behind = members.iter().filter(|m| config_status::lag(pass, m).upgrade).count();
        let current = members.iter().find(|m| m.finalizers.iter().any(|f| f == UPGRADING));
        let mark = format!("talos:{id}");
        if last == want && behind == 0 && current.is_none() {
            pass.forget(&mark);
            pass.put(status(
                &id,
                json!({ "phase": 2, "last_upgrade_version": want, "upgrade_versions": upgrades(pass, &want) }),
            ));
            continue;
        }
        let total = members.len();
        if last == want && !pass.waited(&mark, NOTICE) {
            // Seen for a third of a second when only extensions change.
            pass.put(status(
                &id,
                json!({
                    "phase": 4, "step": "no machines are currently upgrading",
                    "status": format!("reverting update {total}/{total}"), "last_upgrade_version": last,
                }),
            ));
            continue;
        }
        if last != want && !pass.waited(&mark, NOTICE) {
            continue;
        }
        if behind == 0 && current.is_none() {
            pass.put(status(
                &id,
                json!({ "phase": 2, "last_upgrade_version": want, "upgrade_versions": upgrades(pass, &want) }),
            ));
            continue;
        }
        let step = match current {
            Some(machine) => format!("current machine: {}", machine.key.id),
            None => "no machines are currently upgrading".to_owned(),
        };
        let mut spec = json!({
            "phase": if last == want { 5 } else { 1 },
            "step": step,
            "status": format!("updating machines {}/{total}", total - behind + 1.min(behind)),
            "last_upgrade_version": last,
        });
        if let (true, Some(map)) = (last != want, spec.as_object_mut()) {
            map.insert("current_upgrade_version".into(), json!(want));
        }
        pass.put(status(&id, spec));
    }
}

fn status(id: &str, spec: serde_json::Value) -> Resource {
    Resource::new(Key::of("TalosUpgradeStatuses", id), lean(spec)).owned_by("TalosUpgradeStatusController")
}

/// Newer versions of the same and the next minor.
fn upgrades(pass: &Pass<'_>, from: &str) -> Vec<String> {
    let current = numbers(from);
    let mut list: Vec<String> = pass
        .all("TalosVersions")
        .iter()
        .map(|v| v.key.id.clone())
        .filter(|v| {
            let n = numbers(v);
            n > current && n.0 == current.0 && n.1 <= current.1 + 1
        })
        .collect();
    list.sort_by_key(|v| numbers(v));
    list
}
