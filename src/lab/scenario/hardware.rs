//! The Proxmox VE cluster "Matrix": three nodes, local and Ceph storage, the provider's container.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::machine::sha256;
use super::super::proxmox::{
    Bridge, Cluster, Guest, GuestKind, Node, Storage, Token, full_privileges, lowest,
};

/// Bytes of memory of each node.
const MEMORY: u64 = 67_351_138_304;
/// Flags of their processors.
const FLAGS: &str = "fpu vme sse2 ssse3 sse4_1 sse4_2 popcnt aes avx avx2";

/// The provider's container.
pub struct Container {
    /// CPUs.
    pub cores: u32,
    /// MiB.
    pub memory_mb: u64,
    /// Bytes.
    pub disk: u64,
}

/// The cluster; `used` is the memory in use on each node, guests of the world not counted.
pub fn matrix(used: [u64; 3], container: &Container) -> Cluster {
    let facts = [
        ("foxtrot", 1, "192.168.3.5", 0.0412, 14_831_337_472, 4_113_862, vec!["vmbr0"]),
        ("golf", 2, "192.168.3.6", 0.0893, 13_220_487_168, 4_113_544, vec!["vmbr0", "vmbr1"]),
        ("hotel", 3, "192.168.3.7", 0.0327, 12_907_151_360, 4_112_907, vec!["vmbr0", "vmbr1"]),
    ];
    let nodes = facts
        .into_iter()
        .zip(used)
        .map(|((name, id, ip, cpu, disk, uptime, bridges), other)| Node {
            name: name.to_owned(),
            id,
            ip: ip.to_owned(),
            online: true,
            memory: MEMORY,
            other_memory: other,
            cpu,
            disk,
            uptime,
            fingerprint: fingerprint(name),
            bridges: bridges.into_iter().map(bridge).collect(),
            resolvers: vec!["192.168.3.1".to_owned()],
            flags: FLAGS.to_owned(),
            images: Vec::new(),
            devices: if name == "hotel" { vec![gpu()] } else { Vec::new() },
        })
        .collect();
    let mut guests = BTreeMap::new();
    guests.insert(200, provider(container));
    let mut privileges = BTreeMap::new();
    privileges.insert("/".to_owned(), full_privileges());
    Cluster {
        name: "Matrix".to_owned(),
        nodes,
        storages: storages(),
        guests,
        left: Vec::new(),
        tasks: Vec::new(),
        tokens: vec![Token {
            id: "terraform@pam!automation".to_owned(),
            secret: "00000000-0000-4000-8000-00000000001a".to_owned(),
            expires: 0,
            refused: false,
            privileges,
        }],
        mappings: vec![json!({
            "id": "nvidia-gpu-1", "description": "RTX on hotel",
            "map": ["node=hotel,path=0000:01:00.0,id=10de:2204,iommugroup=15,subsystem-id=1043:87d5"],
        })],
        ha: BTreeMap::new(),
        fates: BTreeMap::new(),
        unchecked: false,
        instant: false,
        last_pid: 1_229_009,
        lowest_id: lowest(),
        quorum_lost: false,
        api_down: false,
    }
}

/// The first bridge carries VLANs, the second is plain.
fn bridge(name: &str) -> Bridge {
    let first = name == "vmbr0";
    Bridge {
        name: name.to_owned(),
        port: if first { "enp1s0" } else { "enp2s0f0" }.to_owned(),
        active: true,
        vids: first.then(|| "2-4094".to_owned()),
    }
}

/// Stands for the node's own certificate; the one that the lab presents is another.
fn fingerprint(name: &str) -> String {
    let digits = sha256(name.as_bytes()).to_uppercase();
    digits.as_bytes().chunks(2).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join(":")
}

fn gpu() -> Value {
    json!({
        "id": "0000:01:00.0", "class": "0x030000", "vendor": "0x10de", "vendor_name": "NVIDIA Corporation",
        "device": "0x2204", "device_name": "GA102 [GeForce RTX 3090]", "iommugroup": 15,
        "subsystem_vendor": "0x1043", "subsystem_device": "0x87d5",
    })
}

fn provider(container: &Container) -> Guest {
    let mut config = Map::new();
    for (key, value) in [
        ("arch", json!("amd64")),
        ("cores", json!(container.cores)),
        ("memory", json!(container.memory_mb)),
        ("swap", json!(512)),
        (
            "net0",
            json!(
                "name=eth0,bridge=vmbr0,gw=192.168.3.1,hwaddr=BC:24:11:0C:C2:00,ip=192.168.3.10/24,type=veth"
            ),
        ),
        ("ostype", json!("ubuntu")),
        ("rootfs", json!(format!("vm_containers:vm-200-disk-0,size={}G", container.disk.div_ceil(1 << 30)))),
        ("features", json!("nesting=1,keyctl=1")),
        ("unprivileged", json!(0)),
        ("onboot", json!(1)),
    ] {
        config.insert(key.to_owned(), value);
    }
    Guest {
        vmid: 200,
        kind: GuestKind::Lxc,
        node: "foxtrot".to_owned(),
        name: "omni-provider".to_owned(),
        started: Some(0),
        uptime: 4_113_000,
        cpus: container.cores,
        memory: container.memory_mb << 20,
        disk: container.disk,
        storage: "vm_containers".to_owned(),
        tags: Vec::new(),
        lock: None,
        protected: false,
        emulator: None,
        pending: Map::new(),
        config,
    }
}

fn storages() -> Vec<Storage> {
    let digest = "3c5e0f5c86f0a5b8f7b8d3cf1a2d1f0f6ce9c1ab";
    let make =
        |id: &str, kind: &str, content: &[&str], shared: bool, total, used, reserved, config: Value| {
            let mut config = config.as_object().cloned().unwrap_or_default();
            config.insert("digest".to_owned(), json!(digest));
            Storage {
                id: id.to_owned(),
                kind: kind.to_owned(),
                content: content.iter().map(|c| (*c).to_owned()).collect(),
                shared,
                total,
                other_used: used,
                reserved,
                nodes: Vec::new(),
                broken: false,
                disabled: false,
                config,
            }
        };
    vec![
        make(
            "local",
            "dir",
            &["iso", "vztmpl", "backup", "import"],
            false,
            100_861_726_720,
            14_831_337_472,
            5_169_238_016,
            json!({ "path": "/var/lib/vz", "shared": 0, "prune-backups": "keep-all=1" }),
        ),
        make(
            "local-lvm",
            "lvmthin",
            &["rootdir", "images"],
            false,
            852_118_437_888,
            93_733_028_167,
            0,
            json!({ "thinpool": "data", "vgname": "pve" }),
        ),
        make(
            "vm_ssd",
            "rbd",
            &["images"],
            true,
            12_384_898_975_268,
            402_653_184_000,
            0,
            json!({ "pool": "vm_ssd", "krbd": 0 }),
        ),
        make(
            "vm_containers",
            "rbd",
            &["rootdir"],
            true,
            12_004_898_975_268,
            8_589_934_592,
            0,
            json!({ "pool": "vm_containers", "krbd": 1 }),
        ),
    ]
}
