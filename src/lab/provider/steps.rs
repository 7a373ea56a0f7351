//! Provisioning, step by step.

use serde_json::json;

use super::super::labels;
use super::super::machine::{self, Doing, Machine, time};
use super::super::omni::{Key, Resource};
use super::super::proxmox::Image;
use super::super::world::{Pass, lean};
use super::create::{Order, create};
use super::data::{self, Data};
use super::state::{Progress, Step, record};
use super::{place, remove, selector};

/// Milliseconds between attempts.
const RETRY: u64 = 60_000;
/// Milliseconds of a node's download of an image.
const DOWNLOAD: u64 = 20_000;
/// Milliseconds of creating a VM.
const CREATE: u64 = 9_000;
/// Milliseconds of starting a VM.
const START: u64 = 2_000;

/// How a step ended.
enum End {
    /// It passed.
    Passed,
    /// It is asked again after this many milliseconds.
    Again(u64),
    /// It failed.
    Failed(String),
}

/// One look at the requests.
pub fn run(pass: &mut Pass<'_>) {
    if !alive(pass) {
        return;
    }
    take(pass);
    let now = pass.world.now;
    if pass.world.provider.busy > now {
        let busy = pass.world.provider.busy;
        pass.wake_at(busy);
        return;
    }
    let Some(id) = next(pass) else { return };
    let request = pass.get("MachineRequests", &id);
    match request {
        None => {
            pass.world.provider.requests.remove(&id);
        }
        Some(request) if request.tearing_down() => remove::remove(pass, &id),
        Some(request) => {
            let done = pass.world.provider.requests.get(&id).is_none_or(|p| p.step == Step::Done);
            if !done {
                advance(pass, &request);
            }
        }
    }
}

/// Whether the provider runs: with its container and the node below it.
pub fn alive(pass: &Pass<'_>) -> bool {
    let world = &pass.world;
    let Some(guest) = world.proxmox.guests.get(&world.provider.container) else { return false };
    world.provider.published
        && guest.started.is_some()
        && world.proxmox.node(&guest.node).is_some_and(|n| n.online)
}

/// Notices new requests and those that are to go.
fn take(pass: &mut Pass<'_>) {
    let (id, controller) = (pass.world.provider.id.clone(), pass.world.provider.controller());
    let now = pass.world.now;
    for request in pass.labelled("MachineRequests", labels::PROVIDER, &id) {
        let name = request.key.id.clone();
        if request.tearing_down() {
            if !pass.world.provider.requests.contains_key(&name) {
                pass.release("MachineRequests", &name, &[controller.as_str()]);
            }
            continue;
        }
        if !pass.world.provider.requests.contains_key(&name) {
            pass.world.provider.seen += 1;
            let number = pass.world.provider.seen;
            pass.world.provider.requests.insert(name, Progress { number, due: now, ..Progress::default() });
        }
    }
}

/// The request to work on now: the current one until it waits, then the first that is due.
fn next(pass: &mut Pass<'_>) -> Option<String> {
    let now = pass.world.now;
    if let Some(current) = pass.world.provider.current.clone() {
        if pass.world.provider.requests.get(&current).is_some_and(|p| p.due <= now) {
            return Some(current);
        }
        pass.world.provider.current = None;
    }
    let mut best: Option<(u64, u64, String)> = None;
    let mut wakes = Vec::new();
    for (name, progress) in &pass.world.provider.requests {
        let request = pass.store.get(&Key::of("MachineRequests", name));
        let going = request.as_ref().is_none_or(|r| r.tearing_down());
        if progress.step == Step::Done && !going {
            continue;
        }
        let held = |s: std::sync::Arc<Resource>| s.tearing_down() && !s.finalizers.is_empty();
        if going && progress.removal.is_none() && pass.get("MachineRequestStatuses", name).is_some_and(held) {
            // Omni holds the status until the machine has left its cluster; its release is a write that wakes us.
            continue;
        }
        let due = if going && progress.removal.is_none() { now } else { progress.due };
        if due > now {
            wakes.push(due);
            continue;
        }
        let rank = (due, progress.number, name.clone());
        if best.as_ref().is_none_or(|b| rank < *b) {
            best = Some(rank);
        }
    }
    for at in wakes {
        pass.wake_at(at);
    }
    best.map(|(_, _, name)| name)
}

