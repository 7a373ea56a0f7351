//! Resources as omnictl makes them.

use serde_json::{Value, json};

use super::super::labels;
use super::super::omni::{Key, Resource, Store};

/// A user's write.
pub fn put(store: &Store, resource: Resource, now: i64) {
    // Scenarios start from an empty store: nothing is there already.
    let _made = store.create(resource, now);
}

/// A backup of etcd that somebody took by hand.
pub fn manual_backup(cluster: &str, at: i64) -> Resource {
    let at = jiff::Timestamp::from_second(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    Resource::new(Key::of("EtcdManualBackups", cluster), json!({ "backup_at": at.to_string() }))
}

/// A class whose machines a provider makes.
pub fn class(id: &str, provider: &str, data: &str) -> Resource {
    Resource::new(
        Key::of("MachineClasses", id),
        json!({ "auto_provision": { "provider_id": provider, "provider_data": data } }),
    )
}

/// A cluster from a template.
pub fn cluster(id: &str, kubernetes: &str, talos: &str) -> Resource {
    Resource::new(
        Key::of("Clusters", id),
        json!({ "kubernetes_version": kubernetes, "talos_version": talos, "features": {} }),
    )
    .annotation("omni.sidero.dev/managed-by-cluster-templates", "")
}

/// A machine set from a template that uses a class; `name` is `control-planes` or the workers' name.
pub fn set(cluster: &str, name: &str, class: &str, count: u32) -> Resource {
    let role = if name == "control-planes" { labels::CONTROL_PLANE } else { labels::WORKER };
    Resource::new(
        Key::of("MachineSets", &format!("{cluster}-{name}")),
        json!({ "update_strategy": 1, "machine_allocation": { "name": class, "machine_count": count } }),
    )
    .label(labels::CLUSTER, cluster)
    .label(role, "")
}

/// A patch.
pub fn patch(id: &str, name: &str, cluster: &str, set: Option<&str>, data: &str) -> Resource {
    let patch = Resource::new(Key::of("ConfigPatches", id), json!({ "data": data }))
        .label(labels::CLUSTER, cluster)
        .annotation("name", name);
    match set {
        Some(set) => patch.label(labels::SET, set),
        None => patch,
    }
}

/// Extensions of a cluster, or of one of its machine sets.
pub fn extensions(cluster: &str, set: Option<&str>, list: &[&str]) -> Resource {
    let list: Vec<Value> = list.iter().map(|e| json!(e)).collect();
    let config = Resource::new(
        Key::of("ExtensionsConfigurations", &format!("schematic-{}", set.unwrap_or(cluster))),
        json!({ "extensions": list }),
    )
    .label(labels::CLUSTER, cluster);
    match set {
        Some(set) => config.label(labels::SET, set),
        None => config,
    }
}
