//! Containers below a node.

use serde_json::{Map, Value, json};

use super::access::Token;
use super::guests::visible;
use super::model::{Cluster, Guest, GuestKind, Node};
use super::reply::Reply;

fn entry(guest: &Guest, now: u64) -> Map<String, Value> {
    let running = guest.started.is_some();
    let mut entry = Map::new();
    entry.insert("vmid".into(), json!(guest.vmid));
    entry.insert("name".into(), json!(guest.name));
    entry.insert("status".into(), json!(if running { "running" } else { "stopped" }));
    entry.insert("type".into(), json!("lxc"));
    entry.insert("cpus".into(), json!(guest.cpus));
    entry.insert("maxmem".into(), json!(guest.memory));
    entry.insert("mem".into(), json!(guest.used_memory(now)));
    entry.insert("maxswap".into(), json!(536_870_912));
    entry.insert("swap".into(), json!(0));
    entry.insert("maxdisk".into(), json!(guest.disk));
    entry.insert("disk".into(), json!(if running { 3_221_225_472_u64.min(guest.disk) } else { 0 }));
    entry.insert("uptime".into(), json!(guest.up(now)));
    entry.insert("cpu".into(), json!(if running { 0.0021 } else { 0.0 }));
    let figures = [
        ("netin", 91_234_567),
        ("netout", 81_234_567),
        ("diskread", 1_073_741_824),
        ("diskwrite", 524_288_000),
    ];
    for (name, value) in figures {
        entry.insert(name.into(), json!(if running { value } else { 0 }));
    }
    if running {
        entry.insert("pid".into(), json!(3121));
    }
    entry
}

/// `GET /nodes/<n>/lxc`.
pub fn list(cluster: &Cluster, node: &Node, token: &Token, now: u64) -> Reply {
    visible(cluster, node, token, GuestKind::Lxc, |g| entry(g, now))
}

/// `GET /nodes/<n>/lxc/<id>/status/current`.
pub fn current(cluster: &Cluster, guest: &Guest, now: u64) -> Reply {
    let mut entry = entry(guest, now);
    entry.insert("ha".into(), super::ha::of(cluster, guest.vmid));
    Reply::data(Value::Object(entry))
}

/// `GET /nodes/<n>/lxc/<id>/config`.
pub fn config(guest: &Guest) -> Reply {
    let mut config = guest.config.clone();
    config.insert("hostname".into(), json!(guest.name));
    let text = Value::Object(config.clone()).to_string();
    let digest: String = super::super::machine::sha256(text.as_bytes()).chars().take(40).collect();
    config.insert("digest".into(), json!(digest));
    Reply::data(Value::Object(config))
}

/// Starts, stops or reboots; the task takes a few seconds.
pub fn act(cluster: &mut Cluster, node: &str, vmid: u32, action: &str, principal: &str, now: u64) -> Reply {
    let Some(guest) = cluster.guests.get_mut(&vmid) else {
        return Reply::failed(&format!("Configuration file 'nodes/{node}/lxc/{vmid}.conf' does not exist"));
    };
    let running = guest.started.is_some();
    let task = match (action, running) {
        ("start", true) => return Reply::failed(&format!("CT {vmid} already running")),
        ("stop" | "shutdown", false) => return Reply::failed(&format!("CT {vmid} not running")),
        ("reboot", false) => return Reply::failed(&format!("VM {vmid} not running")),
        ("stop", true) => {
            guest.started = None;
            "vzstop"
        }
        ("shutdown", true) => {
            guest.started = None;
            "vzshutdown"
        }
        ("start", false) => {
            (guest.started, guest.uptime) = (Some(now), 0);
            "vzstart"
        }
        ("reboot", true) => {
            (guest.started, guest.uptime) = (Some(now), 0);
            "vzreboot"
        }
        _ => return Reply::not_implemented("POST", &format!("/nodes/{node}/lxc/{vmid}/status/{action}")),
    };
    Reply::data(cluster.task(node, (task, &vmid.to_string(), principal), (now, 3000), "OK"))
}
