//! `POST /nodes/<n>/qemu` as the provider sends it and Proxmox answers it.

use serde_json::{Map, json};

use super::super::proxmox::{Cluster, Guest, GuestKind, Node};
use super::data::Data;

/// Everything about a machine that is not in its provider data.
pub struct Order<'a> {
    /// Machine request.
    pub name: &'a str,
    /// Machine request set.
    pub set: &'a str,
    /// SMBIOS UUID.
    pub uuid: &'a str,
    /// Boot image.
    pub image: &'a str,
    /// VMID.
    pub vmid: u32,
    /// Storage the selector chose.
    pub storage: &'a str,
    /// Random hexadecimal digits.
    pub noise: &'a str,
    /// Unix seconds.
    pub unix: i64,
}

/// A machine that Proxmox accepts, stopped; or the error as the provider's log has it.
pub fn create(cluster: &Cluster, node: &Node, data: &Data, order: &Order<'_>) -> Result<Guest, String> {
    let refused = |parameter: &str, why: &str| {
        Err(format!("bad request: 400 Parameter verification failed. - {{\"{parameter}\":\"{why}\"}}"))
    };
    for (name, value, least) in
        [("cores", data.cores, 1), ("sockets", data.sockets, 1), ("memory", data.memory, 16)]
    {
        if value < least {
            return refused(name, &format!("value must have a minimum value of {least}"));
        }
    }
    if data.machine_type == "i440fx" {
        return refused(
            "machine",
            "invalid format - format error\\nmachine.type: value does not match the regex pattern",
        );
    }
    let Some(storage) = cluster.storage(order.storage) else {
        return Err(format!("500 storage '{}' does not exist", order.storage));
    };
    if !storage.content.iter().any(|c| c == "images") {
        return refused("storage", &format!("storage '{}' does not support vm images", storage.id));
    }
    if !cluster.usable(storage, &node.name) {
        return Err(format!("500 storage '{}' is not available on node '{}'", storage.id, node.name));
    }
    if !data.hugepages.is_empty() {
        return Err("500 only root can set 'hugepages' config".to_owned());
    }
    if cluster.quorum_lost {
        return Err("500 cluster not ready - no quorum?".to_owned());
    }
    if cluster.guests.contains_key(&order.vmid) {
        return Err(format!(
            "500 unable to create VM {0} - VM {0} already exists on node '{1}'",
            order.vmid, node.name
        ));
    }
    if let Some(missing) = data.mappings.iter().find(|m| !mapped(cluster, &node.name, m)) {
        return Err(format!("500 mapping '{missing}' does not exist on node '{}'", node.name));
    }

    let vmid = order.vmid;
    let mut config = Map::new();
    let mut set = |key: &str, value: serde_json::Value| {
        config.insert(key.to_owned(), value);
    };
    set("agent", json!("enabled=true"));
    if data.no_balloon {
        set("balloon", json!(0));
    }
    set("boot", json!("order=scsi0;ide2;net0"));
    set("cores", json!(data.cores));
    set("cpu", json!(if data.cpu_type.is_empty() { "x86-64-v2-AES" } else { data.cpu_type.as_str() }));
    set("ide2", json!(format!("local:iso/{},media=cdrom,size=331684K", order.image)));
    if !data.machine_type.is_empty() {
        set("machine", json!(data.machine_type));
    }
    set("memory", json!(data.memory.to_string()));
    set("meta", json!(format!("creation-qemu=10.1.2,ctime={}", order.unix)));
    set("net0", json!(network(data, order.noise)));
    if data.numa {
        set("numa", json!(1));
    }
    set("onboot", json!(1));
    set("scsi0", json!(disk(data, order)));
    set("scsihw", json!("virtio-scsi-single"));
    set("smbios1", json!(format!("uuid={}", order.uuid)));
    set("sockets", json!(data.sockets));
    set("vmgenid", json!(genid(order)));
    for (at, mapping) in data.mappings.iter().enumerate() {
        set(&format!("hostpci{at}"), json!(format!("mapping={mapping}")));
    }
    Ok(Guest {
        vmid,
        kind: GuestKind::Qemu,
        node: node.name.clone(),
        name: order.name.to_owned(),
        started: None,
        uptime: 0,
        cpus: (data.cores * data.sockets) as u32,
        memory: data.memory as u64 * (1 << 20),
        disk: data.disk_size as u64 * (1 << 30),
        storage: storage.id.clone(),
        tags: vec![format!("machine-request.{}", order.set.to_lowercase())],
        lock: None,
        protected: false,
        emulator: None,
        pending: Map::new(),
        config,
    })
}

fn genid(order: &Order<'_>) -> String {
    let tail: String = order.uuid.chars().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect();
    let head: String = order.noise.chars().take(8).collect();
    format!("{head}-1b2c-4d3e-8f4a-{tail}")
}

fn mapped(cluster: &Cluster, node: &str, mapping: &str) -> bool {
    cluster.mappings.iter().any(|m| {
        m.get("id").and_then(serde_json::Value::as_str) == Some(mapping)
            && m.get("map").and_then(serde_json::Value::as_array).is_some_and(|l| {
                l.iter().filter_map(|e| e.as_str()).any(|e| e.contains(&format!("node={node},")))
            })
    })
}

/// `net0` as it reads back: the address is Proxmox's choice.
fn network(data: &Data, noise: &str) -> String {
    let digits: Vec<String> = noise
        .to_uppercase()
        .as_bytes()
        .chunks(2)
        .take(3)
        .map(|c| String::from_utf8_lossy(c).into_owned())
        .collect();
    let bridge = if data.network_bridge.is_empty() { "vmbr0" } else { &data.network_bridge };
    let mut text = format!("virtio=BC:24:11:{},bridge={bridge},firewall=1", digits.join(":"));
    if data.vlan > 0 {
        text.push_str(&format!(",tag={}", data.vlan));
    }
    text
}

/// `scsi0` as it reads back: a volume, then options sorted by name.
fn disk(data: &Data, order: &Order<'_>) -> String {
    let mut options = vec![format!("size={}G", data.disk_size)];
    for (on, text) in
        [(data.disk_ssd, "ssd=1"), (data.disk_discard, "discard=on"), (data.disk_iothread, "iothread=1")]
    {
        if on {
            options.push(text.to_owned());
        }
    }
    for (name, value) in [("cache", &data.disk_cache), ("aio", &data.disk_aio)] {
        if !value.is_empty() {
            options.push(format!("{name}={value}"));
        }
    }
    options.sort();
    format!("{}:vm-{}-disk-0,{}", order.storage, order.vmid, options.join(","))
}
