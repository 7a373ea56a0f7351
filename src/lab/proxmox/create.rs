//! `POST /nodes/<n>/qemu`: what a new VM may be, what its creator needs, what its configuration reads back as.

use serde_json::{Map, Value, json};

use super::access::Token;
use super::model::{Cluster, Guest, GuestKind, Node};
use super::reply::Reply;
use super::{mapping, parameters};

/// Milliseconds of creating a VM.
const CREATE: u64 = 9_000;
/// Bytes that a fresh thin disk needs.
const LEAST: u64 = 64 << 20;

/// Creates a VM that is off; the task that says so runs for some seconds.
pub fn create(
    cluster: &mut Cluster,
    node: &Node,
    token: &Token,
    given: &Map<String, Value>,
    (now, unix): (u64, i64),
) -> Reply {
    let Some(vmid) = given.get("vmid").and_then(number).and_then(|v| u32::try_from(v).ok()) else {
        return Reply::parameter("vmid", "property is missing and it is not optional");
    };
    if let Some(refusal) = refused(cluster, node, token, given, vmid) {
        return refusal;
    }
    if cluster.quorum_lost {
        return Reply::failed("cluster not ready - no quorum?");
    }
    if let Some(other) = cluster.guests.get(&vmid) {
        return Reply::failed(&format!(
            "unable to create VM {vmid} - VM {vmid} already exists on node '{}'",
            other.node
        ));
    }
    let what = ("qmcreate", vmid.to_string());
    if let Some(why) = without_room(cluster, node, given, vmid) {
        return Reply::data(cluster.task(&node.name, (what.0, &what.1, &token.id), (now, CREATE), &why));
    }
    let upid = cluster.task(&node.name, (what.0, &what.1, &token.id), (now, CREATE), "OK");
    let made = cluster.tasks.last().is_some_and(super::model::Task::succeeded);
    if made {
        let guest = guest(cluster, node, given, vmid, unix);
        let disk = format!("scsi0: successfully created disk '{}'", text(&guest.config, "scsi0"));
        cluster.guests.insert(vmid, guest);
        if let Some(task) = cluster.tasks.last_mut() {
            task.log.push(disk);
        }
    }
    Reply::data(upid)
}

