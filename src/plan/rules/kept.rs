//! Labels, annotations and locks that others put on what the files declare: they stay, and they are shown.

use super::codes;
use crate::address::Address;
use crate::diff::{LOCKS, is_locked};
use crate::graph::Prune;
use crate::plan::Warning;
use crate::plan::scene::{MADE_BY_OMNI, Scene};
use crate::resource::{Phase, Resource};
use crate::untrusted::Untrusted;
use crate::value::Value;

/// How many are named.
const SHOWN: usize = 4;

/// Every mark that stays, in words, by address.
pub(in crate::plan) fn marks(scene: &Scene<'_>) -> Vec<(Address, String)> {
    let mut out = Vec::new();
    for (address, declared) in &scene.desired {
        let Some(live) = scene.live(&declared.resource.id) else { continue };
        if scene.prune(address) == Prune::Template || !live.owner.is_empty() || live.phase != Phase::Running {
            continue;
        }
        let applied = scene.entry(address).and_then(|e| e.applied.as_ref());
        let theirs = |key: &String, wanted: bool, ours: bool| (!wanted && !ours).then(|| mark(key));
        let labels = live.resource.labels.keys().filter_map(|k| {
            let ours = applied.is_some_and(|a| a.labels.contains_key(k));
            Some(format!("label {}", theirs(k, declared.resource.labels.contains_key(k), ours)?))
        });
        let annotations = live.resource.annotations.keys().filter_map(|k| {
            let ours = applied.is_some_and(|a| a.annotations.contains_key(k));
            let name = theirs(k, declared.resource.annotations.contains_key(k), ours)?;
            Some(if LOCKS.contains(&k.as_str()) {
                "the lock".to_owned()
            } else {
                format!("annotation {name}")
            })
        });
        let backup = switched_off_backup(&live.resource, &declared.resource);
        out.extend(labels.chain(annotations).chain(backup).map(|text| ((*address).clone(), text)));
    }
    // Machines that Omni made for a declared cluster can be locked too; even `omnictl` leaves that alone.
    for cluster in &scene.input.desired.clusters {
        let nodes = scene.in_cluster("MachineSetNodes", &cluster.name);
        for node in
            nodes.iter().filter(|n| n.resource.labels.contains_key(MADE_BY_OMNI) && is_locked(&n.resource))
        {
            let address = Address::cluster(&cluster.name).child("node", &node.resource.id.id);
            out.push((address, "the lock".to_owned()));
        }
    }
    out.retain(|(address, _)| scene.takes(address));
    out.sort();
    out
}

/// Backups that somebody switched off, with the interval that they had: no template can say that.
fn switched_off_backup(live: &Resource, wanted: &Resource) -> Option<String> {
    let backup =
        live.spec.get("backup_configuration").filter(|b| b.as_map().is_some_and(|m| !m.is_empty()))?;
    let on = backup.get("enabled").and_then(Value::as_bool) == Some(true);
    let ours = wanted.spec.get("backup_configuration").is_some();
    (live.id.short_kind() == "Clusters" && !on && !ours).then(|| "the switched-off backup setting".to_owned())
}

/// Machines are named as people know them: by their request, and by their UUID only where they have none.
fn place(scene: &Scene<'_>, address: &Address) -> String {
    if address.kind() == "node" {
        format!("machine `{}`", Untrusted::new(scene.machine_name(address.name())).line(120))
    } else {
        format!("`{address}`")
    }
}

fn mark(key: &str) -> String {
    format!("`{}`", Untrusted::new(key).line(80))
}

pub(super) fn rule(scene: &Scene<'_>, out: &mut Vec<Warning>) {
    let marks = marks(scene);
    if marks.is_empty() {
        return;
    }
    let shown: Vec<String> = marks
        .iter()
        .take(SHOWN)
        .map(|(address, text)| format!("{text} of {}", place(scene, address)))
        .collect();
    let more = marks.len().saturating_sub(SHOWN);
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    out.push(Warning {
        code: codes::KEPT.to_owned(),
        address: None,
        message: format!("set by others and kept: {}{tail}", shown.join(", ")),
        blocks: false,
        help: Some(
            "write labels and annotations into the template to manage them; take locks off in Omni"
                .to_owned(),
        ),
        ..Warning::default()
    });
}
