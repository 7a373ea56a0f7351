//! What lies on storages: images to boot from, disks of guests.

use serde_json::{Value, json};

use super::access::Token;
use super::model::{Cluster, Effect, Guest, GuestKind, Image, Node, Storage};
use super::reply::Reply;
use super::storage::visible;

/// Bytes of a join image.
const JOIN: u64 = 51_200;
/// Bytes of a Talos image.
const TALOS: u64 = 339_644_416;
/// Milliseconds of a node's download of an image.
const DOWNLOAD: u64 = 20_000;

/// A disk of a guest, as its configuration names it.
struct Disk<'a> {
    storage: &'a str,
    name: &'a str,
    size: u64,
}

/// `<storage>:vm-105-disk-0,…,size=100G`.
fn disk(text: &str) -> Option<Disk<'_>> {
    let (storage, name) = text.split(',').next()?.split_once(':')?;
    if name.starts_with("iso/") {
        return None;
    }
    let size = text.split(',').find_map(|part| part.strip_prefix("size="))?;
    Some(Disk { storage, name, size: bytes(size)? })
}

fn bytes(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        'K' => 1 << 10,
        'M' => 1 << 20,
        'G' => 1 << 30,
        'T' => 1 << 40,
        _ => return text.parse().ok(),
    };
    let number: u64 = text.get(..text.len() - 1)?.parse().ok()?;
    Some(number * unit)
}

fn disks(guest: &Guest) -> impl Iterator<Item = Disk<'_>> {
    guest.config.values().filter_map(Value::as_str).filter_map(disk)
}

fn refusal(
    cluster: &Cluster,
    storage: Option<&Storage>,
    id: &str,
    node: &Node,
    token: &Token,
) -> Option<Reply> {
    let Some(storage) = storage else {
        return Some(Reply::failed(&format!("storage '{id}' does not exist")));
    };
    if !visible(token, storage) {
        return Some(Reply::forbidden(&format!("/storage/{id}"), "Datastore.Audit|Datastore.AllocateSpace"));
    }
    if storage.disabled {
        return Some(Reply::failed(&format!("storage '{id}' is disabled")));
    }
    let off = format!("storage '{id}' is not available on node '{}'", node.name);
    (!cluster.usable(storage, &node.name)).then(|| Reply::failed(&off))
}

/// Images of a storage as a node sees them: a shared storage is the same everywhere.
fn images<'a>(cluster: &'a Cluster, storage: &'a Storage, node: &'a Node) -> impl Iterator<Item = &'a Image> {
    let nodes = cluster.nodes.iter().filter(|n| storage.shared || n.name == node.name);
    nodes.flat_map(|n| &n.images).filter(|i| i.storage == storage.id)
}

/// Whether a token is shown a disk: by its right on the whole storage, or by one on the guest, whether that exists or not.
fn shown(token: &Token, storage: &Storage, vmid: u32) -> bool {
    let at = format!("/storage/{}", storage.id);
    token.may(&at, "Datastore.Allocate")
        || (token.may(&at, "Datastore.Audit") && token.may(&format!("/vms/{vmid}"), "VM.Config.Disk"))
}

/// `GET /nodes/<n>/storage/<s>/content`: disks that the token is not shown are left out. A disk without its guest is a VM's.
pub fn content(
    cluster: &Cluster,
    node: &Node,
    id: &str,
    token: &Token,
    kind: Option<&str>,
    vmid: Option<&str>,
) -> Reply {
    let storage = cluster.storage(id);
    if let Some(refusal) = refusal(cluster, storage, id, node, token) {
        return refusal;
    }
    let Some(storage) = storage else { return Reply::data(json!([])) };
    let mut entries = Vec::new();
    if vmid.is_none() && kind.is_none_or(|k| k == "iso") && storage.content.iter().any(|c| c == "iso") {
        for image in images(cluster, storage, node) {
            entries.push(json!({
                "volid": format!("{id}:iso/{}", image.name), "content": "iso", "format": "iso", "size": image.size,
                "ctime": image.created,
            }));
        }
    }
    let mut list = |name: &str, size: u64, owner: u32| {
        let container = cluster.guests.get(&owner).is_some_and(|guest| guest.kind == GuestKind::Lxc);
        let holds = if container { "rootdir" } else { "images" };
        let asked = kind.is_none_or(|k| k == holds) && vmid.is_none_or(|v| v == owner.to_string());
        if asked && storage.content.iter().any(|c| c == holds) && shown(token, storage, owner) {
            let format = if name.contains("subvol-") { "subvol" } else { "raw" };
            entries.push(json!({
                "volid": format!("{id}:{name}"), "content": holds, "format": format, "size": size, "vmid": owner,
            }));
        }
    };
    // Of a shared storage, too, a node tells of its own guests' disks only: recorded so.
    for guest in cluster.guests_on(&node.name) {
        for disk in disks(guest).filter(|d| d.storage == id) {
            list(disk.name, disk.size, guest.vmid);
        }
    }
    for disk in cluster.left_on(storage, &node.name) {
        list(&disk.name, disk.size, disk.vmid);
    }
    let volume = |entry: &Value| entry.get("volid").and_then(Value::as_str).map(str::to_lowercase);
    entries.sort_by_key(volume);
    Reply::data(entries)
}

