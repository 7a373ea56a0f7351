//! Virtual machines below a node.

use serde_json::{Map, Value, json};

use super::access::Token;
use super::model::{Cluster, Guest, GuestKind, Node};
use super::reply::Reply;

/// Fraction of its CPUs that a machine uses.
pub fn load(guest: &Guest) -> f64 {
    match guest.kind {
        GuestKind::Qemu => 0.031 + 0.0001 * f64::from(guest.vmid % 100),
        GuestKind::Lxc => 0.0021,
    }
}

/// Network in and out, disk read and written, memory on the host.
pub fn traffic(guest: &Guest) -> (u64, u64, u64, u64, u64) {
    let id = u64::from(guest.vmid);
    (734_003_200 + id, 812_646_400 + id, 2_147_483_648, 53_687_091_200, guest.memory)
}

fn entry(guest: &Guest, now: u64) -> Map<String, Value> {
    let running = guest.started.is_some();
    let (netin, netout, read, written, host) = traffic(guest);
    let mut entry = Map::new();
    entry.insert("vmid".into(), json!(guest.vmid));
    entry.insert("name".into(), json!(guest.name));
    entry.insert("status".into(), json!(if running { "running" } else { "stopped" }));
    entry.insert("cpus".into(), json!(guest.cpus));
    entry.insert("maxmem".into(), json!(guest.memory));
    entry.insert("maxdisk".into(), json!(guest.disk));
    entry.insert("mem".into(), json!(guest.used_memory(now)));
    entry.insert("cpu".into(), json!(if running { load(guest) } else { 0.0 }));
    entry.insert("disk".into(), json!(0));
    entry.insert("uptime".into(), json!(guest.up(now)));
    let figures =
        [("netin", netin), ("netout", netout), ("diskread", read), ("diskwrite", written), ("memhost", host)];
    for (name, value) in figures {
        entry.insert(name.into(), json!(if running { value } else { 0 }));
    }
    if !guest.tags.is_empty() {
        entry.insert("tags".into(), json!(guest.tag_text()));
    }
    if let Some(lock) = &guest.lock {
        entry.insert("lock".into(), json!(lock));
    }
    if running {
        entry.insert("pid".into(), json!(2_000_000 + guest.vmid));
    }
    entry
}

/// `GET /nodes/<n>/qemu`.
pub fn list(cluster: &Cluster, node: &Node, token: &Token, now: u64) -> Reply {
    visible(cluster, node, token, GuestKind::Qemu, |g| entry(g, now))
}

/// The guests of a kind on a node that the token may see, each as an entry.
pub fn visible(
    cluster: &Cluster,
    node: &Node,
    token: &Token,
    kind: GuestKind,
    entry: impl Fn(&Guest) -> Map<String, Value>,
) -> Reply {
    let entries = cluster
        .guests_on(&node.name)
        .filter(|g| g.kind == kind && token.may(&format!("/vms/{}", g.vmid), "VM.Audit"))
        .map(|g| Value::Object(entry(g)));
    Reply::data(entries.collect::<Vec<_>>())
}

/// The guest of a kind on that node, or the answer when it is not there.
pub fn find<'a>(
    cluster: &'a Cluster,
    node: &Node,
    kind: GuestKind,
    vmid: &str,
    token: &Token,
) -> Result<&'a Guest, Reply> {
    let number: u32 = vmid
        .parse()
        .map_err(|_| Reply::parameter("vmid", &format!("type check ('integer') failed - got '{vmid}'")))?;
    let path = format!("/vms/{number}");
    if !token.may(&path, "VM.Audit") {
        return Err(Reply::forbidden(&path, "VM.Audit"));
    }
    let folder = match kind {
        GuestKind::Qemu => "qemu-server",
        GuestKind::Lxc => "lxc",
    };
    cluster.guests.get(&number).filter(|g| g.kind == kind && g.node == node.name).ok_or_else(|| {
        Reply::failed(&format!(
            "Configuration file 'nodes/{}/{folder}/{number}.conf' does not exist",
            node.name
        ))
    })
}

