//! Mappings of PCI devices.

use serde_json::{Value, json};

use super::access::Token;
use super::model::Cluster;
use super::reply::Reply;

/// `GET /cluster/mapping/pci`, those only that the token may know; with a node also what is wrong with them there.
pub fn list(cluster: &Cluster, token: &Token, check: Option<&str>) -> Reply {
    let visible = |id: &str| {
        let path = format!("/mapping/pci/{id}");
        ["Mapping.Audit", "Mapping.Use", "Mapping.Modify"].iter().any(|p| token.may(&path, p))
    };
    let entries = cluster.mappings.iter().filter(|m| visible(id(m))).cloned().map(|mut entry| {
        let checks = check.map(|node| checks(&entry, node));
        if let (Some(checks), Some(map)) = (checks, entry.as_object_mut()) {
            map.insert("checks".into(), checks);
        }
        entry
    });
    Reply::data(entries.collect::<Vec<_>>())
}

fn id(mapping: &Value) -> &str {
    mapping.get("id").and_then(Value::as_str).unwrap_or_default()
}

fn checks(mapping: &Value, node: &str) -> Value {
    if covers(mapping, node) {
        return json!([]);
    }
    json!([{ "severity": "warning", "message": format!("No mapping for node {node}.") }])
}

/// Whether a mapping has a device on the node.
fn covers(mapping: &Value, node: &str) -> bool {
    let entries = mapping.get("map").and_then(Value::as_array);
    entries.is_some_and(|list| {
        let on = |entry: &str| entry.split(',').any(|part| part.strip_prefix("node=") == Some(node));
        list.iter().filter_map(Value::as_str).any(on)
    })
}

/// What is wrong with a mapping for a VM on the node: nothing, or the text of the error.
pub fn trouble(cluster: &Cluster, node: &str, name: &str) -> Option<String> {
    match cluster.mappings.iter().find(|m| id(m) == name) {
        None => Some(format!("PCI device mapping '{name}' does not exist")),
        Some(mapping) if !covers(mapping, node) => {
            Some(format!("PCI device mapping '{name}' is not available on node '{node}'"))
        }
        Some(_) => None,
    }
}
