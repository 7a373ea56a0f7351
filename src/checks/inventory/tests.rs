//! A small world in which everything is as it should be: three machines on two of three nodes.

use std::collections::BTreeMap;

use super::{Inventory, sight};
use crate::checks::logs::Logs;
use crate::checks::{Finding, Scene};
use crate::graph::{Desired, DesiredProvider};
use crate::live::{
    Device, Evidence, Guest, GuestConfig, GuestKind, Member, NodeStatus, Observation, OmniSnapshot,
    ProxmoxSnapshot, PveNode, Snapshot, Storage, Task,
};
use crate::resource::{LiveResource, Phase, Resource, ResourceId};
use crate::value::Value;

/// What the workers are made of.
pub(in crate::checks) const DATA: &str =
    "cores: 2\nsockets: 1\nmemory: 4096\ndisk_size: 20\nstorage_selector: name == \"s\"\n";
/// The moment of the look.
pub(in crate::checks) const NOW: u64 = 1_772_323_200;
/// When everything was last written: an hour ago.
const THEN: &str = "2026-02-28T23:00:00Z";
const O: &str = "omni.sidero.dev/";

/// UUID of a machine by its number.
pub(in crate::checks) fn uuid(n: usize) -> String {
    format!("0000000{n}-0000-4000-8000-000000000000")
}

/// A task about a VMID; `status` ends it.
pub(in crate::checks) fn task(kind: &str, vmid: u32, status: Option<&str>) -> Task {
    Task {
        upid: format!("UPID:a:{kind}:{vmid}"),
        node: "a".into(),
        kind: kind.into(),
        id: vmid.to_string(),
        user: "root@pam".into(),
        started: NOW - 600,
        ended: status.map(|_| NOW - 590),
        status: status.map(str::to_owned),
    }
}

fn live(kind: &str, id: &str, labels: &[(&str, &str)], spec: serde_json::Value) -> LiveResource {
    let kind_of = if kind.contains('.') { kind.to_owned() } else { format!("{kind}.omni.sidero.dev") };
    let id = ResourceId { kind: kind_of, namespace: "default".into(), id: id.into() };
    let mut resource = Resource::new(id);
    resource.labels = labels.iter().map(|(k, v)| (format!("{O}{k}"), (*v).to_owned())).collect();
    resource.spec = Value::from_json(&spec);
    LiveResource {
        resource,
        version: 1,
        phase: Phase::Running,
        owner: String::new(),
        finalizers: Vec::new(),
        created: THEN.into(),
        updated: THEN.into(),
    }
}

/// Both back ends.
pub(in crate::checks) struct World {
    pub(in crate::checks) snapshot: Snapshot,
    pub(in crate::checks) desired: Desired,
    pub(in crate::checks) logs: Option<Logs>,
}

