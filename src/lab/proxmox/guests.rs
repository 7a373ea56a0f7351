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
pub fn current(guest: &Guest, now: u64) -> Reply {
    let mut entry = entry(guest, now);
    entry.insert("ha".into(), json!({ "managed": 0 }));
    let running = guest.started.is_some();
    entry.insert("qmpstatus".into(), json!(if running { "running" } else { "stopped" }));
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

/// `GET /nodes/<n>/qemu/<id>/config`.
pub fn config(guest: &Guest) -> Reply {
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
    let text = Value::Object(config.clone()).to_string();
    let digest: String = super::super::machine::sha256(text.as_bytes()).chars().take(40).collect();
    config.insert("digest".into(), json!(digest));
    Reply::data(Value::Object(config))
}
