//! A world for the tests of rules: Proxmox cluster `matrix` with three nodes, provider `pve`, class `worker`, cluster `c` with
//! no control planes yet and two workers to be made. No rule but [`super::early_provider`] has anything to say of it.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::address::Address;
use crate::checks::placement::Making;
use crate::checks::{Finding, Rule, Scene};
use crate::graph::{Desired, DesiredCluster, DesiredProvider, DesiredResource};
use crate::live::{
    Bridge, Evidence, Guest, GuestKind, NodeStatus, Observation, OmniSnapshot, ProxmoxSnapshot, PveNode,
    Snapshot, Storage,
};
use crate::resource::{LiveResource, OMNI_PREFIX, Resource, ResourceId, TYPE_SUFFIX};
use crate::value::Value;

const NODES: [(&str, u64); 3] = [("foxtrot", 29), ("golf", 43), ("hotel", 23)];

pub(in crate::checks) struct World {
    pub(in crate::checks) snapshot: Snapshot,
    pub(in crate::checks) desired: Desired,
    /// Seconds since 1970.
    pub(in crate::checks) now: u64,
}

fn value(json: &Json) -> Value {
    Value::from_json(json)
}

fn storage(name: &str, plugin: &str, content: &[&str], shared: bool) -> Storage {
    Storage {
        name: name.to_owned(),
        plugin: plugin.to_owned(),
        content: content.iter().map(|c| (*c).to_owned()).collect(),
        enabled: true,
        active: true,
        shared,
        avail: 900 << 30,
        total: 1000 << 30,
    }
}

impl World {
    pub(in crate::checks) fn new() -> Self {
        let known = |name: &str| (name.to_owned(), true);
        let rights = super::rights::VM.into_iter().chain([
            "Datastore.Allocate",
            "Datastore.AllocateSpace",
            "Datastore.AllocateTemplate",
            "Datastore.Audit",
            "Mapping.Audit",
            "Mapping.Use",
            "SDN.Use",
            "Sys.AccessNetwork",
            "Sys.Audit",
        ]);
        let mut seen = ProxmoxSnapshot {
            endpoint: "https://192.0.2.5:8006".to_owned(),
            version: Observation::Known("9.1.4".to_owned()),
            quorate: Observation::Known(true),
            nodes: Observation::Known(
                NODES
                    .into_iter()
                    .map(|(name, used)| PveNode {
                        name: name.to_owned(),
                        status: NodeStatus::Online,
                        maxmem: Some(64 << 30),
                        mem: Some(used << 30),
                        maxcpu: Some(16),
                    })
                    .collect(),
            ),
            guests: Observation::Known(Vec::new()),
            storages: BTreeMap::new(),
            failure: None,
            principal: Some("omni@pve!look".to_owned()),
            permissions: Observation::Known(BTreeMap::from([(
                "/".to_owned(),
                rights.map(known).collect::<BTreeMap<_, _>>(),
            )])),
            evidence: Evidence::default(),
        };
        for (node, _) in NODES {
            seen.storages.insert(
                node.to_owned(),
                Observation::Known(vec![
                    storage("local", "dir", &["backup", "iso"], false),
                    storage("local-lvm", "lvmthin", &["images", "rootdir"], false),
                    storage("vm_ssd", "rbd", &["images"], true),
                ]),
            );
            let bridge = Bridge {
                name: "vmbr0".to_owned(),
                active: true,
                vlan_aware: true,
                vids: Some("2-4094".to_owned()),
            };
            seen.evidence.bridges.insert(node.to_owned(), Observation::Known(vec![bridge]));
        }
        let mut world = Self {
            snapshot: Snapshot {
                omni: OmniSnapshot {
                    endpoint: "https://omni.example.org".to_owned(),
                    version: Observation::Known("v1.9.3".to_owned()),
                    types: BTreeMap::new(),
                },
                proxmox: BTreeMap::from([("matrix".to_owned(), seen)]),
            },
            desired: Desired {
                providers: vec![DesiredProvider {
                    id: "pve".to_owned(),
                    proxmox: Some("matrix".to_owned()),
                    ..DesiredProvider::default()
                }],
                ..Desired::default()
            },
            now: 1_800_000_000,
        };
        world.provider("", "{}");
        world.connected(true);
        world.class(
            "worker",
            "{cores: 2, sockets: 1, memory: 4096, disk_size: 100, storage_selector: 'name == \"vm_ssd\"'}",
        );
        let cluster = json!({"talos_version": "1.11.6", "kubernetes_version": "1.34.3"});
        world.desired.clusters.push(DesiredCluster {
            name: "c".to_owned(),
            resources: vec![declared("Clusters", "c", Address::cluster("c"), cluster)],
            ..DesiredCluster::default()
        });
        world.size("c-control-planes", 0);
        world.size("c-workers", 2);
        world
    }

