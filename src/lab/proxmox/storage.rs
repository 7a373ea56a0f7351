//! Storages.

use serde_json::{Map, Value, json};

use super::access::Token;
use super::model::{Cluster, GuestKind, Node, Storage};
use super::reply::Reply;

fn visible(token: &Token, storage: &Storage) -> bool {
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
        if !storage.nodes.is_empty() {
            entry.insert("nodes".into(), json!(storage.nodes.join(",")));
        }
        Value::Object(entry)
    });
    Reply::data(entries.collect::<Vec<_>>())
}

fn entry(cluster: &Cluster, storage: &Storage, node: &Node) -> Map<String, Value> {
    let here = storage.nodes.is_empty() || storage.nodes.contains(&node.name);
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
        .filter(|s| wanted("enabled") != Some("1") || s.nodes.is_empty() || s.nodes.contains(&node.name))
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
        Some(storage) => Reply::data(Value::Object(entry(cluster, storage, node))),
    }
}

/// `GET /nodes/<n>/storage/<s>/content`.
pub fn content(cluster: &Cluster, node: &Node, id: &str, token: &Token, kind: Option<&str>) -> Reply {
    let Some(storage) = cluster.storage(id) else {
        return Reply::failed(&format!("storage '{id}' does not exist"));
    };
    if !visible(token, storage) {
        return Reply::forbidden(&format!("/storage/{id}"), "Datastore.Audit|Datastore.AllocateSpace");
    }
    if !cluster.usable(storage, &node.name) {
        return Reply::failed(&format!("storage '{id}' is not available on node '{}'", node.name));
    }
    let mut entries = Vec::new();
    if kind.is_none_or(|k| k == "iso") && storage.content.iter().any(|c| c == "iso") {
        for image in &node.images {
            entries.push(json!({
                "volid": format!("{id}:iso/{}", image.name), "content": "iso", "format": "iso", "size": image.size,
                "ctime": image.created,
            }));
        }
    }
    for guest in cluster.guests.values() {
        let holds = match guest.kind {
            GuestKind::Qemu => "images",
            GuestKind::Lxc => "rootdir",
        };
        if guest.storage == id && kind.is_none_or(|k| k == holds) && guest.node == node.name {
            entries.push(json!({
                "volid": format!("{id}:vm-{}-disk-0", guest.vmid), "content": holds, "format": "raw",
                "size": guest.disk, "vmid": guest.vmid,
            }));
        }
    }
    Reply::data(entries)
}

/// `GET /nodes/<n>/storage/<s>/content/<volume>`.
pub fn volume(node: &Node, volume: &str) -> Reply {
    let name = volume.split_once("iso/").map_or(volume, |(_, name)| name);
    match node.images.iter().find(|i| i.name == name) {
        Some(image) => Reply::data(json!({
            "path": format!("/var/lib/vz/template/iso/{name}"), "size": image.size, "used": image.size, "format": "iso",
        })),
        None => Reply::failed(&format!("volume_size_info on '{volume}' failed - no format")),
    }
}

/// Entries of kind `storage` of `GET /cluster/resources`.
pub fn resources(cluster: &Cluster, token: &Token) -> Vec<Value> {
    let mut list: Vec<&Storage> = cluster.storages.iter().filter(|s| visible(token, s)).collect();
    list.sort_by(|a, b| a.id.cmp(&b.id));
    let mut entries = Vec::new();
    for node in &cluster.nodes {
        for storage in &list {
            if !storage.nodes.is_empty() && !storage.nodes.contains(&node.name) {
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
