//! System extensions: known to the cluster's Talos version, each once.

use serde_json::Value;

use super::labels::CLUSTER;
use super::{Context, Reasons, Write};
use crate::lab::omni::store::Key;

const MOST: usize = 256;

pub(super) fn check(context: &Context<'_>, write: &Write<'_>, reasons: &mut Reasons) {
    let Some(new) = write.wanted() else { return };
    let list: Vec<&str> = new
        .spec
        .get("extensions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if list.is_empty() {
        return;
    }
    if list.len() > MOST {
        reasons.push(format!("too many extensions: {} (max {MOST})", list.len()));
        return;
    }
    let Some(name) = new.labelled(CLUSTER) else {
        reasons.push(
            "extensions configuration with a non-empty extensions list must target a cluster via the cluster label"
                .to_owned(),
        );
        return;
    };
    let Some(cluster) = context.store.get(&Key::of("Clusters", name)) else {
        reasons.push(format!("cluster \"{name}\" does not exist"));
        return;
    };
    let version = cluster.text("/talos_version");
    let catalogue = context.store.get(&Key::of("TalosExtensions", version));
    let known: Vec<&str> = catalogue
        .as_ref()
        .and_then(|c| c.spec.get("items"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|i| i.get("name").and_then(Value::as_str))
        .collect();
    let mut seen: Vec<String> = Vec::new();
    for (entry, name) in list.into_iter().enumerate() {
        let full = if name.contains('/') { name.to_owned() } else { format!("siderolabs/{name}") };
        if !known.contains(&full.as_str()) {
            reasons.push(format!(
                "extension \"{name}\" (entry {entry}) is not available for Talos version \"{version}\""
            ));
        } else if seen.contains(&full) {
            reasons.push(format!("extension \"{name}\" (entry {entry}) is duplicated"));
        }
        seen.push(full);
    }
}