impl World {
    pub(in crate::checks) fn new() -> Self {
        let node = |name: &str| PveNode {
            name: name.into(),
            status: NodeStatus::Online,
            maxmem: Some(64 << 30),
            mem: Some(16 << 30),
            maxcpu: Some(16),
        };
        let storage = |name: &str, content: &str| Storage {
            name: name.into(),
            plugin: "rbd".into(),
            content: vec![content.into()],
            enabled: true,
            active: true,
            shared: true,
            avail: 1 << 40,
            total: 1 << 41,
        };
        let names = ["a", "b", "d"];
        let storages = || {
            Observation::Known(vec![storage("l", "iso"), storage("other", "images"), storage("s", "images")])
        };
        let proxmox = ProxmoxSnapshot {
            endpoint: "https://x:8006".into(),
            version: Observation::Known("9.1.4".into()),
            quorate: Observation::Known(true),
            nodes: Observation::Known(names.iter().map(|n| node(n)).collect()),
            guests: Observation::Known(Vec::new()),
            storages: names.iter().map(|n| ((*n).to_owned(), storages())).collect(),
            failure: None,
            principal: None,
            permissions: Observation::default(),
            evidence: Evidence {
                members: Observation::Known(
                    names
                        .iter()
                        .map(|n| Member { name: (*n).into(), online: true, local: *n == "a" })
                        .collect(),
                ),
                ha: Observation::Known(Vec::new()),
                tasks: Observation::Known(Vec::new()),
                vmids: Observation::Known(Vec::new()),
                ..Evidence::default()
            },
        };
        let mut world = Self {
            snapshot: Snapshot {
                omni: OmniSnapshot {
                    endpoint: "https://omni".into(),
                    version: Observation::Known("v1.10.0".into()),
                    types: BTreeMap::new(),
                },
                proxmox: BTreeMap::from([("x".to_owned(), proxmox)]),
            },
            desired: Desired {
                providers: vec![DesiredProvider {
                    id: "p".into(),
                    proxmox: Some("x".into()),
                    ..DesiredProvider::default()
                }],
                ..Desired::default()
            },
            logs: None,
        };
        for kind in ["Links", "ConfigPatchRequests", "JoinTokenStatuses"] {
            world
                .snapshot
                .omni
                .types
                .insert(format!("{kind}.omni.sidero.dev"), Observation::Known(Vec::new()));
        }
        let class =
            |data: &str| serde_json::json!({"auto_provision": {"provider_id": "p", "provider_data": data}});
        world.add("MachineClasses", "w", &[], class(DATA));
        world.add("InfraProviderStatuses", "p", &[], serde_json::json!({"name": "Proxmox"}));
        let health = serde_json::json!({"health": {"connected": true, "initialized": true}});
        world.add("InfraProviderCombinedStatuses", "p", &[], health);
        world.add("LoadBalancerStatuses", "c", &[("cluster", "c")], serde_json::json!({"healthy": true}));
        for (set, role, count) in
            [("c-workers", "role-worker", 2), ("c-control-planes", "role-controlplane", 1)]
        {
            let labels = [("cluster", "c"), (role, "")];
            let class = if count == 2 { "w" } else { "cp" };
            let spec = serde_json::json!({"machine_allocation": {"name": class, "machine_count": count}});
            world.add("MachineSets", set, &labels, spec);
            let machines = serde_json::json!({"phase": 3, "ready": true, "machines": {"total": count, "healthy": count, "connected": count, "requested": count}});
            world.add("MachineSetStatuses", set, &labels, machines);
            let spec = serde_json::json!({"provider_id": "p", "machine_count": count});
            world.add("MachineRequestSets", set, &labels, spec);
        }
        let conditions =
            serde_json::json!({"conditions": [{"type": 2, "status": 1}, {"type": 1, "status": 1}]});
        world.add("ControlPlaneStatuses", "c-control-planes", &[("cluster", "c")], conditions);
        world.machine(1, "c-workers", "bbbbb2", "a", 101);
        world.machine(2, "c-workers", "ccccc3", "b", 102);
        world.machine(3, "c-control-planes", "ddddd4", "b", 103);
        world
    }