    pub(in crate::checks) fn seen(&mut self) -> &mut ProxmoxSnapshot {
        self.snapshot.proxmox.get_mut("matrix").unwrap()
    }

    pub(in crate::checks) fn node(&mut self, name: &str) -> &mut PveNode {
        let Observation::Known(nodes) = &mut self.seen().nodes else { panic!("nodes are not known") };
        nodes.iter_mut().find(|n| n.name == name).unwrap()
    }

    pub(in crate::checks) fn storages(&mut self, node: &str) -> &mut Vec<Storage> {
        let Some(Observation::Known(all)) = self.seen().storages.get_mut(node) else { panic!("not known") };
        all
    }

    pub(in crate::checks) fn storage(&mut self, node: &str, name: &str) -> &mut Storage {
        self.storages(node).iter_mut().find(|s| s.name == name).unwrap()
    }

    pub(in crate::checks) fn bridges(&mut self, node: &str) -> &mut Vec<Bridge> {
        let Some(Observation::Known(all)) = self.seen().evidence.bridges.get_mut(node) else {
            panic!("not known")
        };
        all
    }

    pub(in crate::checks) fn guests(&mut self) -> &mut Vec<Guest> {
        let Observation::Known(guests) = &mut self.seen().guests else { panic!("guests are not known") };
        guests
    }

    /// A declared class with provider data.
    pub(in crate::checks) fn class(&mut self, id: &str, data: &str) {
        let spec = json!({"auto_provision": {"provider_id": "pve", "provider_data": data}});
        self.desired.classes.retain(|c| c.resource.id.id != id);
        self.desired.classes.push(declared("MachineClasses", id, Address::class(id), spec));
    }

    /// A declared machine set of class `worker` with so many machines.
    pub(in crate::checks) fn size(&mut self, set: &str, count: u32) {
        let resources = &mut self.desired.clusters[0].resources;
        resources.retain(|d| d.resource.id.id != set);
        let spec = json!({"machine_allocation": {"name": "worker", "machine_count": count}});
        let address = Address::cluster("c").child("machineset", set.trim_start_matches("c-"));
        let mut resource = declared("MachineSets", set, address, spec);
        let role = if set == "c-control-planes" { "role-controlplane" } else { "role-worker" };
        resource.resource.labels =
            [("cluster", "c"), (role, "")].map(|(k, v)| (format!("{OMNI_PREFIX}{k}"), v.to_owned())).into();
        resources.push(resource);
    }

    /// Extensions that the cluster asks for.
    pub(in crate::checks) fn extensions(&mut self, names: &[&str]) {
        let resources = &mut self.desired.clusters[0].resources;
        resources.retain(|d| d.resource.id.short_kind() != "ExtensionsConfigurations");
        let address = Address::cluster("c").child("extensions", "x");
        resources.push(declared("ExtensionsConfigurations", "x", address, json!({"extensions": names})));
    }