/// `GET /nodes/<n>/storage/<s>/content/<volume>`.
pub fn volume(cluster: &Cluster, node: &Node, id: &str, volume: &str) -> Reply {
    let name = volume.split_once("iso/").map_or(volume, |(_, name)| name);
    let found = cluster.storage(id).and_then(|s| images(cluster, s, node).find(|i| i.name == name));
    match found {
        Some(image) => Reply::data(json!({
            "path": format!("/var/lib/vz/template/iso/{name}"), "size": image.size, "used": image.size, "format": "iso",
        })),
        None => Reply::failed(&format!("volume_size_info on '{volume}' failed - no format")),
    }
}

/// What a storage must be so that an image can be put there.
fn writable(cluster: &Cluster, node: &Node, id: &str, token: &Token) -> Option<Reply> {
    let path = format!("/storage/{id}");
    if !token.may(&path, "Datastore.AllocateTemplate") {
        return Some(Reply::forbidden(&path, "Datastore.AllocateTemplate"));
    }
    let Some(storage) = cluster.storage(id) else {
        return Some(Reply::failed(&format!("storage '{id}' does not exist")));
    };
    if storage.disabled {
        return Some(Reply::failed(&format!("storage '{id}' is disabled")));
    }
    if !cluster.usable(storage, &node.name) {
        return Some(Reply::failed(&format!("storage '{id}' is not available on node '{}'", node.name)));
    }
    let takes = storage.content.iter().any(|c| c == "iso");
    (!takes).then(|| {
        let why = format!("storage '{id}' is not configured for content-type 'iso'");
        Reply::parameter("content", &why)
    })
}

/// `POST /nodes/<n>/storage/<s>/download-url`: the node fetches the image by itself.
pub fn download(
    cluster: &mut Cluster,
    node: &Node,
    (id, name): (&str, &str),
    token: &Token,
    (now, unix): (u64, i64),
) -> Reply {
    let own = format!("/nodes/{}", node.name);
    let reaches =
        token.may(&own, "Sys.AccessNetwork") || (token.may("/", "Sys.Audit") && token.may("/", "Sys.Modify"));
    if let Some(refusal) = writable(cluster, node, id, token) {
        return refusal;
    }
    if !reaches {
        return Reply::forbidden(&own, "Sys.AccessNetwork");
    }
    let image = Image { storage: id.to_owned(), name: name.to_owned(), size: TALOS, created: unix };
    let what = ("download", name, token.id.as_str());
    let upid = cluster.task_with(&node.name, what, (now, DOWNLOAD), "OK", Some(Effect::Image(image)));
    Reply::data(upid)
}

/// `POST /nodes/<n>/storage/<s>/upload`: of the content only the name matters here.
pub fn upload(
    cluster: &mut Cluster,
    node: &Node,
    (id, name): (&str, &str),
    token: &Token,
    (now, unix): (u64, i64),
) -> Reply {
    if let Some(refusal) = writable(cluster, node, id, token) {
        return refusal;
    }
    let image = Image { storage: id.to_owned(), name: name.to_owned(), size: JOIN, created: unix };
    let what = ("imgcopy", "", token.id.as_str());
    let upid = cluster.task_with(&node.name, what, (now, 0), "OK", Some(Effect::Image(image)));
    cluster.settle(now);
    Reply::data(upid)
}

/// `DELETE /nodes/<n>/storage/<s>/content/<volume>`.
pub fn delete(
    cluster: &mut Cluster,
    node: &Node,
    (id, volume): (&str, &str),
    token: &Token,
    now: u64,
) -> Reply {
    let path = format!("/storage/{id}");
    if !token.may(&path, "Datastore.Allocate") {
        return Reply::forbidden(&path, "Datastore.Allocate");
    }
    let name = volume.split_once("iso/").map_or(volume, |(_, name)| name);
    let shared = cluster.storage(id).is_some_and(|s| s.shared);
    for other in cluster.nodes.iter_mut().filter(|n| shared || n.name == node.name) {
        other.images.retain(|i| i.storage != id || i.name != name);
    }
    Reply::data(cluster.task(&node.name, ("imgdel", &format!("{id}@iso"), &token.id), (now, 0), "OK"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_are_read_from_the_configuration() {
        let found = disk("vm_ssd:vm-105-disk-1,size=20G").unwrap();
        assert_eq!((found.storage, found.name, found.size), ("vm_ssd", "vm-105-disk-1", 20 << 30));
        assert!(disk("local:iso/user-data-105.iso,media=cdrom,size=50K").is_none());
        assert!(
            disk("virtio=BC:24:11:5A:10:05,bridge=vmbr0").is_none() && disk("none,media=cdrom").is_none()
        );
    }
}
