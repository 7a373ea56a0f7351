//! Trees of clusters in many situations, in `status/NAME.txt`; each is the up and running one with a few changes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use omni_scale::live::{NodeStatus, Observation, Reason, Snapshot};
use omni_scale::plan::Desired;
use omni_scale::plan::status::{Status, StatusInput, Up, status};
use omni_scale::render::human::diag::Look;
use omni_scale::render::{human, json};
use omni_scale::resource::{LiveResource, Phase, Resource, ResourceId};
use omni_scale::untrusted::hidden;
use omni_scale::value::Value;

use crate::cases;

const CLUSTER: &str = "talos-prod-01";
const PLANES: &str = "talos-prod-01-control-planes";
const WORKERS: &str = "talos-prod-01-workers";
const OMNI: &str = "omni.sidero.dev/";

/// What is looked at, and what is asked for.
struct Scene {
    desired: Desired,
    snapshot: Snapshot,
    chosen: Vec<String>,
    all: bool,
    blind: Vec<String>,
}

fn json(text: &str) -> Value {
    Value::from_json(&serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}")))
}

fn uuid(n: usize) -> String {
    format!("0000000{n}-0000-4000-8000-00000000000{n}")
}

impl Scene {
    fn list(&mut self, short: &str) -> &mut Vec<LiveResource> {
        let kind = format!("{short}.omni.sidero.dev");
        let entry = self.snapshot.omni.types.entry(kind).or_insert_with(|| Observation::Known(vec![]));
        let Observation::Known(list) = entry else { panic!("{short} is unknown") };
        list
    }
    /// Adds a resource, or puts it in the place of the one with its id.
    fn put(&mut self, short: &str, id: &str, labels: &[(&str, &str)], spec: &str) {
        let mut resource = Resource::new(ResourceId::default_ns(short, id));
        if short.starts_with("MachineRequest") {
            resource.id.namespace = "infra-provider".into();
        }
        resource.labels = labels.iter().map(|(k, v)| (format!("{OMNI}{k}"), (*v).to_owned())).collect();
        resource.spec = json(spec);
        let list = self.list(short);
        list.retain(|l| l.resource.id.id != id);
        list.push(LiveResource {
            resource,
            version: 1,
            phase: Phase::Running,
            owner: String::new(),
            finalizers: vec![],
            created: "2026-01-02T03:04:05Z".into(),
            updated: String::new(),
        });
        list.sort_by(|a, b| a.resource.id.cmp(&b.resource.id));
    }
    fn edit(&mut self, short: &str, id: &str) -> &mut LiveResource {
        self.list(short).iter_mut().find(|l| l.resource.id.id == id).unwrap_or_else(|| panic!("{short} {id}"))
    }
    /// Replaces fields of a spec.
    fn set(&mut self, short: &str, id: &str, fields: &str) {
        let Value::Map(fields) = json(fields) else { panic!("{fields}") };
        let Value::Map(spec) = &mut self.edit(short, id).resource.spec else { panic!("{id}") };
        spec.extend(fields);
    }
    /// Fields of a machine set that the files and Omni agree on.
    fn asked(&mut self, set: &str, fields: &str) {
        self.set("MachineSets", set, fields);
        let resources = &mut self.desired.clusters[0].resources;
        let files = resources.iter_mut().find(|r| r.resource.id.id == set).unwrap();
        let Value::Map(spec) = &mut files.resource.spec else { panic!("{set}") };
        let Value::Map(wanted) = json(fields) else { panic!("{fields}") };
        spec.extend(wanted);
    }
    fn drop(&mut self, short: &str, id: &str) {
        self.list(short).retain(|l| l.resource.id.id != id);
    }
    fn member(&mut self, n: usize) -> &mut LiveResource {
        self.edit("ClusterMachineStatuses", &uuid(n))
    }
    fn request(&mut self, id: &str, set: &str, spec: &str) {
        let labels = [("cluster", CLUSTER), ("machine-set", set)];
        self.put("ClusterMachineRequestStatuses", id, &labels, spec);
        let labels = [("machine-request-set", set), ("infra-provider-id", "Proxmox")];
        self.put("MachineRequests", id, &labels, "{}");
    }
    fn guests(&mut self) -> &mut Vec<omni_scale::live::Guest> {
        match &mut self.snapshot.proxmox.get_mut("matrix").unwrap().guests {
            Observation::Known(guests) => guests,
            _ => panic!("guests"),
        }
    }
    fn status(&self) -> Status {
        status(&StatusInput {
            desired: &self.desired,
            snapshot: &self.snapshot,
            chosen: &self.chosen,
            all: self.all,
            blind: &self.blind,
        })
    }
}

