//! Networks of a node: its interfaces, and the name servers that it asks.

use serde_json::{Map, Value, json};

use super::access::Token;
use super::model::{Bridge, Node};
use super::reply::Reply;

/// `GET /nodes/<n>/network`; bridges are shown to those who may use them only, without a word about the others.
pub fn interfaces(node: &Node, token: &Token, kind: Option<&str>) -> Reply {
    let mut entries = Vec::new();
    for (priority, port) in [(2, "enp1s0"), (4, "enp2s0f0")] {
        entries.push(json!({
            "iface": port, "type": "eth", "active": 1, "exists": 1, "method": "manual", "method6": "manual",
            "families": ["inet"], "priority": priority,
        }));
    }
    for (at, bridge) in node.bridges.iter().enumerate() {
        let path = format!("/sdn/zones/localnetwork/{}", bridge.name);
        if token.may(&path, "SDN.Audit") || token.may(&path, "SDN.Use") {
            entries.push(Value::Object(entry(node, bridge, at)));
        }
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

fn entry(node: &Node, bridge: &Bridge, at: usize) -> Map<String, Value> {
    let mut entry = Map::new();
    let mut set = |key: &str, value: Value| {
        entry.insert(key.to_owned(), value);
    };
    // The node's own address is on the bridge over its first port.
    let first = bridge.port == "enp1s0";
    set("iface", json!(bridge.name));
    set("type", json!("bridge"));
    if bridge.active {
        set("active", json!(1));
    }
    set("autostart", json!(1));
    set("method", json!(if first { "static" } else { "manual" }));
    set("method6", json!("manual"));
    set("families", json!(["inet"]));
    set("bridge_ports", json!(bridge.port));
    set("bridge_stp", json!("off"));
    set("bridge_fd", json!("0"));
    set("priority", json!(3 + 2 * at));
    set("exists", json!(1));
    if first {
        set("address", json!(node.ip));
        set("netmask", json!("24"));
        set("cidr", json!(format!("{}/24", node.ip)));
        set("gateway", json!("192.168.3.1"));
    }
    if let Some(vids) = &bridge.vids {
        set("bridge_vlan_aware", json!(1));
        set("bridge_vids", json!(vids));
    }
    entry
}

/// `GET /nodes/<n>/dns`.
pub fn dns(node: &Node) -> Reply {
    let mut entry = Map::new();
    entry.insert("search".into(), json!("spaceships.work"));
    for (at, server) in node.resolvers.iter().take(3).enumerate() {
        entry.insert(format!("dns{}", at + 1), json!(server));
    }
    Reply::data(Value::Object(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_carries_what_its_list_names() {
        let bridge = |vids: Option<&str>| Bridge {
            name: "vmbr0".into(),
            port: "enp1s0".into(),
            active: true,
            vids: vids.map(str::to_owned),
        };
        assert!(bridge(Some("2-4094")).carries(30) && bridge(Some("10 20-30")).carries(25));
        assert!(!bridge(Some("10 20-30")).carries(40) && !bridge(Some("")).carries(40));
        assert!(bridge(Some("10")).carries(0) && bridge(None).carries(40));
    }
}
