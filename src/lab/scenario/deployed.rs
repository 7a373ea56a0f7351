//! `deployed`: the shipped deployment runs, three control planes and two workers with Cilium installed, and bears the marks
//! of a system that people live in: a patch that no file knows, a locked worker, a VM that nobody claims, a backup of etcd that
//! somebody took by hand.

use super::super::labels;
use super::super::omni::{Key, Store};
use super::super::provider::{Order, parameters, read_data};
use super::super::world::{ClusterFacts, EPOCH, Plant};
use super::fresh::{PROVIDER, container, ground};
use super::objects;

/// Provider data of the shipped control plane class.
pub const CONTROL_PLANE: &str = "cores: 4
sockets: 1
memory: 8192
disk_size: 40
network_bridge: vmbr0
storage_selector: name == \"vm_ssd\"
";
/// Provider data of the shipped worker class.
pub const WORKER: &str = "cores: 8
sockets: 1
memory: 16384
disk_size: 100
network_bridge: vmbr0
storage_selector: name == \"vm_ssd\"
";
const CLUSTER: &str = "talos-prod-01";
/// Memory in use on the nodes before the deployment, so that afterwards it is about what it is elsewhere.
const USED: [u64; 3] = [21_172_738_458, 20_336_558_081, 14_539_327_898];

/// Classes and cluster as the shipped files have them.
pub fn shipped(store: &Store, now: i64) {
    objects::put(store, objects::class("matrix-control-plane", PROVIDER, CONTROL_PLANE), now);
    objects::put(store, objects::class("matrix-worker", PROVIDER, WORKER), now);
    let cluster = objects::cluster(CLUSTER, "1.34.3", "1.11.6").label("environment", "production");
    objects::put(store, cluster, now);
    let extensions = ["siderolabs/qemu-guest-agent", "siderolabs/iscsi-tools"];
    objects::put(store, objects::extensions(CLUSTER, None, &extensions), now);
    let cilium =
        "cluster:\n    network:\n        cni:\n            name: none\n    proxy:\n        disabled: true\n";
    let id = format!("200-cluster-{CLUSTER}-cilium-prep");
    objects::put(store, objects::patch(&id, "cilium-prep", CLUSTER, None, cilium), now);
    objects::put(store, objects::set(CLUSTER, "control-planes", "matrix-control-plane", 3), now);
    objects::put(store, objects::set(CLUSTER, "workers", "matrix-worker", 2), now);
}

/// The scenario.
pub fn build(name: &str) -> Plant {
    let mut plant = ground(name, PROVIDER, USED, &container());
    shipped(&plant.store, EPOCH);
    plant
        .world
        .clusters
        .insert(CLUSTER.to_owned(), ClusterFacts { cni_installed: true, ..ClusterFacts::default() });
    plant.run_until_quiet(super::LONG);
    by_hand(&mut plant);
    plant.run_until_quiet(super::LONG);
    // Long enough for every machine to use the memory that it will use.
    plant.advance(plant.world.now + 3_600_000);
    plant
}

fn by_hand(plant: &mut Plant) {
    let now = plant.world.unix();
    let ntp = "machine:\n    time:\n        servers:\n            - 192.168.3.1\n";
    objects::put(&plant.store, objects::patch("500-ntp-servers", "ntp-servers", CLUSTER, None, ntp), now);
    let workers = format!("{CLUSTER}-workers");
    if let Some(node) = plant.store.labelled("MachineSetNodes", labels::SET, &workers).first() {
        // The node is there: it was listed just now.
        let _locked = plant.store.modify(&Key::of("MachineSetNodes", &node.key.id), now, |n| {
            n.annotations.insert(labels::LOCKED.to_owned(), String::new());
        });
    }
    objects::put(&plant.store, objects::manual_backup(CLUSTER, now), now);
    orphan(plant, &workers);
}

/// A VM of a machine that Omni has forgotten.
fn orphan(plant: &mut Plant, set: &str) {
    let Ok(data) = read_data(WORKER) else { return };
    let world = &mut plant.world;
    let (uuid, letters) = (world.random.uuid(), world.random.letters(6));
    let name = format!("{set}-{letters}");
    let storages = vec!["vm_ssd".to_owned()];
    let order = Order {
        name: &name,
        set,
        uuid: &uuid,
        image: "local:iso/orphan.iso",
        vmid: world.proxmox.next_id(),
        storages: &storages,
    };
    let (now, unix) = (world.now, world.unix());
    world.proxmox.put_vm("golf", &parameters(&data, &order), unix);
    if let Some(guest) = world.proxmox.guests.get_mut(&order.vmid) {
        guest.started = Some(now);
        guest.tags.push("go-proxmox+cloud-init".to_owned());
        guest.tags.sort();
    }
}