/// Three control planes and two workers with a CNI, all well.
fn up() -> Scene {
    let case = cases::all().iter().find(|c| c.name == "036-up-without-cni").unwrap();
    let mut scene = Scene {
        desired: case.desired.clone(),
        snapshot: case.snapshot.clone(),
        chosen: Vec::new(),
        all: false,
        blind: Vec::new(),
    };
    scene.desired.clusters[0].resources.retain(|r| r.resource.id.short_kind() != "ConfigPatches");
    let machines = r#""machines":{"total":5,"healthy":5,"connected":5,"requested":5}"#;
    scene.put("ClusterStatuses", CLUSTER, &[], &format!(r#"{{"phase":3,"ready":true,{machines}}}"#));
    for (set, n) in [(PLANES, 3), (WORKERS, 2)] {
        let fields = format!(
            r#"{{"ready":true,"machines":{{"total":{n},"healthy":{n},"connected":{n},"requested":{n}}}}}"#
        );
        scene.set("MachineSetStatuses", set, &fields);
    }
    let cluster = [("cluster", CLUSTER)];
    scene.put(
        "ControlPlaneStatuses",
        PLANES,
        &cluster,
        r#"{"conditions":[{"type":2,"status":1},{"type":1,"status":1}]}"#,
    );
    scene.put("LoadBalancerStatuses", CLUSTER, &cluster, r#"{"healthy":true}"#);
    scene.put(
        "KubernetesUpgradeStatuses",
        CLUSTER,
        &cluster,
        r#"{"phase":2,"last_upgrade_version":"1.34.3"}"#,
    );
    let mut nodes = Vec::new();
    let requests: Vec<String> =
        scene.list("MachineRequests").iter().map(|r| r.resource.id.id.clone()).collect();
    for (n, request) in (1..).zip(requests) {
        let name = format!("talos-{n}");
        scene.member(n).resource.labels.insert(format!("{OMNI}node-name"), name.clone());
        let provision = format!(
            r#"{{"ready":true,"provision_status":{{"provider_id":"Proxmox","request_id":"{request}"}}}}"#
        );
        scene.set("ClusterMachineStatuses", &uuid(n), &provision);
        let schematic = r#"{"schematic":{"full_id":"aa","extensions":["siderolabs/iscsi-tools","siderolabs/qemu-guest-agent"]}}"#;
        scene.set("MachineStatuses", &uuid(n), schematic);
        scene.put("SchematicConfigurations", &uuid(n), &cluster, r#"{"schematic_id":"aa"}"#);
        nodes.push(format!(r#"{{"nodename":"{name}","kubelet_version":"1.34.3","ready":true}}"#));
    }
    scene.put("KubernetesStatuses", CLUSTER, &cluster, &format!(r#"{{"nodes":[{}]}}"#, nodes.join(",")));
    scene
}

/// What is added when a second cluster, that no file declares, is in Omni: one control plane.
fn with_another(mut scene: Scene, name: &str) -> Scene {
    let set = format!("{name}-control-planes");
    let cluster = [("cluster", name)];
    let of_set =
        [("cluster", name), ("machine-set", set.as_str()), ("role-controlplane", ""), ("connected", "")];
    scene.put("Clusters", name, &[], r#"{"kubernetes_version":"1.33.1","talos_version":"1.10.4"}"#);
    scene.put(
        "MachineSets",
        &set,
        &[("cluster", name), ("role-controlplane", "")],
        r#"{"machine_allocation":{"name":"x","machine_count":1}}"#,
    );
    scene.put(
        "ClusterStatuses",
        name,
        &[],
        r#"{"phase":3,"ready":true,"machines":{"total":1,"healthy":1,"connected":1,"requested":1}}"#,
    );
    scene.put("ClusterBootstrapStatuses", name, &[], r#"{"bootstrapped":true}"#);
    scene.put(
        "MachineSetStatuses",
        &set,
        &[("cluster", name), ("role-controlplane", "")],
        r#"{"phase":3,"ready":true,"machines":{"total":1,"healthy":1,"connected":1,"requested":1}}"#,
    );
    scene.put(
        "ClusterMachineStatuses",
        &uuid(9),
        &of_set,
        r#"{"ready":true,"stage":4,"config_up_to_date":true,"config_apply_status":2}"#,
    );
    scene.put("MachineStatuses", &uuid(9), &cluster, r#"{"talos_version":"v1.10.4","connected":true}"#);
    scene.put("TalosUpgradeStatuses", name, &[], r#"{"phase":2,"last_upgrade_version":"1.10.4"}"#);
    scene.put("KubernetesUpgradeStatuses", name, &cluster, r#"{"phase":2,"last_upgrade_version":"1.33.1"}"#);
    scene
}

type Change = fn(&mut Scene);

/// Situations, with whether the clusters are up in them.
const SITUATIONS: [(&str, Up, Change); 21] = [
    ("up", Up::Yes, |_| {}),
    ("up-without-cni", Up::Yes, |s| {
        let case = cases::all().iter().find(|c| c.name == "036-up-without-cni").unwrap();
        s.desired = case.desired.clone();
        for n in 1..=5 {
            s.set("ClusterMachineStatuses", &uuid(n), r#"{"ready":false}"#);
        }
        s.set(
            "ClusterStatuses",
            CLUSTER,
            r#"{"ready":false,"machines":{"total":5,"connected":5,"requested":5}}"#,
        );
        for (set, n) in [(PLANES, 3), (WORKERS, 2)] {
            let fields =
                format!(r#"{{"ready":false,"machines":{{"total":{n},"connected":{n},"requested":{n}}}}}"#);
            s.set("MachineSetStatuses", set, &fields);
        }
    }),
    ("scaling-up", Up::No, |s| {
        // Two more workers were asked for: one is being made, nobody was asked for the other yet.
        s.asked(WORKERS, r#"{"machine_allocation":{"name":"matrix-worker","machine_count":4}}"#);
        s.set(
            "MachineSetStatuses",
            WORKERS,
            r#"{"phase":1,"ready":false,"machines":{"total":2,"healthy":2,"connected":2,"requested":4}}"#,
        );
        s.set(
            "ClusterStatuses",
            CLUSTER,
            r#"{"phase":1,"ready":false,"machines":{"total":5,"healthy":5,"connected":5,"requested":7}}"#,
        );
        s.request(
            "talos-prod-01-workers-q8w7e6",
            WORKERS,
            r#"{"stage":2,"status":"Running Step: \"createMachine\" (2/2)","provider_id":"Proxmox"}"#,
        );
    }),
    ("scaling-down", Up::No, |s| {
        // A worker leaves: it is being wiped, and its request stays until then.
        s.set(
            "ClusterMachineStatuses",
            &uuid(5),
            r#"{"ready":false,"stage":5,"config_up_to_date":false,"config_apply_status":1}"#,
        );
        s.asked(WORKERS, r#"{"machine_allocation":{"name":"matrix-worker","machine_count":1}}"#);
        s.set(
            "MachineSetStatuses",
            WORKERS,
            r#"{"phase":2,"ready":false,"machines":{"total":2,"healthy":1,"connected":2,"requested":1}}"#,
        );
        s.set(
            "ClusterStatuses",
            CLUSTER,
            r#"{"phase":2,"ready":false,"machines":{"total":5,"healthy":4,"connected":5,"requested":4}}"#,
        );
    }),
    ("upgrading", Up::No, |s| {
        // The files and Omni agree on newer versions, and Talos is under way.
        for (short, version) in [("kubernetes_version", "1.35.0"), ("talos_version", "1.12.0")] {
            s.set("Clusters", CLUSTER, &format!(r#"{{"{short}":"{version}"}}"#));
            let Value::Map(spec) = &mut s.desired.clusters[0].resources[0].resource.spec else { panic!() };
            spec.insert(short.to_owned(), version.into());
        }
        let phase = r#"{"phase":1,"last_upgrade_version":"1.11.6","current_upgrade_version":"1.12.0","step":"current machine: 00000002-0000-4000-8000-000000000002","status":"updating machines 2/5"}"#;
        s.put("TalosUpgradeStatuses", CLUSTER, &[], phase);
        s.set("MachineStatuses", &uuid(1), r#"{"talos_version":"v1.12.0"}"#);
        s.set(
            "ClusterMachineStatuses",
            &uuid(2),
            r#"{"ready":false,"stage":7,"config_up_to_date":false,"config_apply_status":1}"#,
        );
        s.set(
            "MachineSetStatuses",
            PLANES,
            r#"{"phase":7,"ready":false,"machines":{"total":3,"healthy":2,"connected":3,"requested":3}}"#,
        );
        s.put("ControlPlaneStatuses", PLANES, &[], r#"{"conditions":[{"type":2,"status":1},{"type":1,"status":2,"severity":2,"reason":"etcd member of 00000002 is not healthy"}]}"#);
    }),
    ("upgrade-failed", Up::No, |s| {
        let failed = r#"{"phase":3,"last_upgrade_version":"1.34.3","current_upgrade_version":"1.34.4","error":"image not found"}"#;
        s.put("KubernetesUpgradeStatuses", CLUSTER, &[("cluster", CLUSTER)], failed);
    }),
    ("files-ahead", Up::No, |s| {
        // Nobody has applied yet: other versions, another count, one set more and one less.
        let resources = &mut s.desired.clusters[0].resources;
        let Value::Map(spec) = &mut resources[0].resource.spec else { panic!() };
        spec.insert("talos_version".into(), "1.12.0".into());
        let mut set = resources.iter().find(|r| r.resource.id.id == WORKERS).unwrap().clone();
        resources.retain(|r| r.resource.id.id != WORKERS);
        set.resource.id.id = "talos-prod-01-gpu".into();
        resources.push(set);
        let planes = resources.iter_mut().find(|r| r.resource.id.id == PLANES).unwrap();
        planes.resource.spec =
            json(r#"{"machine_allocation":{"name":"matrix-control-plane","machine_count":1}}"#);
    }),
    ("locked", Up::Yes, |s| {
        // The whole cluster is locked, and one worker's update waits for its own lock.
        s.edit("Clusters", CLUSTER)
            .resource
            .annotations
            .insert(format!("{OMNI}cluster-locked"), String::new());
        for n in 1..=5 {
            s.member(n).resource.annotations.insert(format!("{OMNI}locked"), String::new());
        }
        s.member(4).resource.labels.insert(format!("{OMNI}locked-update"), String::new());
        s.set("ClusterMachineStatuses", &uuid(4), r#"{"config_up_to_date":false,"config_apply_status":1}"#);
        s.set("MachineSetStatuses", WORKERS, r#"{"locked_updates":1}"#);
    }),
    ("unreachable", Up::No, |s| {
        // The VM of a worker was stopped by hand.
        s.member(5).resource.labels.remove(&format!("{OMNI}connected"));
        s.set("MachineStatuses", &uuid(5), r#"{"connected":false}"#);
        s.set("ClusterMachineStatuses", &uuid(5), r#"{"ready":false}"#);
        s.guests()[4].status = "stopped".into();
        s.guests()[4].lock = Some("backup".into());
        s.set(
            "MachineSetStatuses",
            WORKERS,
            r#"{"ready":false,"machines":{"total":2,"healthy":1,"connected":1,"requested":2}}"#,
        );
        s.set(
            "ClusterStatuses",
            CLUSTER,
            r#"{"ready":false,"machines":{"total":5,"healthy":4,"connected":4,"requested":5}}"#,
        );
    }),
    ("vm-missing", Up::Yes, |s| {
        // One VM is gone, another exists twice.
        s.guests().remove(4);
        let mut twin = s.guests()[3].clone();
        twin.vmid = 999;
        s.guests().push(twin);
    }),
    ("node-offline", Up::Yes, |s| {
        // Proxmox names no VM of a node that is down.
        let matrix = s.snapshot.proxmox.get_mut("matrix").unwrap();
        matrix.quorate = Observation::Known(false);
        let Observation::Known(nodes) = &mut matrix.nodes else { panic!() };
        nodes[0].status = NodeStatus::Offline;
        nodes[2].status = NodeStatus::Offline;
        for guest in s.guests().iter_mut().filter(|g| g.node == "foxtrot") {
            (guest.name, guest.tags) = (None, vec![]);
            guest.status = "unknown".into();
        }
    }),
    ("config-failed", Up::No, |s| {
        let fields = r#"{"config_up_to_date":false,"config_apply_status":3,"last_config_error":"rpc error: code = Unavailable desc = upgrade failed: failed to reboot machine"}"#;
        s.set("ClusterMachineStatuses", &uuid(3), fields);
        s.set("MachineSetStatuses", PLANES, r#"{"phase":6,"ready":false}"#);
    }),
    ("extensions-outdated", Up::Yes, |s| {
        s.put("SchematicConfigurations", &uuid(1), &[("cluster", CLUSTER)], r#"{"schematic_id":"bb"}"#);
        s.set(
            "MachineStatuses",
            &uuid(2),
            r#"{"schematic":{"full_id":"cc","extensions":["siderolabs/qemu-guest-agent"]}}"#,
        );
    }),
    ("provision-failed", Up::No, |s| {
        // The provider cannot make one machine, has not taken up another, and is gone now.
        s.drop("ClusterMachineStatuses", &uuid(4));
        s.drop("ClusterMachineStatuses", &uuid(5));
        s.drop("MachineRequests", "talos-prod-01-workers-b4kx7z");
        s.drop("MachineRequests", "talos-prod-01-workers-c4kx7z");
        s.guests().truncate(3);
        s.put("InfraProviderCombinedStatuses", "Proxmox", &[], r#"{"health":{}}"#);
        s.edit("InfraProviderCombinedStatuses", "Proxmox").resource.id.namespace = "ephemeral".into();
        s.request("talos-prod-01-workers-aaaaaa", WORKERS, r#"{"stage":5,"status":"Provision Failed: no storage matches","error":"no storage matches","provider_id":"Proxmox"}"#);
        s.put(
            "MachineRequests",
            "talos-prod-01-workers-bbbbbb",
            &[("machine-request-set", WORKERS), ("infra-provider-id", "Proxmox")],
            "{}",
        );
        s.set("MachineSetStatuses", WORKERS, r#"{"phase":1,"ready":false,"machines":{"requested":2}}"#);
        s.set(
            "ClusterStatuses",
            CLUSTER,
            r#"{"phase":1,"ready":false,"machines":{"total":3,"healthy":3,"connected":3,"requested":5}}"#,
        );
    }),
    ("static-machine-not-joined", Up::No, |s| {
        // Workers are machines named by hand; one of them Omni has never heard of.
        let resources = &mut s.desired.clusters[0].resources;
        let workers = resources.iter_mut().find(|r| r.resource.id.id == WORKERS).unwrap();
        workers.resource.spec = json(r#"{"update_strategy":1}"#);
        let template = workers.clone();
        for n in [4, 5] {
            let mut node = template.clone();
            node.resource = Resource::new(ResourceId::default_ns("MachineSetNodes", &uuid(n)));
            node.resource.labels = [("cluster", CLUSTER), ("machine-set", WORKERS)]
                .map(|(k, v)| (format!("{OMNI}{k}"), v.to_owned()))
                .into();
            node.address = node.address.parent().unwrap().child("node", &uuid(n));
            s.desired.clusters[0].resources.push(node);
            s.put("MachineSetNodes", &uuid(n), &[("cluster", CLUSTER), ("machine-set", WORKERS)], "{}");
        }
        s.edit("MachineSets", WORKERS).resource.spec = json(r#"{"update_strategy":1}"#);
        s.drop("ClusterMachineStatuses", &uuid(5));
        s.drop("MachineStatuses", &uuid(5));
        s.drop("MachineRequests", "talos-prod-01-workers-c4kx7z");
        s.drop("MachineRequestStatuses", "talos-prod-01-workers-c4kx7z");
        s.set(
            "MachineSetStatuses",
            WORKERS,
            r#"{"phase":1,"ready":false,"machines":{"total":1,"healthy":1,"connected":1,"requested":2}}"#,
        );
    }),
    ("without-proxmox", Up::Yes, |s| {
        s.snapshot.proxmox.clear();
        s.blind = vec!["Proxmox cluster `matrix` is not read, so placement, VMs and storages are not known: set `PROXMOX_VE_API_TOKEN`".into()];
    }),
    ("two-clusters", Up::No, |s| {
        let text = serde_json::to_string(&s.desired.clusters[0]).unwrap().replace(CLUSTER, "staging");
        s.desired.clusters.push(serde_json::from_str(&text).unwrap());
        *s = with_another(std::mem::replace(s, up()), "by-hand");
    }),
    ("undeclared", Up::Yes, |s| {
        *s = with_another(std::mem::replace(s, up()), "by-hand");
        s.all = true;
    }),
    ("destroying", Up::No, |s| {
        s.edit("Clusters", CLUSTER).phase = Phase::TearingDown;
        s.set("ClusterStatuses", CLUSTER, r#"{"phase":4,"ready":false}"#);
        for set in [PLANES, WORKERS] {
            s.set("MachineSetStatuses", set, r#"{"phase":4,"ready":false}"#);
        }
    }),
    ("unreadable", Up::Unknown, |s| {
        let why = Reason("403: insufficient role: \"None\"".into());
        for short in ["ClusterMachineStatuses", "KubernetesStatuses"] {
            s.snapshot
                .omni
                .types
                .insert(format!("{short}.omni.sidero.dev"), Observation::Unknown(why.clone()));
        }
    }),
    ("hostile-names", Up::No, |s| {
        let evil = "\u{1b}[2J::error::x\u{202e}\n`y`";
        s.member(1).resource.labels.insert(format!("{OMNI}node-name"), evil.into());
        s.set("MachineSetStatuses", WORKERS, &serde_json::json!({ "error": evil }).to_string());
        s.set("MachineStatuses", &uuid(2), &serde_json::json!({ "talos_version": evil }).to_string());
        s.put(
            "KubernetesUpgradeStatuses",
            CLUSTER,
            &[],
            &serde_json::json!({ "phase": 9, "step": evil, "error": evil }).to_string(),
        );
        s.guests()[0].status = evil.into();
        *s = with_another(std::mem::replace(s, up()), evil);
    }),
];

fn situations() -> Vec<(&'static str, Up, Scene)> {
    SITUATIONS
        .iter()
        .map(|(name, wanted, change)| {
            let mut scene = up();
            change(&mut scene);
            (*name, *wanted, scene)
        })
        .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/status")
}

const LOOK: Look = Look { colour: false, ascii: false, width: 100 };

#[test]
fn trees_are_as_committed() {
    let mut wrong = Vec::new();
    for (name, up, scene) in situations() {
        let status = scene.status();
        assert_eq!(status.up(), up, "{name}: {:?}", status.clusters[0].blocker);
        wrong.extend(cases::expect(
            &folder().join(format!("{name}.txt")),
            &human::status::text(&status, "", LOOK),
        ));
        if matches!(name, "up" | "provision-failed") {
            wrong.extend(cases::expect(&folder().join(format!("{name}.json")), &json::status::text(&status)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let files = std::fs::read_dir(folder()).unwrap().count();
    assert_eq!(files, SITUATIONS.len() + 2, "a file without a situation");
}

/// Every text of a JSON tree under a key.
fn values<'a>(json: &'a serde_json::Value, key: &str, out: &mut Vec<&'a str>) {
    match json {
        serde_json::Value::Object(map) => {
            for (k, v) in map {
                if k == key {
                    out.extend(v.as_str());
                }
                values(v, key, out);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|v| values(v, key, out)),
        _ => {}
    }
}

#[test]
fn json_fits_its_schema_and_every_machine_in_it_stands_in_the_tree() {
    let schema: serde_json::Value = serde_json::from_str(&json::status::schema()).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(!validator.is_valid(&serde_json::json!({"format": "omni-scale.status"})));
    let mut machines = 0;
    for (name, _, scene) in situations() {
        let status = scene.status();
        let view: serde_json::Value = serde_json::from_str(&json::status::text(&status)).unwrap();
        let errors: Vec<String> = validator.iter_errors(&view).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        let mut ids = Vec::new();
        values(&view["clusters"], "id", &mut ids);
        machines += ids.len();
        for width in [60, 80, 160] {
            let tree = human::status::text(&status, "", Look { width, ..LOOK });
            for id in &ids {
                assert!(tree.contains(*id), "{name}: {id} is not in\n{tree}");
            }
        }
    }
    assert!(machines > 100, "{machines}");
}

#[test]
fn every_look_has_the_same_words_and_no_line_is_too_wide() {
    let words = |text: &str| -> Vec<String> {
        let bare: String = text.chars().filter(|c| !"├└│─|`".contains(*c)).collect();
        bare.split_whitespace().filter(|w| *w != "--").map(str::to_owned).collect()
    };
    for (name, _, scene) in situations() {
        let status = scene.status();
        let wide = words(&human::status::text(&status, "", Look { width: 160, ..LOOK }));
        for width in [60, 75, 100, 160] {
            for ascii in [false, true] {
                let text = human::status::text(&status, "", Look { ascii, width, colour: false });
                let longest = text.lines().map(|l| l.chars().count()).max().unwrap();
                assert!(longest <= width, "{name}: {longest} columns of {width}\n{text}");
                assert!(!text.lines().any(|l| l.ends_with(' ')), "{name}\n{text}");
                assert_eq!(words(&text), wide, "{name} in {width} columns");
                if ascii && name != "hostile-names" {
                    assert!(text.is_ascii(), "{name}\n{text}");
                }
                assert!(!text.chars().any(|c| hidden(c) && c != '\n'), "{name}: {text:?}");
                assert!(!text.lines().any(|l| l.trim_start().starts_with("::")), "{name}\n{text}");
            }
        }
        let colour = human::status::text(&status, "", Look { colour: true, ..LOOK });
        assert!(colour.contains("\u{1b}["), "{name}");
        let mut plain = String::new();
        let mut rest = colour.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        plain.push_str(rest);
        assert_eq!(plain, human::status::text(&status, "", LOOK), "{name}: colour changes nothing else");
    }
}

#[test]
fn what_changes_between_two_looks_is_told_once() {
    let before = up().status();
    assert_eq!(human::status::changes(Some(&before), &before), Vec::<String>::new());
    assert_eq!(
        human::status::changes(None, &before),
        ["Cluster \"talos-prod-01\" up RUNNING Ready (5/5) (healthy/total)"]
    );
    let mut later = up();
    later.set("ClusterMachineStatuses", &uuid(2), r#"{"ready":false,"stage":7}"#);
    later.guests()[3].status = "stopped".into();
    later.drop("ClusterMachineStatuses", &uuid(5));
    let lines = human::status::changes(Some(&before), &later.status());
    let has = |text: &str| lines.iter().filter(|l| l.contains(text)).count();
    assert_eq!(has(&format!("talos-prod-01: Machine \"{}\" (talos-2) REBOOTING", uuid(2))), 1, "{lines:#?}");
    assert_eq!(has("VM 104 on matrix/foxtrot stopped"), 1, "{lines:#?}");
    assert_eq!(has("Machine Request \"talos-prod-01-workers-c4kx7z\" PENDING"), 1, "{lines:#?}");
    assert_eq!(has("Cluster \"talos-prod-01\" not up"), 1, "{lines:#?}");
    assert_eq!(has(&uuid(3)), 0, "{lines:#?}");
}

/// The planner and the status ask the same predicate, so that they cannot disagree.
#[test]
fn a_plan_without_changes_and_a_status_agree_on_what_is_up() {
    let mut seen = BTreeSet::new();
    for case in cases::all() {
        let plan = case.plan();
        if plan.steps.iter().any(|s| s.action.is_change()) || !plan.unknown.is_empty() {
            continue;
        }
        let scene = Scene {
            desired: case.desired.clone(),
            snapshot: case.snapshot.clone(),
            chosen: vec![],
            all: false,
            blind: vec![],
        };
        for cluster in scene.status().clusters.iter().filter(|c| c.in_omni && c.up != Up::Unknown) {
            let waits = plan.not_up.iter().find(|n| n.address.name() == cluster.name);
            assert_eq!(waits.is_none(), cluster.up == Up::Yes, "{}: {:?}", case.name, cluster.blocker);
            assert_eq!(waits.map(|w| &w.blocker), cluster.blocker.as_ref(), "{}", case.name);
            seen.insert(cluster.up == Up::Yes);
        }
    }
    assert_eq!(seen.len(), 2, "both up and not up must occur");
}

#[test]
fn a_chosen_cluster_is_shown_alone_and_omni_alone_tells_of_one_that_no_file_declares() {
    let mut scene = with_another(up(), "by-hand");
    scene.chosen = vec!["by-hand".into()];
    let status = scene.status();
    let names: Vec<&str> = status.clusters.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["by-hand"]);
    assert_eq!((status.up(), status.others.len()), (Up::Yes, 0));
    // Whether its nodes can be ready depends on its patches: without them nobody can tell.
    scene.snapshot.omni.types.remove("ConfigPatches.omni.sidero.dev");
    assert_eq!(scene.status().up(), Up::Unknown);
}
