//! `/nodes` and what is below one node, guests and storages aside.

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
            "flags": "fpu vme sse2 ssse3 sse4_1 sse4_2 popcnt aes avx avx2",
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

/// `GET /nodes/<n>/network`; bridges are shown to those who may use them only.
pub fn network(node: &Node, token: &Token, kind: Option<&str>) -> Reply {
    let mut entries = Vec::new();
    for (priority, port) in [(2, "enp1s0"), (4, "enp2s0f0")] {
        entries.push(json!({
            "iface": port, "type": "eth", "active": 1, "exists": 1, "method": "manual", "method6": "manual",
            "families": ["inet"], "priority": priority,
        }));
    }
    for (at, bridge) in node.bridges.iter().enumerate() {
        let path = format!("/sdn/zones/localnetwork/{bridge}");
        if !token.may(&path, "SDN.Audit") && !token.may(&path, "SDN.Use") {
            continue;
        }
        let mut entry = json!({
            "iface": bridge, "type": "bridge", "active": 1, "autostart": 1, "method": "manual", "method6": "manual",
            "families": ["inet"], "bridge_ports": if at == 0 { "enp1s0" } else { "enp2s0f0" }, "bridge_stp": "off",
            "bridge_fd": "0", "priority": 3 + 2 * at, "exists": 1,
        });
        if let (0, Some(map)) = (at, entry.as_object_mut()) {
            map.insert("method".into(), json!("static"));
            map.insert("address".into(), json!(node.ip));
            map.insert("netmask".into(), json!("24"));
            map.insert("cidr".into(), json!(format!("{}/24", node.ip)));
            map.insert("gateway".into(), json!("192.168.3.1"));
            map.insert("bridge_vlan_aware".into(), json!(1));
            map.insert("bridge_vids".into(), json!("2-4094"));
        }
        entries.push(entry);
    }
    if let Some(kind) = kind {
        let bridges = matches!(kind, "any_bridge" | "any_local_bridge" | "bridge");
        entries.retain(|e| {
            let is = e.get("type").and_then(Value::as_str).unwrap_or_default();
            if bridges { is == "bridge" } else { is == kind }
        });
    }
    Reply::data(entries)
}

/// `GET /nodes/<n>/dns`.
pub fn dns() -> Reply {
    Reply::data(json!({ "search": "spaceships.work", "dns1": "192.168.3.1" }))
}

/// `GET /nodes/<n>/certificates/info`.
pub fn certificates(node: &Node) -> Reply {
    Reply::data(json!([{ "filename": "pve-ssl.pem", "fingerprint": node.fingerprint }]))
}
