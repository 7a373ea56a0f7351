//! Storages.

use serde_json::{Map, Value, json};

use super::access::Token;
use super::model::{Cluster, Node, Storage};
use super::reply::Reply;

pub(super) fn visible(token: &Token, storage: &Storage) -> bool {
    let path = format!("/storage/{}", storage.id);
    token.may(&path, "Datastore.Audit") || token.may(&path, "Datastore.AllocateSpace")
}

fn sorted(storage: &Storage) -> String {
    let mut content = storage.content.clone();
    content.sort();
    content.join(",")
}

/// `GET /storage`.
pub fn configured(cluster: &Cluster, token: &Token) -> Reply {
    let entries = cluster.storages.iter().filter(|s| visible(token, s)).map(|storage| {
        let mut entry = storage.config.clone();
        entry.insert("storage".into(), json!(storage.id));
        entry.insert("type".into(), json!(storage.kind));
        entry.insert("content".into(), json!(storage.content.join(",")));
        if storage.disabled {
            entry.insert("disable".into(), json!(1));
        }
        if !storage.nodes.is_empty() {
            entry.insert("nodes".into(), json!(storage.nodes.join(",")));
        }
        Value::Object(entry)
    });
    Reply::data(entries.collect::<Vec<_>>())
}

fn entry(cluster: &Cluster, storage: &Storage, node: &Node) -> Map<String, Value> {
    let here = cluster.enabled(storage, &node.name);
    let works = cluster.usable(storage, &node.name);
    let (used, available) = if works { cluster.space(storage, &node.name) } else { (0, 0) };
    let total = if works { storage.total } else { 0 };
    let mut entry = Map::new();
    entry.insert("type".into(), json!(storage.kind));
    entry.insert("content".into(), json!(sorted(storage)));
    entry.insert("shared".into(), json!(u8::from(storage.shared)));
    entry.insert("total".into(), json!(total));
    entry.insert("used".into(), json!(used));
    entry.insert("avail".into(), json!(available));
    entry.insert("enabled".into(), json!(u8::from(here)));
    entry.insert("active".into(), json!(u8::from(works)));
    entry
}

/// Storages as one node lists them: sorted by id, those of other nodes included but not enabled.
pub fn on_node(cluster: &Cluster, node: &Node, token: &Token, query: &[(String, String)]) -> Reply {
    let wanted = |name: &str| query.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    let mut list: Vec<&Storage> = cluster.storages.iter().filter(|s| visible(token, s)).collect();
    list.sort_by(|a, b| a.id.cmp(&b.id));
    let entries = list
        .into_iter()
        .filter(|s| wanted("storage").is_none_or(|w| w == s.id))
        .filter(|s| wanted("content").is_none_or(|w| w.split(',').any(|c| s.content.iter().any(|x| x == c))))
        .filter(|s| wanted("enabled") != Some("1") || cluster.enabled(s, &node.name))
        .map(|storage| {
            let mut entry = entry(cluster, storage, node);
            entry.insert("storage".into(), json!(storage.id));
            let (used, total) =
                (entry.get("used").and_then(Value::as_u64), entry.get("total").and_then(Value::as_u64));
            if let (Some(used), Some(total @ 1..)) = (used, total) {
                entry.insert("used_fraction".into(), json!(used as f64 / total as f64));
            }
            Value::Object(entry)
        });
    Reply::data(entries.collect::<Vec<_>>())
}

/// `GET /nodes/<n>/storage/<s>/status`.
pub fn status(cluster: &Cluster, node: &Node, id: &str, token: &Token) -> Reply {
    match cluster.storage(id) {
        None => Reply::failed(&format!("storage '{id}' does not exist")),
        Some(storage) if !visible(token, storage) => {
            Reply::forbidden(&format!("/storage/{id}"), "Datastore.Audit|Datastore.AllocateSpace")
        }
        Some(storage) if storage.disabled => Reply::failed(&format!("storage '{id}' is disabled")),
        Some(storage) if !cluster.enabled(storage, &node.name) => {
            Reply::failed(&format!("storage '{id}' is not available on node '{}'", node.name))
        }
        Some(storage) => Reply::data(Value::Object(entry(cluster, storage, node))),
    }
}

/// Entries of kind `storage` of `GET /cluster/resources`.
pub fn resources(cluster: &Cluster, token: &Token) -> Vec<Value> {
    let mut list: Vec<&Storage> = cluster.storages.iter().filter(|s| visible(token, s)).collect();
    list.sort_by(|a, b| a.id.cmp(&b.id));
    let mut entries = Vec::new();
    for node in &cluster.nodes {
        for storage in &list {
            if !cluster.enabled(storage, &node.name) {
                continue;
            }
            let up = node.online && cluster.usable(storage, &node.name);
            let (used, _) = cluster.space(storage, &node.name);
            let mut entry = json!({
                "id": format!("storage/{}/{}", node.name, storage.id), "storage": storage.id, "node": node.name,
                "type": "storage", "plugintype": storage.kind, "status": if up { "available" } else { "unknown" },
                "shared": u8::from(storage.shared), "content": sorted(storage),
            });
            if let (true, Some(map)) = (up, entry.as_object_mut()) {
                map.insert("maxdisk".into(), json!(storage.total));
                map.insert("disk".into(), json!(used));
            }
            entries.push(entry);
        }
    }
    entries
}
