//! `GET /cluster/resources`: the cheap view of everything.

use serde_json::{Map, Value, json};

use super::access::Token;
use super::model::{Cluster, Guest, GuestKind};
use super::reply::Reply;
use super::{nodes, storage};

/// All entries, or those of one type (`vm` means virtual machines and containers).
pub fn list(cluster: &Cluster, token: &Token, now: u64, kind: Option<&str>) -> Reply {
    let wanted = |k: &str| kind.is_none_or(|w| w == k);
    let mut entries = Vec::new();
    if wanted("vm") {
        for kind in [GuestKind::Qemu, GuestKind::Lxc] {
            entries.extend(
                cluster
                    .guests
                    .values()
                    .filter(|g| g.kind == kind && token.may(&format!("/vms/{}", g.vmid), "VM.Audit"))
                    .map(|g| guest(cluster, g, now)),
            );
        }
    }
    if wanted("node") {
        entries.extend(nodes::resources(cluster, token, now));
    }
    if wanted("storage") {
        entries.extend(storage::resources(cluster, token));
    }
    if kind.is_none() || kind == Some("sdn") {
        entries.extend(cluster.nodes.iter().filter(|_| token.may("/sdn/zones/localnetwork", "SDN.Audit")).map(|n| {
            json!({
                "id": format!("network/{}/zone/localnetwork", n.name), "type": "network", "network-type": "zone",
                "network": "localnetwork", "node": n.name, "status": if n.online { "ok" } else { "unknown" },
            })
        }));
    }
    Reply::data(entries)
}

fn guest(cluster: &Cluster, guest: &Guest, now: u64) -> Value {
    let kind = match guest.kind {
        GuestKind::Qemu => "qemu",
        GuestKind::Lxc => "lxc",
    };
    let known = cluster.node(&guest.node).is_some_and(|n| n.online);
    let mut entry = Map::new();
    entry.insert("id".into(), json!(format!("{kind}/{}", guest.vmid)));
    entry.insert("vmid".into(), json!(guest.vmid));
    entry.insert("node".into(), json!(guest.node));
    entry.insert("type".into(), json!(kind));
    if !guest.tags.is_empty() {
        entry.insert("tags".into(), json!(guest.tag_text()));
    }
    if let Some(lock) = &guest.lock {
        entry.insert("lock".into(), json!(lock));
    }
    if let Some(state) = cluster.ha.get(&guest.vmid) {
        entry.insert("hastate".into(), json!(state));
    }
    if !known {
        entry.insert("status".into(), json!("unknown"));
        return Value::Object(entry);
    }
    let running = guest.started.is_some();
    entry.insert("status".into(), json!(if running { "running" } else { "stopped" }));
    entry.insert("name".into(), json!(guest.name));
    entry.insert("template".into(), json!(0));
    entry.insert("maxcpu".into(), json!(guest.cpus));
    entry.insert("maxmem".into(), json!(guest.memory));
    entry.insert("maxdisk".into(), json!(guest.disk));
    entry.insert("mem".into(), json!(guest.used_memory(now)));
    entry.insert("uptime".into(), json!(guest.up(now)));
    let (netin, netout, read, written, host) = match guest.kind {
        GuestKind::Qemu => super::guests::traffic(guest),
        GuestKind::Lxc => (91_234_567, 81_234_567, 0, 0, 450_000_000),
    };
    entry.insert("cpu".into(), json!(if running { super::guests::load(guest) } else { 0.0 }));
    entry.insert("disk".into(), json!(if guest.kind == GuestKind::Lxc { 3_221_225_472_u64 } else { 0 }));
    for (name, value) in [("netin", netin), ("netout", netout), ("diskread", read), ("diskwrite", written)] {
        entry.insert(name.into(), json!(if running { value } else { 0 }));
    }
    entry.insert("memhost".into(), json!(if running { host } else { 0 }));
    Value::Object(entry)
}