/// `GET /nodes/<n>/qemu/<id>/status/current`.
pub fn current(cluster: &Cluster, guest: &Guest, now: u64) -> Reply {
    let mut entry = entry(guest, now);
    entry.insert("ha".into(), super::ha::of(cluster, guest.vmid));
    let running = guest.started.is_some();
    let emulator = guest.emulator.as_deref().filter(|_| running);
    entry.insert("qmpstatus".into(), json!(emulator.unwrap_or(if running { "running" } else { "stopped" })));
    entry.insert("agent".into(), json!(1));
    if running {
        let machine = guest.config.get("machine").and_then(Value::as_str).unwrap_or("i440fx");
        entry.insert(
            "running-machine".into(),
            json!(format!("pc-{}-10.1+pve0", machine.trim_start_matches("pc-"))),
        );
        entry.insert("running-qemu".into(), json!("10.1.2"));
    }
    Reply::data(Value::Object(entry))
}

/// The keys of a guest's configuration file as they are now, without what waits.
fn file(guest: &Guest) -> Map<String, Value> {
    let mut config = guest.config.clone();
    config.insert("name".into(), json!(guest.name));
    if !guest.tags.is_empty() {
        config.insert("tags".into(), json!(guest.tag_text()));
    }
    if let Some(lock) = &guest.lock {
        config.insert("lock".into(), json!(lock));
    }
    if guest.protected {
        config.insert("protection".into(), json!(1));
    }
    config
}

/// `GET /nodes/<n>/qemu/<id>/config`: what waits counts already, unless `current` is asked for.
pub fn config(guest: &Guest, current: bool) -> Reply {
    let mut config = file(guest);
    for (key, value) in guest.pending.iter().filter(|_| !current) {
        match value {
            Value::Null => drop(config.remove(key)),
            value => drop(config.insert(key.clone(), value.clone())),
        }
    }
    let text = Value::Object(config.clone()).to_string();
    let digest: String = super::super::machine::sha256(text.as_bytes()).chars().take(40).collect();
    config.insert("digest".into(), json!(digest));
    Reply::data(Value::Object(config))
}

/// `GET /nodes/<n>/qemu/<id>/pending`.
pub fn pending(guest: &Guest) -> Reply {
    let config = file(guest);
    let mut keys: Vec<&String> = config.keys().chain(guest.pending.keys()).collect();
    keys.sort();
    keys.dedup();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let entries = keys.into_iter().map(|key| {
        let mut entry = Map::new();
        entry.insert("key".into(), json!(key));
        if let Some(value) = config.get(key) {
            entry.insert("value".into(), json!(text(value)));
        }
        match guest.pending.get(key) {
            Some(Value::Null) => drop(entry.insert("delete".into(), json!(1))),
            Some(value) => drop(entry.insert("pending".into(), json!(text(value)))),
            None => {}
        }
        Value::Object(entry)
    });
    Reply::data(entries.collect::<Vec<_>>())
}

/// `GET /nodes/<n>/qemu/<id>/agent/network-get-interfaces`.
pub fn interfaces(guest: &Guest, token: &Token) -> Reply {
    let path = format!("/vms/{}", guest.vmid);
    let rights = ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"];
    if !rights.iter().any(|right| token.may(&path, right)) {
        return Reply::forbidden(&path, &rights.join("|"));
    }
    if guest.started.is_none() {
        return Reply::failed(&format!("VM {} is not running", guest.vmid));
    }
    let has = |tag: &str| guest.tags.iter().any(|t| t == tag);
    if !has("go-proxmox+cloud-init") || guest.emulator.is_some() {
        return Reply::failed("QEMU guest agent is not running");
    }
    let mac = guest.config.get("net0").and_then(Value::as_str).and_then(|net| {
        net.split(',').find_map(|part| part.split_once('=')).map(|(_, mac)| mac.to_lowercase())
    });
    let address =
        |ip: &str, prefix: u8| json!({ "ip-address-type": "ipv4", "ip-address": ip, "prefix": prefix });
    Reply::data(json!({ "result": [
        { "name": "lo", "hardware-address": "00:00:00:00:00:00", "ip-addresses": [address("127.0.0.1", 8)] },
        {
            "name": "eth0", "hardware-address": mac.unwrap_or_default(),
            "ip-addresses": [address(&format!("192.168.3.{}", 100 + guest.vmid % 100), 24)],
        },
    ] }))
}
