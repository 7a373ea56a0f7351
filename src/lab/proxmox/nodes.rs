//! `/nodes` and what is below one node, guests, networks and storages aside.

use serde_json::{Map, Value, json};

use super::access::Token;
use super::model::{Cluster, Node};
use super::reply::Reply;

const RELEASE: &str = "9.1.4/5ac30304265fbd8e";

/// Figures of a node: usage, or nothing for those who may not see them or when it is silent.
fn figures(cluster: &Cluster, node: &Node, token: &Token, now: u64, into: &mut Map<String, Value>) {
    if !token.may(&format!("/nodes/{}", node.name), "Sys.Audit") {
        return;
    }
    if node.online {
        into.insert("cpu".into(), json!(node.cpu));
        into.insert("mem".into(), json!(cluster.used_memory(node, now)));
        into.insert("disk".into(), json!(node.disk));
        into.insert("uptime".into(), json!(node.uptime + now / 1000));
    }
    into.insert("maxcpu".into(), json!(16));
    into.insert("maxmem".into(), json!(node.memory));
    into.insert("maxdisk".into(), json!(100_861_726_720_u64));
}

fn state(node: &Node) -> &'static str {
    if node.online { "online" } else { "offline" }
}

/// What every entry of a node begins with.
fn named(node: &Node) -> Map<String, Value> {
    let mut entry = Map::new();
    entry.insert("id".into(), json!(format!("node/{}", node.name)));
    entry.insert("node".into(), json!(node.name));
    entry.insert("type".into(), json!("node"));
    entry.insert("status".into(), json!(state(node)));
    entry
}

/// `GET /nodes`.
pub fn list(cluster: &Cluster, token: &Token, now: u64) -> Reply {
    let entries = cluster.nodes.iter().map(|node| {
        let mut entry = named(node);
        entry.insert("ssl_fingerprint".into(), json!(node.fingerprint));
        entry.insert("level".into(), json!(""));
        figures(cluster, node, token, now, &mut entry);
        Value::Object(entry)
    });
    Reply::data(entries.collect::<Vec<_>>())
}

/// Entries of kind `node` of `GET /cluster/resources`.
pub fn resources(cluster: &Cluster, token: &Token, now: u64) -> Vec<Value> {
    let entries = cluster.nodes.iter().map(|node| {
        let mut entry = named(node);
        entry.insert("level".into(), json!(""));
        figures(cluster, node, token, now, &mut entry);
        entry.insert("cgroup-mode".into(), json!(2));
        entry.insert("host-arch".into(), json!("x86_64"));
        Value::Object(entry)
    });
    entries.collect()
}

/// `GET /cluster/status`.
pub fn cluster_status(cluster: &Cluster) -> Reply {
    let mut entries = vec![json!({
        "type": "cluster", "id": "cluster", "name": cluster.name, "version": 5,
        "nodes": cluster.nodes.len(), "quorate": u8::from(!cluster.quorum_lost),
    })];
    for (at, node) in cluster.nodes.iter().enumerate() {
        entries.push(json!({
            "type": "node", "id": format!("node/{}", node.name), "name": node.name, "nodeid": node.id,
            "ip": node.ip, "online": u8::from(node.online), "local": u8::from(at == 0), "level": "",
        }));
    }
    Reply::data(entries)
}

/// `GET /version` and `GET /nodes/<n>/version`.
pub fn version() -> Reply {
    Reply::data(
        json!({ "version": "9.1.4", "release": "9.1", "repoid": "5ac30304265fbd8e", "console": "html5" }),
    )
}

/// `GET /nodes/<n>/status`.
pub fn status(cluster: &Cluster, node: &Node, now: u64) -> Reply {
    let used = cluster.used_memory(node, now);
    let available = node.memory - used;
    Reply::data(json!({
        "uptime": node.uptime + now / 1000,
        "idle": 0,
        "loadavg": ["0.61", "0.55", "0.52"],
        "kversion": "Linux 6.17.4-2-pve #1 SMP PREEMPT_DYNAMIC PMX 6.17.4-2 (2025-12-19T07:49Z)",
        "current-kernel": {
            "sysname": "Linux", "release": "6.17.4-2-pve",
            "version": "#1 SMP PREEMPT_DYNAMIC PMX 6.17.4-2 (2025-12-19T07:49Z)", "machine": "x86_64",
        },
        "boot-info": { "mode": "efi", "secureboot": 0 },
        "cpuinfo": {
            "model": "AMD Ryzen 7 7840HS w/ Radeon 780M Graphics", "cores": 8, "cpus": 16, "sockets": 1,
            "mhz": "3801.322", "user_hz": 100, "hvm": "1",
            "flags": node.flags,
        },
        "cpu": node.cpu,
        "wait": 0.0009,
        "memory": {
            "total": node.memory, "used": used, "free": available.saturating_sub(2_147_483_648), "available": available,
        },
        "ksm": { "shared": 0 },
        "swap": { "total": 8_589_930_496_u64, "used": 0, "free": 8_589_930_496_u64 },
        "pveversion": format!("pve-manager/{RELEASE}"),
        "rootfs": {
            "total": 100_861_726_720_u64, "used": node.disk,
            "free": 100_861_726_720_u64.saturating_sub(node.disk),
            "avail": 95_663_288_320_u64.saturating_sub(node.disk),
        },
    }))
}

/// `GET /nodes/<n>/certificates/info`.
pub fn certificates(node: &Node) -> Reply {
    Reply::data(json!([{ "filename": "pve-ssl.pem", "fingerprint": node.fingerprint }]))
}
