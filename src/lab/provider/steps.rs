//! The five steps of provisioning: each asks Proxmox VE what it must know, and ends passed, waiting or failed.

use serde_json::{Value, json};

use super::super::labels;
use super::super::machine;
use super::super::omni::Resource;
use super::client::Client;
use super::data::Data;
use super::log::{Said, say};
use super::order::{Order, parameters};
use super::selector::{self, Miss};
use super::state::{Progress, version};
use super::{boot, place};

/// Milliseconds between looks at a download or a creation that runs.
const SLOW: u64 = 10_000;
/// Milliseconds between looks at a start that runs, and until the first look at a download.
const SOON: u64 = 1_000;

/// How a step ended.
pub enum End {
    /// It passed.
    Passed,
    /// It is asked again after this many milliseconds.
    Again(u64),
    /// It failed.
    Failed(String),
}

type Tried<T> = Result<T, String>;

/// Remembers something about the request.
fn remember(client: &mut Client<'_, '_>, what: impl FnOnce(&mut Progress)) {
    if let Some(progress) = client.pass.world.provider.requests.get_mut(client.id) {
        what(progress);
    }
}

/// The node, once and for all.
pub fn pick_node(
    client: &mut Client<'_, '_>,
    request: &Resource,
    data: &Data,
    known: &Progress,
) -> Tried<End> {
    if !known.node.is_empty() {
        return Ok(End::Passed);
    }
    let node = place::pick(client, data, request.labelled(labels::REQUEST_SET).is_some())?;
    let uuid = client.pass.world.random.uuid();
    remember(client, |p| {
        p.node = node;
        if p.uuid.is_empty() {
            p.uuid = uuid;
        }
    });
    Ok(End::Passed)
}

/// The image's schematic, from the image factory.
pub fn create_schematic(client: &mut Client<'_, '_>, request: &Resource) -> Tried<End> {
    let mut extensions = vec!["siderolabs/qemu-guest-agent".to_owned()];
    if let Some(asked) = request.spec.get("extensions").and_then(Value::as_array) {
        extensions.extend(asked.iter().filter_map(|e| e.as_str()).map(str::to_owned));
    }
    extensions.sort();
    extensions.dedup();
    say(client.pass, client.id, &Said::Schematic(&extensions));
    if client.pass.world.provider.factory_down {
        return Err(
            "failed to create schematic: Post \"https://factory.talos.dev/schematics\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                .to_owned(),
        );
    }
    let schematic = machine::schematic(&extensions);
    remember(client, |p| p.schematic = schematic);
    Ok(End::Passed)
}

/// The storage of a node that images go to: the first enabled one that takes them.
pub fn image_storage(client: &mut Client<'_, '_>, node: &str) -> Tried<String> {
    let storages = client.get(&format!("/nodes/{node}/storage"))?;
    let word =
        |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let fits = |entry: &&Value| {
        entry.get("enabled").and_then(Value::as_u64) == Some(1)
            && word(entry, "content").split(',').any(|c| c == "iso")
    };
    let found = storages.as_array().and_then(|list| list.iter().find(fits)).map(|s| word(s, "storage"));
    found.ok_or_else(|| "failed to get storage: unable to find the item you are looking for".to_owned())
}

/// The image on the node, which downloads it by itself.
pub fn upload_iso(client: &mut Client<'_, '_>, request: &Resource, known: &Progress) -> Tried<End> {
    if !known.upload.is_empty() {
        match client.task(&known.upload)? {
            None => return Ok(End::Again(SLOW)),
            Some(true) => return Ok(End::Passed),
            Some(false) => say(client.pass, client.id, &Said::Retrying),
        }
    }
    let node = known.node.as_str();
    client.glance(&format!("/nodes/{node}/status"))?;
    let storage = image_storage(client, node)?;
    let url = format!(
        "https://factory.talos.dev/image/{}/{}/nocloud-amd64.iso",
        known.schematic,
        version(request.text("/talos_version"))
    );
    let image = format!("{}.iso", machine::sha256(url.as_bytes()));
    let name = image.clone();
    if client.get(&format!("/nodes/{node}/storage/{storage}/content/{storage}:iso/{image}")).is_ok() {
        remember(client, |p| p.image = name);
        return Ok(End::Passed);
    }
    let upid = client.post(
        &format!("/nodes/{node}/storage/{storage}/download-url"),
        json!({ "content": "iso", "filename": image, "url": url }),
    )?;
    let upid = upid.as_str().unwrap_or_default().to_owned();
    say(client.pass, client.id, &Said::Uploading(&image, &upid));
    remember(client, |p| (p.image, p.upload) = (name, upid));
    Ok(End::Again(SOON))
}