impl Cluster {
    /// A VM that is there without having been asked for over the API.
    pub fn put_vm(&mut self, node: &str, given: &Map<String, Value>, unix: i64) {
        let vmid = given.get("vmid").and_then(number).and_then(|v| u32::try_from(v).ok());
        let made = vmid.zip(self.node(node)).map(|(vmid, node)| (vmid, guest(self, node, given, vmid, unix)));
        self.guests.extend(made);
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> &'a str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Disks that are asked for: key, storage, size and options as written.
fn disks(given: &Map<String, Value>) -> impl Iterator<Item = (&String, &str, &str)> {
    given.iter().filter(|(key, _)| key.starts_with("scsi") && *key != "scsihw").filter_map(|(key, value)| {
        let (storage, rest) = value.as_str()?.split_once(':')?;
        Some((key, storage, rest))
    })
}

fn refused(
    cluster: &Cluster,
    node: &Node,
    token: &Token,
    given: &Map<String, Value>,
    vmid: u32,
) -> Option<Reply> {
    if !cluster.unchecked
        && let Some((name, why)) = given.iter().find_map(|(k, v)| Some((k, parameters::wrong(k, v)?)))
    {
        return Some(Reply::parameter(name, &why));
    }
    let path = format!("/vms/{vmid}");
    if !token.may(&path, "VM.Allocate") {
        return Some(Reply::error(403, "Permission check failed"));
    }
    for (_, storage, _) in disks(given) {
        let at = format!("/storage/{storage}");
        if !token.may(&at, "Datastore.AllocateSpace") {
            return Some(Reply::forbidden(&at, "Datastore.AllocateSpace"));
        }
    }
    let lacks = parameters::privileges(given).into_iter().find(|p| !token.may(&path, p));
    if let Some(privilege) = lacks {
        return Some(Reply::forbidden(&path, privilege));
    }
    // No API token is root with a password.
    if given.contains_key("hugepages") && !cluster.unchecked {
        return Some(Reply::failed("only root can set 'hugepages' config"));
    }
    for bridge in parameters::bridges(given) {
        let at = format!("/sdn/zones/localnetwork/{bridge}");
        if !token.may(&at, "SDN.Use") {
            return Some(Reply::forbidden(&at, "SDN.Use"));
        }
    }
    for name in parameters::mappings(given) {
        let at = format!("/mapping/pci/{name}");
        if !token.may(&at, "Mapping.Use") {
            return Some(Reply::forbidden(&at, "Mapping.Use"));
        }
        if let Some(why) = mapping::trouble(cluster, &node.name, name).filter(|_| !cluster.unchecked) {
            return Some(Reply::failed(&why));
        }
    }
    disks(given).find_map(|(_, storage, _)| unusable(cluster, node, storage))
}

fn unusable(cluster: &Cluster, node: &Node, id: &str) -> Option<Reply> {
    let Some(storage) = cluster.storage(id) else {
        return Some(Reply::failed(&format!("storage '{id}' does not exist")));
    };
    if storage.disabled {
        return Some(Reply::failed(&format!("storage '{id}' is disabled")));
    }
    if !cluster.enabled(storage, &node.name) {
        return Some(Reply::failed(&format!("storage '{id}' is not available on node '{}'", node.name)));
    }
    let takes = storage.content.iter().any(|c| c == "images");
    (!takes).then(|| Reply::parameter("storage", &format!("storage '{id}' does not support vm images")))
}

/// How the task ends on a storage that is broken or full.
fn without_room(cluster: &Cluster, node: &Node, given: &Map<String, Value>, vmid: u32) -> Option<String> {
    disks(given).find_map(|(_, id, rest)| {
        let storage = cluster.storage(id)?;
        let size: f64 = rest.split(',').next()?.parse().ok()?;
        let name = format!("vm-{vmid}-disk-0");
        if size <= 0.0 {
            return Some(format!("unable to create VM {vmid} - unable to parse lvm volume size '{size}'"));
        }
        if storage.broken {
            return Some(format!("unable to create VM {vmid} - {} '{name}' error: got timeout", storage.kind));
        }
        let room = cluster.space(storage, &node.name).1;
        (room < LEAST).then(|| match storage.kind.as_str() {
            "lvmthin" => format!(
                "unable to create VM {vmid} - lvcreate 'pve/{name}' error:   Cannot create new thin volume, free space in thin pool pve/data reached threshold."
            ),
            _ => format!("unable to create VM {vmid} - {id} '{name}' error: No space left on device"),
        })
    })
}

/// The VM as it reads back: addresses, volumes and the boot order are the server's choice.
fn guest(cluster: &Cluster, node: &Node, given: &Map<String, Value>, vmid: u32, unix: i64) -> Guest {
    let mut config = Map::new();
    let (mut storage, mut size) = (String::new(), 0);
    for (key, value) in given {
        match key.as_str() {
            "vmid" | "name" | "tags" => {}
            "cdrom" => {
                let volume = value.as_str().unwrap_or_default();
                config.insert("ide2".into(), json!(format!("{volume},media=cdrom,size=331684K")));
            }
            "memory" => drop(config.insert(key.clone(), json!(plain(value)))),
            key if key.starts_with("net") => {
                let (digits, text) = (noise(given, vmid, key), plain(value));
                let (model, rest) = text.split_once(',').unwrap_or((text.as_str(), ""));
                config.insert(key.to_owned(), json!(format!("{model}={digits},{rest}")));
            }
            _ => drop(config.insert(key.clone(), value.clone())),
        }
    }
    for (at, (key, id, rest)) in disks(given).enumerate() {
        let mut options: Vec<&str> = rest.split(',').collect();
        let gib: u64 = options.first().and_then(|s| s.parse().ok()).unwrap_or_default();
        let sized = format!("size={gib}G");
        if let Some(first) = options.first_mut() {
            *first = &sized;
        }
        options.sort_unstable();
        if key == "scsi0" {
            (storage, size) = (id.to_owned(), gib << 30);
        }
        // A disk that an earlier VM left keeps its name.
        let taken = |name: &str| {
            let left = cluster.storage(id).into_iter().flat_map(|s| cluster.left_on(s, &node.name));
            left.into_iter().any(|disk| disk.name == name)
        };
        let names = (at..).map(|n| format!("vm-{vmid}-disk-{n}"));
        let name = names.into_iter().find(|name| !taken(name)).unwrap_or_default();
        config.insert(key.clone(), json!(format!("{id}:{name},{}", options.join(","))));
    }
    config.insert("boot".into(), json!("order=scsi0;ide2;net0"));
    config.insert("meta".into(), json!(format!("creation-qemu=10.1.2,ctime={unix}")));
    let uuid = text(given, "smbios1").trim_start_matches("uuid=").to_owned();
    let tail = uuid.rsplit('-').next().unwrap_or_default();
    let head: String = hash(given, vmid, "vmgenid").chars().take(8).collect();
    config.insert("vmgenid".into(), json!(format!("{head}-1b2c-4d3e-8f4a-{tail}")));
    let count = |key: &str, other: u64| given.get(key).and_then(number).unwrap_or(other);
    let mut tags: Vec<String> =
        text(given, "tags").split([';', ',', ' ']).filter(|t| !t.is_empty()).map(str::to_lowercase).collect();
    tags.sort();
    Guest {
        vmid,
        kind: GuestKind::Qemu,
        node: node.name.clone(),
        name: text(given, "name").to_owned(),
        started: None,
        uptime: 0,
        cpus: (count("cores", 1) * count("sockets", 1)) as u32,
        memory: count("memory", 512) * (1 << 20),
        disk: size,
        storage,
        tags,
        lock: None,
        protected: false,
        emulator: None,
        pending: Map::new(),
        config,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn hash(given: &Map<String, Value>, vmid: u32, what: &str) -> String {
    super::super::machine::sha256(format!("{}/{vmid}/{what}", text(given, "smbios1")).as_bytes())
}

/// A hardware address below the cluster's prefix.
fn noise(given: &Map<String, Value>, vmid: u32, key: &str) -> String {
    let digits = hash(given, vmid, key).to_uppercase();
    let mut out = String::from("BC:24:11");
    for pair in digits.as_bytes().chunks(2).take(3) {
        out.push(':');
        out.push_str(&String::from_utf8_lossy(pair));
    }
    out
}