/// Writes the request's status.
pub fn publish(pass: &Pass<'_>, request: &Resource, stage: u32, text: &str) {
    let provider = &pass.world.provider;
    let id = pass
        .get("MachineRequestStatuses", &request.key.id)
        .map(|s| s.text("/id").to_owned())
        .unwrap_or_default();
    let mut status = Resource::new(
        Key::of("MachineRequestStatuses", &request.key.id),
        lean(json!({ "id": id, "stage": stage, "status": text })),
    )
    .owned_by(&provider.controller())
    .label(labels::PROVIDER, &provider.id);
    if let Some(set) = request.labelled(labels::REQUEST_SET) {
        status = status.label(labels::REQUEST_SET, set);
    }
    pass.put(status);
}

fn advance(pass: &mut Pass<'_>, request: &Resource) {
    let (id, now) = (request.key.id.clone(), pass.world.now);
    let controller = pass.world.provider.controller();
    if !request.finalizers.contains(&controller) {
        pass.hold(request, &[controller.as_str()]);
        publish(pass, request, 1, "");
        pass.world.provider.current = Some(id.clone());
        begin(pass, &id, 700);
        return;
    }
    let Some(progress) = pass.world.provider.requests.get(&id).cloned() else { return };
    let end = match data::read(request.text("/provider_data")) {
        Err(why) => End::Failed(why),
        Ok(data) => match progress.step {
            Step::PickNode => pick_node(pass, &id, &data),
            Step::CreateSchematic => create_schematic(pass, &id, request),
            Step::UploadIso => upload_iso(pass, &id, request, &progress),
            Step::SyncVm => sync_vm(pass, &id, request, &data, &progress),
            Step::StartVm => start_vm(pass, &id, request, &data, &progress),
            Step::Done => return,
        },
    };
    let talos = request.text("/talos_version").to_owned();
    match end {
        End::Passed => {
            let next = progress.step.next();
            if let Some(progress) = pass.world.provider.requests.get_mut(&id) {
                (progress.step, progress.task, progress.error) = (next, None, None);
            }
            record(pass, &id, &talos);
            if next == Step::Done {
                publish(pass, request, 2, &next.text());
                pass.world.provider.current = None;
            } else {
                publish(pass, request, 1, &progress.step.text());
                begin(pass, &id, 900);
            }
        }
        End::Again(after) => {
            publish(pass, request, 1, &progress.step.text());
            record(pass, &id, &talos);
            wait(pass, &id, now + after);
        }
        End::Failed(why) => {
            if let Some(progress) = pass.world.provider.requests.get_mut(&id) {
                progress.error = Some(why);
            }
            wait(pass, &id, now + RETRY);
        }
    }
}

/// Works for some time.
fn begin(pass: &mut Pass<'_>, id: &str, takes: u64) {
    let until = pass.world.now + takes;
    pass.world.provider.busy = until;
    pass.world.provider.current = Some(id.to_owned());
    if let Some(progress) = pass.world.provider.requests.get_mut(id) {
        progress.due = until;
    }
    pass.wake_at(until);
}

fn wait(pass: &mut Pass<'_>, id: &str, until: u64) {
    if let Some(progress) = pass.world.provider.requests.get_mut(id) {
        progress.due = until;
    }
    pass.world.provider.current = None;
    pass.wake_at(until);
}

fn pick_node(pass: &mut Pass<'_>, id: &str, data: &Data) -> End {
    let node = match place::pick(&pass.world.proxmox, data, pass.world.now) {
        Ok(node) => node,
        Err(why) => return End::Failed(why),
    };
    let uuid = pass.world.random.uuid();
    if let Some(progress) = pass.world.provider.requests.get_mut(id) {
        progress.node = node;
        if progress.uuid.is_empty() {
            progress.uuid = uuid;
        }
    }
    End::Passed
}