    /// A machine that runs.
    fn machine(&mut self, n: usize, set: &str, end: &str, node: &str, vmid: u32) {
        let (id, uuid) = (format!("{set}-{end}"), uuid(n));
        let role = if set.contains("control") { "role-controlplane" } else { "role-worker" };
        let of_provider = [("infra-provider-id", "p"), ("machine-request-set", set)];
        let of_cluster = [("cluster", "c"), ("machine-set", set), (role, "")];
        let request =
            [("infra-provider-id", "p"), ("machine-request", id.as_str()), ("machine-request-set", set)];
        self.add(
            "MachineRequests",
            &id,
            &of_provider,
            serde_json::json!({"talos_version": "1.11.6", "provider_data": DATA}),
        );
        let made = serde_json::json!({"id": uuid, "stage": 2, "status": "Provision Complete"});
        self.add("MachineRequestStatuses", &id, &of_provider, made);
        let status = serde_json::json!({"status": "Waiting for the machine to join Omni", "stage": 3, "machine_uuid": uuid, "provider_id": "p"});
        self.add("ClusterMachineRequestStatuses", &id, &of_cluster, status);
        self.add(
            "Links",
            &uuid,
            &request,
            serde_json::json!({"connected": true, "last_endpoint": "192.0.2.1:50000"}),
        );
        let status = serde_json::json!({"connected": true, "cluster": "c", "talos_version": "v1.11.6", "network": {"hostname": id}});
        self.add("MachineStatuses", &uuid, &request, status);
        let snapshot = serde_json::json!({"machine_status": {"stage": 4}});
        self.add("MachineStatusSnapshots", &uuid, &[], snapshot);
        self.add("MachineSetNodes", &uuid, &of_cluster, serde_json::json!({}));
        self.add("ClusterMachines", &uuid, &of_cluster, serde_json::json!({}));
        let status = serde_json::json!({"ready": true, "stage": 4, "config_up_to_date": true});
        self.add("ClusterMachineStatuses", &uuid, &of_cluster, status);
        let record = serde_json::json!({"uuid": uuid, "node": node, "vmid": vmid});
        self.add("Machine.p.infraprovider.sidero.dev", &id, &[], record);
        let tag = format!("machine-request.{set}");
        let guest = Guest {
            kind: GuestKind::Qemu,
            vmid,
            node: node.into(),
            name: Some(id.clone()),
            status: "running".into(),
            tags: vec![tag.clone()],
            maxcpu: Some(2),
            maxmem: Some(4 << 30),
            maxdisk: Some(20 << 30),
            lock: None,
        };
        self.guests().push(guest);
        let plain = [
            ("cores", "2"),
            ("sockets", "1"),
            ("memory", "4096"),
            ("cpu", "x86-64-v2-AES"),
            ("scsihw", "virtio-scsi-single"),
            ("onboot", "1"),
            ("agent", "enabled=true"),
            ("boot", "order=scsi0;ide2;net0;ide0"),
        ];
        let device = |main: &str, options: &[(&str, &str)]| Device {
            main: main.into(),
            options: options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        let config = GuestConfig {
            node: node.into(),
            name: Some(id),
            uuid: Some(uuid),
            tags: vec![tag],
            plain: plain.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            devices: BTreeMap::from([
                ("scsi0".to_owned(), device(&format!("s:vm-{vmid}-disk-0"), &[("size", "20G")])),
                ("net0".to_owned(), device("virtio", &[("bridge", "vmbr0"), ("firewall", "1")])),
                ("ide2".to_owned(), device("l:iso/talos.iso", &[("media", "cdrom")])),
                ("ide0".to_owned(), device(&format!("l:iso/user-data-{vmid}.iso"), &[("media", "cdrom")])),
            ]),
            ..GuestConfig::default()
        };
        self.proxmox().evidence.configs.insert(vmid, Observation::Known(config));
    }

    pub(in crate::checks) fn proxmox(&mut self) -> &mut ProxmoxSnapshot {
        self.snapshot.proxmox.get_mut("x").unwrap()
    }
    pub(in crate::checks) fn guests(&mut self) -> &mut Vec<Guest> {
        match &mut self.proxmox().guests {
            Observation::Known(all) => all,
            other => panic!("{other:?}"),
        }
    }
    pub(in crate::checks) fn guest(&mut self, vmid: u32) -> &mut Guest {
        self.guests().iter_mut().find(|g| g.vmid == vmid).unwrap()
    }
    pub(in crate::checks) fn node(&mut self, name: &str) -> &mut PveNode {
        match &mut self.proxmox().nodes {
            Observation::Known(all) => all.iter_mut().find(|n| n.name == name).unwrap(),
            other => panic!("{other:?}"),
        }
    }
    pub(in crate::checks) fn config(&mut self, vmid: u32) -> &mut GuestConfig {
        match self.proxmox().evidence.configs.get_mut(&vmid).unwrap() {
            Observation::Known(config) => config,
            other => panic!("{other:?}"),
        }
    }
    pub(in crate::checks) fn set(&mut self, vmid: u32, key: &str, value: &str) {
        self.config(vmid).plain.insert(key.into(), value.into());
    }
    pub(in crate::checks) fn option(&mut self, vmid: u32, slot: &str, key: &str, value: &str) {
        self.config(vmid).devices.get_mut(slot).unwrap().options.insert(key.into(), value.into());
    }
    pub(in crate::checks) fn remove_vm(&mut self, vmid: u32) {
        self.guests().retain(|g| g.vmid != vmid);
        self.proxmox().evidence.configs.insert(vmid, Observation::Absent);
    }
    /// A second VM with everything that the first one has.
    pub(in crate::checks) fn copy_vm(&mut self, from: u32, to: u32) {
        let guest = Guest { vmid: to, ..self.guest(from).clone() };
        let config = self.config(from).clone();
        self.guests().push(guest);
        self.proxmox().evidence.configs.insert(to, Observation::Known(config));
    }
    pub(in crate::checks) fn move_vm(&mut self, from: u32, to: u32) {
        self.copy_vm(from, to);
        self.remove_vm(from);
    }
    /// All of a type.
    pub(in crate::checks) fn all(&mut self, kind: &str) -> &mut Vec<LiveResource> {
        let kind = if kind.contains('.') { kind.to_owned() } else { format!("{kind}.omni.sidero.dev") };
        match self.snapshot.omni.types.entry(kind).or_insert_with(|| Observation::Known(Vec::new())) {
            Observation::Known(all) => all,
            other => panic!("{other:?}"),
        }
    }
    pub(in crate::checks) fn add(
        &mut self,
        kind: &str,
        id: &str,
        labels: &[(&str, &str)],
        spec: serde_json::Value,
    ) {
        let made = live(kind, id, labels, spec);
        self.all(kind).push(made);
    }
    pub(in crate::checks) fn live(&mut self, kind: &str, id: &str) -> &mut LiveResource {
        self.all(kind).iter_mut().find(|r| r.resource.id.id == id).unwrap()
    }
    pub(in crate::checks) fn spec(&mut self, kind: &str, id: &str, spec: serde_json::Value) {
        self.live(kind, id).resource.spec = Value::from_json(&spec);
    }
    pub(in crate::checks) fn gone(&mut self, kind: &str, id: &str) {
        self.all(kind).retain(|r| r.resource.id.id != id);
    }
    pub(in crate::checks) fn tearing_down(&mut self, kind: &str, id: &str) {
        self.live(kind, id).phase = Phase::TearingDown;
    }
    /// Last written so many seconds before the look.
    pub(in crate::checks) fn written(&mut self, kind: &str, id: &str, ago: u64) {
        self.live(kind, id).updated = sight::time(NOW - ago);
    }
    /// Omni does not hear the machine of a VM any more.
    pub(in crate::checks) fn disconnect(&mut self, vmid: u32) {
        let uuid = uuid(usize::try_from(vmid - 100).unwrap());
        for kind in ["MachineStatuses", "Links"] {
            let live = self.live(kind, &uuid);
            live.resource.spec.set("connected", Value::Bool(false));
        }
    }

    pub(in crate::checks) fn found(&mut self, check: fn(&Inventory<'_>, &mut Vec<Finding>)) -> Vec<Finding> {
        let scene = Scene::new(&self.snapshot, &self.desired, NOW);
        let inventory = Inventory::new(&scene, self.logs.as_ref());
        let mut out = Vec::new();
        check(&inventory, &mut out);
        out
    }
    pub(in crate::checks) fn subjects(
        &mut self,
        check: fn(&Inventory<'_>, &mut Vec<Finding>),
    ) -> Vec<String> {
        self.found(check).iter().map(|f| f.subject.to_string()).collect()
    }
}

#[test]
fn a_world_in_which_nothing_happened_has_no_finding() {
    let found = World::new().found(crate::checks::examine::all);
    assert!(found.is_empty(), "{found:#?}");
}