    /// What the provider tells of itself.
    pub(in crate::checks) fn provider(&mut self, version: &str, schema: &str) {
        self.list("InfraProviderStatuses", "pve", json!({"version": version, "schema": schema}));
    }

    pub(in crate::checks) fn connected(&mut self, connected: bool) {
        self.list("InfraProviderCombinedStatuses", "pve", json!({"health": {"connected": connected}}));
    }

    pub(in crate::checks) fn types(&mut self, short: &str) -> &mut Vec<LiveResource> {
        let full = format!("{short}{TYPE_SUFFIX}");
        let seen = self.snapshot.omni.types.entry(full).or_insert_with(|| Observation::Known(Vec::new()));
        let Observation::Known(all) = seen else { panic!("{short} is not known") };
        all
    }

    /// One live resource; it takes the place of one of the same id.
    pub(in crate::checks) fn list(&mut self, short: &str, id: &str, spec: Json) {
        let resource = declared(short, id, Address::new("x", id), spec).resource;
        let all = self.types(short);
        all.retain(|l| l.resource.id.id != id);
        all.push(live(resource));
    }

    /// A machine of a set, its request and its VM.
    pub(in crate::checks) fn machine(&mut self, set: &str, request: &str, node: &str, vmid: u32) {
        let uuid = format!("00000000-0000-4000-8000-{vmid:012}");
        self.list("MachineRequestStatuses", request, json!({"id": uuid, "stage": 2}));
        self.list("MachineSetNodes", &uuid, json!({}));
        let labels = &mut self.types("MachineSetNodes").last_mut().unwrap().resource.labels;
        *labels = [("cluster", "c"), ("machine-set", set)]
            .map(|(k, v)| (format!("{OMNI_PREFIX}{k}"), v.to_owned()))
            .into();
        let guest = Guest {
            kind: GuestKind::Qemu,
            vmid,
            node: node.to_owned(),
            name: Some(request.to_owned()),
            status: "running".to_owned(),
            tags: vec![format!("machine-request.{set}")],
            maxcpu: Some(2),
            maxmem: Some(4 << 30),
            maxdisk: None,
            lock: None,
        };
        self.guests().push(guest);
    }

    /// How many machines are still to be made.
    pub(in crate::checks) fn made_anew(&self) -> u32 {
        let scene = Scene::new(&self.snapshot, &self.desired, self.now);
        let outlook = super::ahead(&scene, &Making::default()).1;
        outlook.machines.iter().map(|batch| batch.count).sum()
    }

    pub(in crate::checks) fn findings(&self, rule: &Rule) -> Vec<Finding> {
        let scene = Scene::new(&self.snapshot, &self.desired, self.now);
        super::find(&scene).into_iter().filter(|f| f.rule.code == rule.code).collect()
    }

    /// Subjects of what a rule finds.
    pub(in crate::checks) fn found(&self, rule: &Rule) -> Vec<String> {
        self.findings(rule).iter().map(|f| f.subject.to_string()).collect()
    }
}

fn declared(short: &str, id: &str, address: Address, spec: Json) -> DesiredResource {
    let mut resource = Resource::new(ResourceId::default_ns(short, id));
    resource.spec = value(&spec);
    DesiredResource { address, resource, source: None }
}

fn live(resource: Resource) -> LiveResource {
    let mut json = serde_json::to_value(&resource).unwrap();
    for (key, of) in [
        ("version", json!(1)),
        ("phase", json!("running")),
        ("created", json!("2026-01-02T03:04:05Z")),
        ("updated", json!("2026-01-02T03:04:05Z")),
    ] {
        json[key] = of;
    }
    serde_json::from_value(json).unwrap()
}

#[test]
fn nothing_is_wrong_with_this_world() {
    let world = World::new();
    let scene = Scene::new(&world.snapshot, &world.desired, world.now);
    let found: Vec<&str> = super::find(&scene).iter().map(|f| f.rule.name).collect();
    assert_eq!(found, ["early-provider"]);
}
