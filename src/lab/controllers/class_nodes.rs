//! Nodes of sets that use a class: machines that came for the set are taken in; those too many are let go.

use serde_json::json;

use super::super::labels;
use super::super::omni::{Key, Resource};
use super::super::world::Pass;
use super::view::{allocation, cluster_of, place};

const CONTROLLER: &str = "MachineSetNodeController";

/// Takes in and lets go.
pub fn run(pass: &mut Pass<'_>) {
    for set in pass.all("MachineSets") {
        let Some((_, count)) = allocation(&set) else { continue };
        let id = set.key.id.clone();
        if !set.tearing_down() {
            take_in(pass, &set, count);
            let_go(pass, &id, count);
        }
    }
    for node in pass.all("MachineSetNodes") {
        if node.tearing_down() {
            let others = node.finalizers.iter().any(|f| f != CONTROLLER);
            if !others {
                pass.release("MachineSetNodes", &node.key.id, &[CONTROLLER]);
            }
        } else if pass.get("Machines", &node.key.id).is_some_and(|m| m.tearing_down()) {
            pass.teardown("MachineSetNodes", &node.key.id);
        }
    }
}

fn take_in(pass: &Pass<'_>, set: &Resource, count: u64) {
    let id = &set.key.id;
    if pass.get("Clusters", cluster_of(set)).is_none_or(|c| c.tearing_down()) {
        return;
    }
    let mut have = running(pass, id).len() as u64;
    for status in pass.labelled("MachineStatuses", labels::REQUEST_SET, id) {
        if have >= count {
            return;
        }
        let machine = &status.key.id;
        let going = pass.get("Machines", machine).is_none_or(|m| m.tearing_down())
            || status
                .labelled(labels::REQUEST)
                .and_then(|r| pass.get("MachineRequests", r))
                .is_none_or(|r| r.tearing_down());
        if going
            || pass.get("MachineSetNodes", machine).is_some()
            || pass.get("ClusterMachines", machine).is_some()
            || !status.labels.contains_key("omni.sidero.dev/available")
        {
            continue;
        }
        let node = place(Resource::new(Key::of("MachineSetNodes", machine), json!({})), set)
            .label(labels::SET, id)
            .label(labels::BY_CLASS, "")
            .finalizer(CONTROLLER);
        pass.create(node);
        have += 1;
    }
}

fn running(pass: &Pass<'_>, set: &str) -> Vec<std::sync::Arc<Resource>> {
    let mut nodes = pass.labelled("MachineSetNodes", labels::SET, set);
    nodes.retain(|n| !n.tearing_down());
    nodes
}

/// Without a machine status first, then disconnected ones, then the oldest. Locks are not looked at.
fn let_go(pass: &Pass<'_>, set: &str, count: u64) {
    let nodes = running(pass, set);
    let Some(excess) = (nodes.len() as u64).checked_sub(count).filter(|e| *e > 0) else { return };
    let mut ranked: Vec<_> = nodes
        .iter()
        .map(|n| {
            let rank = match pass.get("MachineStatuses", &n.key.id) {
                None => 0,
                Some(s) if s.labels.contains_key(labels::DISCONNECTED) => 1,
                Some(_) => 2,
            };
            (rank, n.created, n.key.id.clone())
        })
        .collect();
    ranked.sort();
    for (_, _, id) in ranked.into_iter().take(excess as usize) {
        pass.teardown("MachineSetNodes", &id);
    }
}