fn create_schematic(pass: &mut Pass<'_>, id: &str, request: &Resource) -> End {
    let mut extensions = vec!["siderolabs/qemu-guest-agent".to_owned()];
    if let Some(asked) = request.spec.get("extensions").and_then(serde_json::Value::as_array) {
        extensions.extend(asked.iter().filter_map(|e| e.as_str()).map(str::to_owned));
    }
    let schematic = machine::schematic(&extensions);
    let talos = request.text("/talos_version");
    let url = format!("https://factory.talos.dev/image/{schematic}/v{talos}/nocloud-amd64.iso");
    if let Some(progress) = pass.world.provider.requests.get_mut(id) {
        progress.image = format!("{}.iso", machine::sha256(url.as_bytes()));
        progress.schematic = schematic;
    }
    End::Passed
}

/// `None`: the task runs; otherwise whether it succeeded. A failed task stays in the provider's state for ever.
fn task(pass: &Pass<'_>, upid: &str) -> Option<bool> {
    let task = pass.world.proxmox.tasks.iter().find(|t| t.upid == upid);
    task.map_or(Some(false), |t| (t.end <= pass.world.now as i64).then(|| t.status == "OK"))
}

fn upload_iso(pass: &mut Pass<'_>, id: &str, _request: &Resource, progress: &Progress) -> End {
    let (now, unix) = (pass.world.now, pass.unix());
    let Some(node) = pass.world.proxmox.node(&progress.node) else {
        return End::Failed(gone(&progress.node));
    };
    if !node.online {
        return End::Failed("unexpected end of JSON input".to_owned());
    }
    if node.images.iter().any(|i| i.name == progress.image) {
        return End::Passed;
    }
    if let Some(upid) = &progress.task {
        if task(pass, upid).is_none() {
            return End::Again(1_000);
        }
        let image = Image {
            storage: "local".to_owned(),
            name: progress.image.clone(),
            size: 339_644_416,
            created: unix,
        };
        if let Some(node) = pass.world.proxmox.node_mut(&progress.node) {
            node.images.push(image);
        }
        return End::Passed;
    }
    let principal = pass.world.provider.principal.clone();
    let upid = pass.world.proxmox.task(
        &progress.node,
        ("download", &progress.image, &principal),
        (now, DOWNLOAD),
        "OK",
    );
    if let Some(progress) = pass.world.provider.requests.get_mut(id) {
        progress.task = Some(upid);
    }
    End::Again(DOWNLOAD)
}

fn gone(node: &str) -> String {
    format!(
        "500 hostname lookup '{node}' failed - failed to get address info for: {node}: Name or service not known"
    )
}

fn sync_vm(pass: &mut Pass<'_>, id: &str, request: &Resource, data: &Data, progress: &Progress) -> End {
    let now = pass.world.now;
    if let Some(upid) = &progress.task {
        return match task(pass, upid) {
            None => End::Again(1_000),
            Some(true) => End::Passed,
            Some(false) => End::Failed("stopped".to_owned()),
        };
    }
    let Some(node) = pass.world.proxmox.node(&progress.node).cloned() else {
        return End::Failed(gone(&progress.node));
    };
    if !node.online {
        return End::Failed("unexpected end of JSON input".to_owned());
    }
    let storage = match selector::choose(&pass.world.proxmox, &node, &data.storage_selector) {
        Ok(storage) => storage,
        Err(why) => return End::Failed(why),
    };
    let noise = pass.world.random.hex(8);
    let order = Order {
        name: id,
        set: request.labelled(labels::REQUEST_SET).unwrap_or_default(),
        uuid: &progress.uuid,
        image: &progress.image,
        vmid: pass.world.proxmox.next_id(),
        storage: &storage,
        noise: &noise,
        unix: pass.unix(),
    };
    let guest = match create(&pass.world.proxmox, &node, data, &order) {
        Ok(guest) => guest,
        Err(why) => return End::Failed(why),
    };
    let vmid = guest.vmid;
    pass.world.proxmox.guests.insert(vmid, guest);
    let principal = pass.world.provider.principal.clone();
    let upid =
        pass.world.proxmox.task(&node.name, ("qmcreate", &vmid.to_string(), &principal), (now, CREATE), "OK");
    if let Some(progress) = pass.world.provider.requests.get_mut(id) {
        (progress.task, progress.vmid) = (Some(upid), vmid);
    }
    End::Again(10_000)
}