/// The VM.
pub fn sync_vm(client: &mut Client<'_, '_>, request: &Resource, data: &Data, known: &Progress) -> Tried<End> {
    if !known.create.is_empty() {
        return Ok(match client.task(&known.create)? {
            None => End::Again(SLOW),
            Some(true) => End::Passed,
            // A task that failed stays the request's task for ever.
            Some(false) => End::Failed("stopped".to_owned()),
        });
    }
    let node = known.node.as_str();
    client.glance(&format!("/nodes/{node}/status"))?;
    client.glance("/cluster/status")?;
    let next = client.get("/cluster/nextid")?;
    let vmid: u32 = next.as_str().and_then(|n| n.parse().ok()).unwrap_or_default();
    let storage = image_storage(client, node)?;
    let volume = format!("{storage}:iso/{}", known.image);
    client.get(&format!("/nodes/{node}/storage/{storage}/content/{volume}"))?;
    let mut storages = Vec::new();
    for (at, disk) in std::iter::once(&data.disk).chain(&data.additional_disks).enumerate() {
        let found = client.get(&format!("/nodes/{node}/storage"))?;
        let prefix = if at == 0 {
            String::new()
        } else {
            format!("failed to pick storage for additional disk {at}: ")
        };
        storages.push(selector::choose(&found, node, &disk.selector).map_err(|miss| match miss {
            Miss::Nothing => {
                let condition = Value::from(disk.selector.as_str());
                format!("{prefix}failed to pick the disk: no matches for the condition {condition}")
            }
            Miss::Wrong(why) => format!("{prefix}{why}"),
        })?);
    }
    let order = Order {
        name: client.id,
        set: request.labelled(labels::REQUEST_SET).unwrap_or_default(),
        uuid: &known.uuid,
        image: &volume,
        vmid,
        storages: &storages,
    };
    let given = Value::Object(parameters(data, &order));
    let upid = client.post(&format!("/nodes/{node}/qemu"), given)?;
    let upid = upid.as_str().unwrap_or_default().to_owned();
    remember(client, |p| (p.create, p.vmid) = (upid, vmid));
    Ok(End::Again(SLOW))
}

/// The VM runs, with the image that tells Talos where to join.
pub fn start_vm(
    client: &mut Client<'_, '_>,
    request: &Resource,
    data: &Data,
    known: &Progress,
) -> Tried<End> {
    if !known.start.is_empty() {
        return Ok(match client.task(&known.start)? {
            None => End::Again(SOON),
            Some(true) => {
                boot::power_on(client.pass, client.id, request, data, known);
                End::Passed
            }
            Some(false) => End::Failed("stopped".to_owned()),
        });
    }
    let (node, vmid) = (known.node.as_str(), known.vmid);
    let vm = format!("/nodes/{node}/qemu/{vmid}");
    client.glance(&format!("/nodes/{node}/status"))?;
    client.get(&format!("{vm}/status/current"))?;
    let config = client.get(&format!("{vm}/config"))?;
    client.glance(&format!("/nodes/{node}/status"))?;
    let storage = image_storage(client, node)?;
    let name = format!("user-data-{vmid}.iso");
    let upid = client.post(
        &format!("/nodes/{node}/storage/{storage}/upload"),
        json!({ "content": "iso", "filename": name }),
    )?;
    // Whether the upload went well is not looked at.
    twice(client, &upid)?;
    let word = |key: &str| config.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let tags = word("tags");
    if !tags.split(';').any(|t| t == TAG) {
        let all = if tags.is_empty() { TAG.to_owned() } else { format!("{tags};{TAG}") };
        client.post(&format!("{vm}/config"), json!({ "tags": all }))?;
    }
    let upid = client.post(
        &format!("{vm}/config"),
        json!({ "boot": format!("{};ide0", word("boot")), "ide0": format!("{storage}:iso/{name},media=cdrom") }),
    )?;
    twice(client, &upid)?;
    let upid = client.post(&format!("{vm}/status/start"), Value::Null)?;
    let upid = upid.as_str().unwrap_or_default().to_owned();
    remember(client, |p| p.start = upid);
    Ok(End::Again(SOON))
}

/// The tag that says that a VM has an image to join with.
pub const TAG: &str = "go-proxmox+cloud-init";

/// Waits for a task that takes no time: it is asked, and asked once more for its details.
pub fn twice(client: &mut Client<'_, '_>, upid: &Value) -> Tried<()> {
    let upid = upid.as_str().unwrap_or_default().to_owned();
    client.task(&upid)?;
    client.task(&upid)?;
    Ok(())
}
