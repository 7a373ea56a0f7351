//! `matrix`: a deployment with three control planes on local disks and one named worker set on each node, whose VMs have been
//! running for a fortnight under the provider `matrix-cluster`.

use serde_json::{Value, json};

use super::super::labels;
use super::super::machine::{Doing, Machine};
use super::super::omni::{Key, Resource, Store};
use super::super::provider::{Progress, Step, address, record};
use super::super::proxmox::{Guest, GuestKind, Image};
use super::super::world::{ClusterFacts, EPOCH, Pass, Plant};
use super::fresh::ground;
use super::{hardware, objects};

const PROVIDER: &str = "matrix-cluster";
const CLUSTER: &str = "talos-prod-01";
const KUBERNETES: &str = "1.35.0";
const TALOS: &str = "1.12.0";
const IMAGE: &str = "9f2b8c4d7e1a6f3052c7d9be40a81f6cd3e5b7a9081426c8f0e2d4b6a8c0e1f3.iso";
/// Memory in use without the VMs and the container.
const USED: [u64; 3] = [20_760_648_090, 20_336_558_081, 14_539_327_898];
const EXTENSIONS: [&str; 3] = ["siderolabs/iscsi-tools", "siderolabs/nfsd", "siderolabs/util-linux-tools"];

/// VMID, node, set, ending of the request's name, UUID.
const MACHINES: [(u32, &str, &str, &str, &str); 6] = [
    (101, "golf", "control-planes", "x7k2mp", "6b0f7a1e-3c55-4f0e-9d1a-2f6c1b7e8a01"),
    (102, "golf", "control-planes", "b9rzt4", "0d4f2c9b-8a17-4c2f-b0c5-7a9e3d51f602"),
    (103, "golf", "control-planes", "qw8hn5", "f1a6be30-5d92-4b7d-8e44-c03b9a67d203"),
    (104, "foxtrot", "worker-foxtrot", "9gz4tb", "a9c81d57-20f4-4e1b-9f3c-54be7620ac04"),
    (105, "golf", "worker-golf", "k6vcd2", "3e7d5b12-94a8-46c3-a1f6-0bd8e2c47f05"),
    (106, "hotel", "worker-hotel", "jf5xs8", "c52e9f84-61b3-4d0a-8c27-9e1fa4d3b806"),
];

fn data(node: Option<&str>) -> String {
    let (cores, memory, disk, storage) = match node {
        None => (4, 8192, 40, "local-lvm"),
        Some(_) => (8, 16384, 100, "vm_ssd"),
    };
    let pin = node.map(|n| format!("node: {n}\n")).unwrap_or_default();
    format!(
        "cores: {cores}\nsockets: 1\nmemory: {memory}\ndisk_size: {disk}\nnetwork_bridge: vmbr0\nstorage_selector: name == \"{storage}\"\n{pin}cpu_type: host\nmachine_type: q35\nballoon: false\ndisk_ssd: true\ndisk_discard: true\ndisk_cache: none\ndisk_iothread: true\ndisk_aio: io_uring\n"
    )
}

/// The scenario.
pub fn build(name: &str) -> Plant {
    let container = hardware::Container { cores: 2, memory_mb: 2048, disk: 16_729_894_912 };
    let mut plant = ground(name, PROVIDER, USED, &container);
    resources(&plant.store);
    for machine in MACHINES {
        existing(&mut plant, machine);
    }
    plant
        .world
        .clusters
        .insert(CLUSTER.to_owned(), ClusterFacts { cni_installed: true, ..ClusterFacts::default() });
    let now = plant.world.unix();
    objects::put(&plant.store, objects::manual_backup(CLUSTER, now), now);
    plant.run_until_quiet(super::LONG);
    settle(&mut plant);
    plant
}

fn resources(store: &Store) {
    let put = |r: Resource| objects::put(store, r, EPOCH);
    put(objects::class("matrix-control-plane", PROVIDER, &data(None)));
    put(objects::cluster(CLUSTER, KUBERNETES, TALOS).label("environment", "production"));
    let none =
        "cluster:\n    network:\n        cni:\n            name: none\n    proxy:\n        disabled: true\n";
    put(objects::patch(
        &format!("200-cluster-{CLUSTER}-disable-default-cni"),
        "disable-default-cni",
        CLUSTER,
        None,
        none,
    ));
    let planes = format!("{CLUSTER}-control-planes");
    put(objects::extensions(CLUSTER, Some(&planes), &EXTENSIONS));
    put(objects::set(CLUSTER, "control-planes", "matrix-control-plane", 3));
    for node in ["foxtrot", "golf", "hotel"] {
        put(objects::class(&format!("matrix-worker-{node}"), PROVIDER, &data(Some(node))));
        let set = format!("{CLUSTER}-worker-{node}");
        let zone = format!("machine:\n    nodeLabels:\n        topology.kubernetes.io/zone: {node}\n");
        put(objects::patch(&format!("400-{set}-worker-labels"), "worker-labels", CLUSTER, Some(&set), &zone));
        let mount = "machine:\n    kubelet:\n        extraMounts:\n            - destination: /var/lib/longhorn\n              options:\n                - bind\n                - rshared\n                - rw\n              source: /var/local/longhorn\n              type: bind\n";
        put(objects::patch(
            &format!("401-{set}-longhorn-storage"),
            "longhorn-storage",
            CLUSTER,
            Some(&set),
            mount,
        ));
        put(objects::extensions(CLUSTER, Some(&set), &EXTENSIONS));
        put(objects::set(CLUSTER, &format!("worker-{node}"), &format!("matrix-worker-{node}"), 1));
    }
}