fn start_vm(pass: &mut Pass<'_>, id: &str, request: &Resource, data: &Data, progress: &Progress) -> End {
    let (now, unix) = (pass.world.now, pass.unix());
    if let Some(upid) = &progress.task {
        return match task(pass, upid) {
            None => End::Again(1_000),
            Some(true) => {
                power_on(pass, id, request, data, progress);
                End::Passed
            }
            Some(false) => End::Failed("stopped".to_owned()),
        };
    }
    let vmid = progress.vmid;
    let bridge = if data.network_bridge.is_empty() { "vmbr0" } else { &data.network_bridge };
    let online = pass.world.proxmox.node(&progress.node).filter(|n| n.online);
    let Some(node) = online else { return End::Failed("unexpected end of JSON input".to_owned()) };
    let fits = node.bridges.iter().any(|b| b.name == bridge);
    let Some(guest) = pass.world.proxmox.guests.get_mut(&vmid) else {
        return End::Failed(format!(
            "500 Configuration file 'nodes/{}/qemu-server/{vmid}.conf' does not exist",
            progress.node
        ));
    };
    if !guest.tags.iter().any(|t| t == "go-proxmox+cloud-init") {
        guest.tags.push("go-proxmox+cloud-init".to_owned());
        guest.tags.sort();
    }
    guest.config.insert("boot".to_owned(), json!("order=scsi0;ide2;net0;ide0"));
    guest
        .config
        .insert("ide0".to_owned(), json!(format!("local:iso/user-data-{vmid}.iso,media=cdrom,size=50K")));
    if let Some(node) = pass.world.proxmox.node_mut(&progress.node) {
        node.images.push(Image {
            storage: "local".to_owned(),
            name: format!("user-data-{vmid}.iso"),
            size: 51_200,
            created: unix,
        });
    }
    let principal = pass.world.provider.principal.clone();
    let result = if fits { "OK".to_owned() } else { format!("bridge '{bridge}' does not exist") };
    let upid = pass.world.proxmox.task(
        &progress.node,
        ("qmstart", &vmid.to_string(), &principal),
        (now, START),
        &result,
    );
    if let Some(progress) = pass.world.provider.requests.get_mut(id) {
        progress.task = Some(upid);
    }
    End::Again(START)
}

/// The VM runs: a machine begins to boot.
fn power_on(pass: &mut Pass<'_>, id: &str, request: &Resource, data: &Data, progress: &Progress) {
    let now = pass.world.now;
    if let Some(guest) = pass.world.proxmox.guests.get_mut(&progress.vmid) {
        guest.started = Some(now);
    }
    let address = address(&mut pass.world.random);
    let talos = request.text("/talos_version").to_owned();
    let mut machine = Machine {
        uuid: progress.uuid.clone(),
        request: id.to_owned(),
        vmid: progress.vmid,
        address,
        first_talos: talos.clone(),
        talos,
        schematic: progress.schematic.clone(),
        extensions: vec!["siderolabs/qemu-guest-agent".to_owned()],
        doing: Doing::Booting,
        until: None,
        running_since: None,
        silent_since: None,
        config: None,
        hostname: progress.uuid.clone(),
        cores: (data.cores * data.sockets).max(0) as u32,
        memory_mb: data.memory.max(0) as u64,
        disk_gb: data.disk_size.max(0) as u64,
    };
    machine.begin(Doing::Booting, now, time::BOOT);
    pass.world.machines.insert(machine.uuid.clone(), machine);
}

/// An address in the tunnel.
pub fn address(random: &mut super::super::random::Random) -> String {
    let digits = random.hex(16);
    let group = |from: usize| digits.get(from..from + 4).unwrap_or("1").trim_start_matches('0').to_owned();
    let groups: Vec<String> =
        [0, 4, 8, 12].into_iter().map(group).map(|g| if g.is_empty() { "1".to_owned() } else { g }).collect();
    format!("fdae:41e4:649b:9303:{}", groups.join(":"))
}