/// A machine that the provider made before the world began.
fn existing(plant: &mut Plant, (vmid, node, name, ending, uuid): (u32, &str, &str, &str, &str)) {
    let (set, pinned) = (format!("{CLUSTER}-{name}"), name != "control-planes");
    let request = format!("{set}-{ending}");
    let provider_data = data(pinned.then_some(node));
    let controller = format!("{PROVIDER}.ProvisionController");
    let made = Resource::new(
        Key::of("MachineRequests", &request),
        json!({ "talos_version": TALOS, "provider_data": provider_data }),
    )
    .label(labels::PROVIDER, PROVIDER)
    .label(labels::REQUEST_SET, &set)
    .finalizer("ClusterMachineRequestStatusController")
    .finalizer(&controller);
    objects::put(&plant.store, made, EPOCH);
    let status = Resource::new(
        Key::of("MachineRequestStatuses", &request),
        json!({ "stage": 2, "status": "Provision Complete" }),
    )
    .owned_by(&controller)
    .label(labels::PROVIDER, PROVIDER)
    .label(labels::REQUEST_SET, &set);
    objects::put(&plant.store, status, EPOCH);

    let guest = guest(vmid, node, &request, &set, uuid, pinned);
    let world = &mut plant.world;
    let schematic = super::super::machine::schematic(&["siderolabs/qemu-guest-agent".to_owned()]);
    let machine = Machine {
        uuid: uuid.to_owned(),
        request: request.clone(),
        vmid,
        address: address(&mut world.random),
        talos: TALOS.to_owned(),
        first_talos: TALOS.to_owned(),
        schematic: schematic.clone(),
        extensions: vec!["siderolabs/qemu-guest-agent".to_owned()],
        doing: Doing::Booting,
        until: Some(1),
        running_since: None,
        silent_since: None,
        unheard: false,
        config: None,
        hostname: uuid.to_owned(),
        cores: guest.cpus,
        memory_mb: guest.memory >> 20,
        disk_gb: guest.disk >> 30,
    };
    world.machines.insert(uuid.to_owned(), machine);
    world.proxmox.guests.insert(vmid, guest);
    world.provider.seen += 1;
    let progress = Progress {
        number: world.provider.seen,
        step: Step::Done,
        stored: Some(Step::StartVm),
        uuid: uuid.to_owned(),
        schematic,
        node: node.to_owned(),
        vmid,
        image: IMAGE.to_owned(),
        ..Progress::default()
    };
    world.provider.requests.insert(request.clone(), progress);
    record(&Pass::new(&plant.store, world), &request, TALOS);
}

fn guest(vmid: u32, node: &str, request: &str, set: &str, uuid: &str, worker: bool) -> Guest {
    let (cores, memory, disk, storage) =
        if worker { (8, 16384, 100, "vm_ssd") } else { (4, 8192, 40, "local-lvm") };
    let tail = uuid.rsplit('-').next().unwrap_or_default();
    let config: Value = json!({
        "agent": "enabled=true",
        "balloon": 0,
        "boot": "order=scsi0;ide2;net0;ide0",
        "cores": cores,
        "cpu": "host",
        "ide0": format!("local:iso/user-data-{vmid}.iso,media=cdrom,size=50K"),
        "ide2": format!("local:iso/{IMAGE},media=cdrom,size=331684K"),
        "machine": "q35",
        "memory": memory.to_string(),
        "meta": format!("creation-qemu=10.1.2,ctime=1771000{vmid}"),
        "net0": format!("virtio=BC:24:11:5A:10:{:02},bridge=vmbr0,firewall=1", vmid - 100),
        "onboot": 1,
        "scsi0": format!("{storage}:vm-{vmid}-disk-0,aio=io_uring,cache=none,discard=on,iothread=1,size={disk}G,ssd=1"),
        "scsihw": "virtio-scsi-single",
        "smbios1": format!("uuid={uuid}"),
        "sockets": 1,
        "vmgenid": format!("{:08x}-1b2c-4d3e-8f4a-{tail}", vmid),
    });
    Guest {
        vmid,
        kind: GuestKind::Qemu,
        node: node.to_owned(),
        name: request.to_owned(),
        started: Some(0),
        uptime: 1_205_863 - 37 * u64::from(vmid - 101),
        cpus: cores,
        memory: memory << 20,
        disk: disk << 30,
        storage: storage.to_owned(),
        tags: vec!["go-proxmox+cloud-init".to_owned(), format!("machine-request.{set}")],
        lock: None,
        protected: false,
        emulator: None,
        pending: serde_json::Map::new(),
        config: config.as_object().cloned().unwrap_or_default(),
    }
}

/// Clocks and images as if the machines had not just come up.
fn settle(plant: &mut Plant) {
    let now = plant.world.now;
    let cluster = &mut plant.world.proxmox;
    for guest in cluster.guests.values_mut() {
        guest.started = Some(now);
    }
    let ids: Vec<(u32, String)> = cluster
        .guests
        .values()
        .filter(|g| g.kind == GuestKind::Qemu)
        .map(|g| (g.vmid, g.node.clone()))
        .collect();
    for node in &mut cluster.nodes {
        node.uptime = node.uptime.saturating_sub(now / 1000);
        node.images = vec![Image {
            storage: "local".to_owned(),
            name: IMAGE.to_owned(),
            size: 339_644_416,
            created: 1_771_000_000,
        }];
        for (vmid, _) in ids.iter().filter(|(_, n)| *n == node.name) {
            let created = 1_771_000_000 + i64::from(*vmid);
            node.images.push(Image {
                storage: "local".to_owned(),
                name: format!("user-data-{vmid}.iso"),
                size: 51_200,
                created,
            });
        }
    }
}
