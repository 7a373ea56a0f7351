//! Steps against one small world: three control planes and two workers that run, made from classes or given by UUID.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::graph::{Desired, DesiredCluster, DesiredResource, Prune, address_of};
use crate::kinds::Effect;
use crate::live::{Observation, OmniSnapshot, Snapshot};
use crate::plan::{Affected, EtcdVoters, Plan, PlanInput, PlanOptions, Step, plan};
use crate::resource::{LiveResource, Phase, Resource, ResourceId, TYPE_SUFFIX};
use crate::value::Value;

const O: &str = "omni.sidero.dev/";
const DATA: &str = "cores: 2\nsockets: 1\nmemory: 4096\ndisk_size: 20\nstorage_selector: a\n";

fn value(json: serde_json::Value) -> Value {
    Value::from_json(&json)
}

fn resource(kind: &str, id: &str, labels: &[(&str, &str)], spec: serde_json::Value) -> Resource {
    let mut out = Resource::new(ResourceId::default_ns(kind, id));
    if matches!(kind, "MachineRequests" | "MachineRequestStatuses") {
        "infra-provider".clone_into(&mut out.id.namespace);
    }
    out.labels = labels.iter().map(|(k, v)| (format!("{O}{k}"), (*v).to_owned())).collect();
    out.spec = value(spec);
    out
}

fn machine(n: usize) -> String {
    format!("0000000{n}-0000-4000-8000-000000000000")
}

/// What the files ask for, what Omni has, and which of that only Omni has.
#[derive(Clone)]
pub(in crate::plan) struct World {
    pub(in crate::plan) wanted: Vec<Resource>,
    pub(in crate::plan) live: Vec<Resource>,
    pub(in crate::plan) version: &'static str,
}

impl World {
    /// The files and Omni agree.
    pub(in crate::plan) fn new() -> Self {
        let class = |id: &str| {
            resource(
                "MachineClasses",
                id,
                &[],
                serde_json::json!({"auto_provision": {"provider_id": "p", "provider_data": DATA}}),
            )
        };
        let set = |name: &str, role: &str, class: &str, n: u32| {
            let labels = [("cluster", "c"), (role, "")];
            let spec = serde_json::json!({"update_strategy": 1, "machine_allocation": {"name": class, "machine_count": n}});
            resource("MachineSets", &format!("c-{name}"), &labels, spec)
        };
        let patch = |id: &str, data: &str| {
            resource("ConfigPatches", id, &[("cluster", "c")], serde_json::json!({"data": data}))
        };
        let c = [("cluster", "c")];
        let wanted = vec![
            class("cp"),
            class("w"),
            resource(
                "Clusters",
                "c",
                &[],
                serde_json::json!({"kubernetes_version": "1.34.3", "talos_version": "1.11.6", "features": {}}),
            ),
            patch("200-cluster-c-a", "machine:\n  sysctls:\n    a: \"1\"\n"),
            resource(
                "ExtensionsConfigurations",
                "schematic-c",
                &c,
                serde_json::json!({"extensions": ["siderolabs/a"]}),
            ),
            resource(
                "KubernetesManifestGroups",
                "200-cluster-c-m",
                &c,
                serde_json::json!({"data": "a: 1\n", "mode": 1}),
            ),
            resource(
                "KubernetesHealthChecks",
                "cluster-c-h",
                &c,
                serde_json::json!({"job": "a: 1\n", "interval": "30s"}),
            ),
            set("control-planes", "role-controlplane", "cp", 3),
            set("workers", "role-worker", "w", 2),
        ];
        let mut live = wanted.clone();
        for n in 1..=5 {
            let (set, role) =
                if n <= 3 { ("c-control-planes", "role-controlplane") } else { ("c-workers", "role-worker") };
            let (uuid, request) = (machine(n), format!("{set}-{n}"));
            live.push(resource(
                "MachineSetNodes",
                &uuid,
                &[
                    ("cluster", "c"),
                    ("machine-set", set),
                    (role, ""),
                    ("managed-by-machine-set-node-controller", ""),
                ],
                serde_json::json!({}),
            ));
            live.push(resource(
                "MachineStatuses",
                &uuid,
                &[("machine-request", &request)],
                serde_json::json!({"connected": true}),
            ));
            live.push(resource(
                "ClusterMachineStatuses",
                &uuid,
                &[("cluster", "c"), ("machine-set", set), (role, ""), ("connected", "")],
                serde_json::json!({"stage": 4, "config_up_to_date": true}),
            ));
            live.push(resource(
                "MachineRequests",
                &request,
                &[("machine-request-set", set), ("machine-request-in-use", "")],
                serde_json::json!({}),
            ));
        }
        live.push(resource(
            "ClusterBootstrapStatuses",
            "c",
            &[("cluster", "c")],
            serde_json::json!({"bootstrapped": true}),
        ));
        live.push(resource(
            "ControlPlaneStatuses",
            "c-control-planes",
            &[("cluster", "c")],
            serde_json::json!({"conditions": [{"type": 2, "status": 1}, {"type": 1, "status": 1}]}),
        ));
        Self { wanted, live, version: "v1.10.0" }
    }

    /// The same with machines that people gave by UUID.
    fn with_static_machines() -> Self {
        let mut out = Self::new();
        for list in [&mut out.wanted, &mut out.live] {
            for set in list.iter_mut().filter(|r| r.id.short_kind() == "MachineSets") {
                set.spec = value(serde_json::json!({"update_strategy": 1}));
            }
        }
        for node in out.live.iter_mut().filter(|r| r.id.short_kind() == "MachineSetNodes") {
            node.labels.remove(&format!("{O}managed-by-machine-set-node-controller"));
            out.wanted.push(node.clone());
        }
        for n in 1..=5 {
            let mut args = resource("KernelArgs", &machine(n), &[], serde_json::json!({"args": ["a"]}));
            args.annotations.insert(format!("{O}managed-by-cluster-templates"), String::new());
            out.wanted.push(args.clone());
            out.live.push(args);
        }
        out
    }

    fn of<'r>(list: &'r mut [Resource], kind: &str, id: &str) -> &'r mut Resource {
        list.iter_mut()
            .find(|r| r.id.short_kind() == kind && r.id.id == id)
            .unwrap_or_else(|| panic!("{kind} {id}"))
    }
    pub(in crate::plan) fn wanted(&mut self, kind: &str, id: &str) -> &mut Resource {
        Self::of(&mut self.wanted, kind, id)
    }
    pub(in crate::plan) fn live(&mut self, kind: &str, id: &str) -> &mut Resource {
        Self::of(&mut self.live, kind, id)
    }
    fn forget(&mut self, kind: &str, id: &str) {
        self.wanted.retain(|r| !(r.id.short_kind() == kind && r.id.id == id));
    }
    fn not_read(&mut self, kind: &str) {
        self.live.retain(|r| r.id.short_kind() != kind);
    }

    pub(in crate::plan) fn plan(&self) -> Plan {
        let mut types: BTreeMap<String, Observation<Vec<LiveResource>>> = crate::kinds::written()
            .map(|k| (format!("{}{TYPE_SUFFIX}", k.short), Observation::Known(vec![])))
            .collect();
        for resource in &self.live {
            let seen = LiveResource {
                version: 3,
                phase: Phase::Running,
                owner: String::new(),
                finalizers: vec![],
                // The older ones have the higher numbers.
                created: format!("2026-01-01T00:00:{:02}Z", 99 - resource.id.id.len().min(40)),
                updated: String::new(),
                resource: resource.clone(),
            };
            match types.entry(resource.id.kind.clone()).or_insert_with(|| Observation::Known(vec![])) {
                Observation::Known(all) => all.push(seen),
                _ => unreachable!(),
            }
        }
        let snapshot = Snapshot {
            omni: OmniSnapshot {
                endpoint: "https://omni.example.com".into(),
                version: Observation::Known(self.version.into()),
                types,
            },
            proxmox: BTreeMap::new(),
        };
        let declared = |r: &Resource| DesiredResource {
            address: match r.id.short_kind() {
                "KernelArgs" => Address::cluster("c").child("kernelargs", &r.id.id),
                _ => address_of(r).unwrap(),
            },
            resource: r.clone(),
            source: None,
        };
        let (classes, resources): (Vec<_>, Vec<_>) =
            self.wanted.iter().map(declared).partition(|d| d.address.kind() == "class");
        let desired = Desired {
            classes,
            clusters: vec![DesiredCluster {
                name: "c".into(),
                prune: Prune::Template,
                resources,
                ..DesiredCluster::default()
            }],
            ..Desired::default()
        };
        plan(&PlanInput {
            desired: &desired,
            snapshot: &snapshot,
            record: None,
            key: None,
            options: PlanOptions::default(),
        })
        .unwrap_or_else(|problems| panic!("{problems:?}"))
    }
}

pub(in crate::plan) fn step<'p>(plan: &'p Plan, address: &str) -> &'p Step {
    let found = plan.steps.iter().find(|s| s.address.to_string() == address && s.action.is_change());
    found.unwrap_or_else(|| {
        panic!(
            "no step for {address} among {:?}",
            plan.steps.iter().map(|s| s.address.to_string()).collect::<Vec<_>>()
        )
    })
}

/// Effect of the one field that differs, with its path.
fn field(plan: &Plan, address: &str) -> (String, Effect) {
    let step = step(plan, address);
    let [change] = step.changes.as_slice() else { panic!("{:?}", step.changes) };
    (change.path.join("/"), change.effect)
}

fn named(affected: &[Affected]) -> Vec<(String, Effect)> {
    affected.iter().map(|a| (a.machine.clone().unwrap_or_default(), a.effect)).collect()
}

/// Sets one field of a resource and says what the plan makes of it.
fn edited(
    base: &World,
    kind: &str,
    id: &str,
    path: &[&str],
    to: serde_json::Value,
    address: &str,
) -> (String, Effect) {
    let mut world = base.clone();
    let spec = &mut world.wanted(kind, id).spec;
    let mut whole = spec.to_json();
    let mut at = &mut whole;
    for key in path {
        at = &mut at[*key];
    }
    *at = to;
    *spec = value(whole);
    field(&world.plan(), address)
}

#[test]
fn class_fields_leave_machines_as_they_are() {
    let base = World::new();
    for (path, to, shown) in [
        (&["auto_provision", "provider_id"][..], serde_json::json!("q"), "autoprovision/providerid"),
        (&["auto_provision", "kernel_args"], serde_json::json!(["a"]), "autoprovision/kernelargs"),
        (
            &["auto_provision", "meta_values"],
            serde_json::json!([{"key": 12, "value": "x"}]),
            "autoprovision/metavalues",
        ),
        (&["auto_provision", "grpc_tunnel"], serde_json::json!(1), "autoprovision/grpctunnel"),
    ] {
        assert_eq!(
            edited(&base, "MachineClasses", "w", path, to, "class/w"),
            (shown.to_owned(), Effect::NoEffect)
        );
    }
    let mut world = base.clone();
    world.wanted("MachineClasses", "w").annotations.insert("mine".into(), "1".into());
    assert_eq!(field(&world.plan(), "class/w").1, Effect::None);
    // A class that chooses among machines.
    let mut world = base;
    let select = |labels: &[&str]| value(serde_json::json!({"match_labels": labels}));
    world.live("MachineClasses", "w").spec = select(&["a"]);
    world.wanted("MachineClasses", "w").spec = select(&["b"]);
    assert_eq!(field(&world.plan(), "class/w"), ("matchlabels".to_owned(), Effect::NoEffect));
}

#[test]
fn provider_data_leaves_machines_as_they_are() {
    use crate::spec::ProviderFieldType as Type;
    let base = World::new();
    for (name, kind) in crate::spec::PROVIDER_FIELDS {
        let line = match kind {
            Type::Int | Type::Uint => format!("{name}: 77"),
            Type::Bool => format!("{name}: true"),
            Type::Text => format!("{name}: other"),
            Type::Texts => format!("{name}: [other]"),
            Type::Table(_) => format!("{name}: {{comment: other}}"),
            Type::Tables(_) | Type::Any => format!("{name}: [{{comment: other}}]"),
        };
        let mut data: Vec<&str> = DATA.lines().filter(|l| !l.starts_with(&format!("{name}:"))).collect();
        data.push(&line);
        let mut world = base.clone();
        let text = format!("{}\n", data.join("\n"));
        world.wanted("MachineClasses", "w").spec =
            value(serde_json::json!({"auto_provision": {"provider_id": "p", "provider_data": text}}));
        let plan = world.plan();
        let step = step(&plan, "class/w");
        assert_eq!(step.effect, Effect::NoEffect, "{name}");
        assert!(
            step.changes.iter().all(|c| c.path.starts_with(&["providerdata".to_owned(), (*name).to_owned()])),
            "{name}: {:?}",
            step.changes
        );
        let workers =
            vec![("c-workers-4".to_owned(), Effect::NoEffect), ("c-workers-5".to_owned(), Effect::NoEffect)];
        assert_eq!(named(&step.affects), workers, "{name}");
    }
}

#[test]
fn cluster_fields_do_what_the_table_says() {
    let base = World::new();
    let cluster = |path: &[&str], to| edited(&base, "Clusters", "c", path, to, "cluster/c");
    for (json, shown, effect) in [
        ("enable_workload_proxy", "enableWorkloadProxy", Effect::Unknown),
        ("disk_encryption", "diskEncryption", Effect::None),
        ("use_embedded_discovery_service", "useEmbeddedDiscoveryService", Effect::Unknown),
        ("enable_node_audit_skip", "enableNodeAuditSkip", Effect::Unknown),
        ("disable_public_discovery_service", "disablePublicDiscoveryService", Effect::Unknown),
    ] {
        let got = cluster(&["features", json], serde_json::json!(true));
        assert_eq!(got, (format!("features/{shown}"), effect));
    }
    assert_eq!(
        cluster(&["kubernetes_version"], serde_json::json!("1.34.4")),
        ("kubernetes/version".into(), Effect::Hot)
    );
    assert_eq!(
        cluster(&["talos_version"], serde_json::json!("1.11.7")),
        ("talos/version".into(), Effect::Reboot)
    );
    let backup = cluster(&["backup_configuration"], serde_json::json!({"interval": "3600s"}));
    assert_eq!((backup.0.starts_with("features/backupConfiguration"), backup.1), (true, Effect::Unknown));
    assert_eq!(cluster(&["of_a_newer_omni"], serde_json::json!(1)).1, Effect::Unknown);
    for labels in [true, false] {
        let mut world = base.clone();
        let wanted = world.wanted("Clusters", "c");
        if labels { &mut wanted.labels } else { &mut wanted.annotations }.insert("mine".into(), "1".into());
        let plan = world.plan();
        assert_eq!(step(&plan, "cluster/c").effect, Effect::None);
        assert!(step(&plan, "cluster/c").affects.is_empty());
    }
}

#[test]
fn machine_set_fields_do_what_the_table_says() {
    let base = World::new();
    let set = |path: &[&str], to| {
        edited(&base, "MachineSets", "c-workers", path, to, "cluster/c/machineset/workers")
    };
    for (path, to, shown, effect) in [
        (
            &["machine_allocation", "machine_count"][..],
            serde_json::json!(4),
            "machineClass/size",
            Effect::None,
        ),
        (
            &["machine_allocation", "machine_count"],
            serde_json::json!(1),
            "machineClass/size",
            Effect::Destroy,
        ),
        (&["machine_allocation", "name"], serde_json::json!("cp"), "machineClass/name", Effect::Unknown),
        (
            &["machine_allocation", "allocation_type"],
            serde_json::json!(1),
            "machineClass/allocation",
            Effect::Unknown,
        ),
        (&["update_strategy"], serde_json::json!(0), "updateStrategy/type", Effect::None),
        (&["delete_strategy"], serde_json::json!(1), "deleteStrategy/type", Effect::None),
        (&["upgrade_strategy"], serde_json::json!(1), "upgradeStrategy/type", Effect::None),
        (&["of_a_newer_omni"], serde_json::json!(1), "of_a_newer_omni", Effect::Unknown),
    ] {
        assert_eq!(set(path, to), (shown.to_owned(), effect));
    }
    for strategy in ["update", "delete", "upgrade"] {
        let key = format!("{strategy}_strategy_config");
        let got = set(&[&key], serde_json::json!({"rolling": {"max_parallelism": 2}}));
        assert_eq!(got.1, Effect::None, "{got:?}");
    }
    let etcd = serde_json::json!({"cluster_uuid": "u", "snapshot": "s"});
    let mut world = base.clone();
    world.wanted("MachineSets", "c-control-planes").spec = value(
        serde_json::json!({"update_strategy": 1, "machine_allocation": {"name": "cp", "machine_count": 3}, "bootstrap_spec": etcd}),
    );
    assert_eq!(step(&world.plan(), "cluster/c/machineset/control-planes").effect, Effect::None);
    let mut world = base;
    world.wanted("MachineSets", "c-workers").labels.insert("mine".into(), "1".into());
    assert_eq!(field(&world.plan(), "cluster/c/machineset/workers").1, Effect::None);
}

#[test]
fn machine_fields_do_what_the_table_says() {
    let address = format!("cluster/c/node/{}", machine(4));
    for (omni, effect) in [(false, Effect::None), (true, Effect::Unknown)] {
        let key = if omni { format!("{O}odd") } else { "mine".to_owned() };
        for labels in [true, false] {
            let mut world = World::with_static_machines();
            let node = world.wanted("MachineSetNodes", &machine(4));
            if labels { &mut node.labels } else { &mut node.annotations }.insert(key.clone(), "1".into());
            let plan = world.plan();
            assert_eq!(field(&plan, &address).1, effect, "{key} among labels: {labels}");
            assert_eq!(step(&plan, &address).affects.len(), usize::from(omni));
        }
    }
}

#[test]
fn patch_fields_do_what_the_table_says() {
    let address = "cluster/c/patch/200-cluster-c-a";
    for row in super::table::Subject::Talos.rows() {
        let mut world = World::new();
        let mut content = serde_json::json!("other");
        for key in row.path.iter().rev() {
            content = serde_json::json!({ *key: content });
        }
        if row.path.is_empty() {
            content =
                serde_json::json!({"apiVersion": "v1alpha1", "kind": "HostnameConfig", "hostname": "a"});
        }
        let patch = |text: String| value(serde_json::json!({"data": text}));
        world.live("ConfigPatches", "200-cluster-c-a").spec = patch("{}\n".into());
        world.wanted("ConfigPatches", "200-cluster-c-a").spec = patch(content.to_string());
        assert_eq!(step(&world.plan(), address).effect, row.effect, "{:?} added to a patch", row.path);
        // A whole patch that goes.
        world.live("ConfigPatches", "200-cluster-c-a").spec = patch(content.to_string());
        world.forget("ConfigPatches", "200-cluster-c-a");
        assert_eq!(step(&world.plan(), address).effect, row.effect, "{:?} gone with its patch", row.path);
    }
    for (key, effect) in [("mine".to_owned(), Effect::None), (format!("{O}odd"), Effect::Unknown)] {
        let mut world = World::new();
        world.wanted("ConfigPatches", "200-cluster-c-a").labels.insert(key, "1".into());
        assert_eq!(field(&world.plan(), address).1, effect);
    }
    let mut world = World::new();
    world.wanted("ConfigPatches", "200-cluster-c-a").annotations.insert("name".into(), "b".into());
    assert_eq!(field(&world.plan(), address).1, Effect::None);
}

#[test]
fn a_patch_that_is_switched_off_takes_its_fields_along() {
    let address = "cluster/c/patch/200-cluster-c-a";
    let off = format!("{O}disabled");
    let mut world = World::new();
    world.wanted("ConfigPatches", "200-cluster-c-a").labels.insert(off.clone(), String::new());
    assert_eq!(field(&world.plan(), address).1, Effect::Hot);
    // Omni 1.9 does not heed the label.
    world.version = "v1.9.3";
    assert_eq!(field(&world.plan(), address).1, Effect::None);
    // It was off and stays off: what it says does not matter.
    world.version = "v1.10.0";
    world.live("ConfigPatches", "200-cluster-c-a").labels.insert(off, String::new());
    world.wanted("ConfigPatches", "200-cluster-c-a").spec =
        value(serde_json::json!({"data": "machine:\n  network: {}\n"}));
    assert_eq!(step(&world.plan(), address).effect, Effect::None);
    // In force on 1.9.
    world.version = "v1.9.3";
    assert_eq!(step(&world.plan(), address).effect, Effect::Unknown);
}

#[test]
fn extension_lists_do_what_the_table_says() {
    let address = "cluster/c/extensions/schematic-c";
    let base = World::new();
    let got = edited(
        &base,
        "ExtensionsConfigurations",
        "schematic-c",
        &["extensions"],
        serde_json::json!(["siderolabs/b"]),
        address,
    );
    assert_eq!(got, ("systemExtensions".into(), Effect::Reboot));
    for (key, effect) in [("mine".to_owned(), Effect::None), (format!("{O}odd"), Effect::Unknown)] {
        let mut world = base.clone();
        world.wanted("ExtensionsConfigurations", "schematic-c").labels.insert(key, "1".into());
        assert_eq!(field(&world.plan(), address).1, effect);
    }
    let mut world = base;
    world.wanted("ExtensionsConfigurations", "schematic-c").annotations.insert("mine".into(), "1".into());
    assert_eq!(field(&world.plan(), address).1, Effect::None);
}

#[test]
fn the_most_specific_list_decides() {
    let list = |id: &str, level: &[(&str, &str)], names: &[&str]| {
        let labels = [&[("cluster", "c")], level].concat();
        resource("ExtensionsConfigurations", id, &labels, serde_json::json!({"extensions": names}))
    };
    let (workers, one) = ([("machine-set", "c-workers")], machine(4));
    let mut world = World::new();
    let own = list("schematic-c-workers", &workers, &["siderolabs/w"]);
    world.live.push(own.clone());
    world.wanted.push(own);
    // The cluster's list changes: workers have their own.
    world.wanted("ExtensionsConfigurations", "schematic-c").spec =
        value(serde_json::json!({"extensions": ["siderolabs/b"]}));
    let plan = world.plan();
    let cluster = step(&plan, "cluster/c/extensions/schematic-c");
    assert_eq!(cluster.affects.len(), 3, "{:?}", cluster.affects);
    assert!(cluster.affects.iter().all(|a| a.machine_set.as_ref().unwrap().name() == "control-planes"));
    // One machine gets a list of its own, which says what that of its set says.
    let mut same = World::new();
    same.wanted.push(list("schematic-x", &[("cluster-machine", &one)], &["siderolabs/a"]));
    let plan = same.plan();
    let step_of = step(&plan, "cluster/c/extensions/schematic-x");
    assert_eq!((step_of.effect, step_of.affects.len()), (Effect::None, 0), "{:?}", step_of.notes);
    // One that says something else; and the list of the set goes.
    let mut other = world;
    other.wanted.push(list("schematic-x", &[("cluster-machine", &one)], &["siderolabs/x"]));
    other.forget("ExtensionsConfigurations", "schematic-c-workers");
    let plan = other.plan();
    let made = step(&plan, "cluster/c/extensions/schematic-x");
    assert_eq!(named(&made.affects), [("c-workers-4".to_owned(), Effect::Reboot)]);
    let gone = step(&plan, "cluster/c/extensions/schematic-c-workers");
    assert_eq!(gone.affects.len(), 2);
}

#[test]
fn kernel_arguments_are_not_predicted() {
    let base = World::with_static_machines();
    let address = format!("cluster/c/kernelargs/{}", machine(4));
    let mut world = base.clone();
    world.wanted("KernelArgs", &machine(4)).spec = value(serde_json::json!({"args": ["b"]}));
    let plan = world.plan();
    assert_eq!(field(&plan, &address), ("kernelArgs".into(), Effect::Unknown));
    assert_eq!(named(&step(&plan, &address).affects), [("c-workers-4".to_owned(), Effect::Unknown)]);
    // Made, and released.
    let mut world = base.clone();
    world.live.retain(|r| !(r.id.short_kind() == "KernelArgs" && r.id.id == machine(4)));
    assert_eq!(step(&world.plan(), &address).effect, Effect::Unknown);
    let mut world = base;
    world.forget("KernelArgs", &machine(4));
    let plan = world.plan();
    assert_eq!((step(&plan, &address).effect, step(&plan, &address).affects.len()), (Effect::None, 0));
}

#[test]
fn manifest_fields_touch_no_machine() {
    let address = "cluster/c/manifest/200-cluster-c-m";
    let base = World::new();
    for (path, to) in [("data", serde_json::json!("a: 2\n")), ("mode", serde_json::json!(2))] {
        let got = edited(&base, "KubernetesManifestGroups", "200-cluster-c-m", &[path], to, address);
        assert_eq!(got.1, Effect::None, "{got:?}");
    }
    let mut world = base;
    world.forget("KubernetesManifestGroups", "200-cluster-c-m");
    let plan = world.plan();
    assert_eq!((step(&plan, address).effect, step(&plan, address).affects.len()), (Effect::None, 0));
}

#[test]
fn health_check_fields_touch_no_machine() {
    let address = "cluster/c/healthcheck/cluster-c-h";
    let base = World::new();
    for (path, to) in [("job", serde_json::json!("a: 2\n")), ("interval", serde_json::json!("60s"))] {
        let got = edited(&base, "KubernetesHealthChecks", "cluster-c-h", &[path], to, address);
        assert_eq!(got.1, Effect::None, "{got:?}");
    }
}

#[test]
fn an_unlock_releases_what_was_held_back() {
    let lock = format!("{O}cluster-locked");
    let mut world = World::new();
    world.live("Clusters", "c").annotations.insert(lock, String::new());
    // Omni holds nothing back from any machine.
    assert_eq!(field(&world.plan(), "cluster/c").1, Effect::None);
    let held = format!("{O}locked-update");
    world.live("ClusterMachineStatuses", &machine(5)).labels.insert(held.clone(), String::new());
    let plan = world.plan();
    assert_eq!(field(&plan, "cluster/c").1, Effect::Unknown);
    assert_eq!(named(&step(&plan, "cluster/c").affects), [("c-workers-5".to_owned(), Effect::Unknown)]);
    // Nobody knows what is held back.
    world.not_read("ClusterMachineStatuses");
    assert_eq!(step(&world.plan(), "cluster/c").affects.len(), 5);
    // The lock of one machine.
    let mut world = World::with_static_machines();
    world.live("MachineSetNodes", &machine(4)).annotations.insert(format!("{O}locked"), String::new());
    let address = format!("cluster/c/node/{}", machine(4));
    assert_eq!(field(&world.plan(), &address).1, Effect::None);
    world.live("ClusterMachineStatuses", &machine(4)).labels.insert(held, String::new());
    assert_eq!(field(&world.plan(), &address).1, Effect::Unknown);
}

#[test]
fn a_locked_machine_takes_no_upgrade() {
    let mut world = World::new();
    world.live("MachineSetNodes", &machine(5)).annotations.insert(format!("{O}locked"), String::new());
    world.wanted("Clusters", "c").spec.set("talos_version", "1.11.7".into());
    let plan = world.plan();
    let affects = &step(&plan, "cluster/c").affects;
    assert_eq!(
        affects.last().map(|a| (a.machine.as_deref(), a.effect)),
        Some((Some("c-workers-5"), Effect::NoEffect))
    );
    let disturbed = plan.waves.iter().map(|w| w.machines).max();
    assert_eq!(disturbed, Some(4), "the locked one is not disturbed");
}

// --- Voters --------------------------------------------------------------------------------------------------------------

/// `before, after, healthy, lowest, quorum` of each wave that touches the control planes.
fn voters(plan: &Plan) -> Vec<(u32, u32, Option<u32>, Option<u32>, u32)> {
    plan.waves
        .iter()
        .flat_map(|w| &w.etcd)
        .map(|EtcdVoters { before, after, healthy, lowest, quorum, .. }| {
            (*before, *after, *healthy, *lowest, *quorum)
        })
        .collect()
}

fn with_control_planes(n: u32) -> World {
    let mut world = World::new();
    world.wanted("MachineSets", "c-control-planes").spec = value(
        serde_json::json!({"update_strategy": 1, "machine_allocation": {"name": "cp", "machine_count": n}}),
    );
    world
}

fn upgraded() -> World {
    let mut world = World::new();
    world.wanted("Clusters", "c").spec.set("talos_version", "1.11.7".into());
    world
}

#[test]
fn an_upgrade_takes_one_voter_at_a_time() {
    assert_eq!(voters(&upgraded().plan()), [(3, 3, Some(3), Some(2), 2)]);
    let mut kubernetes = World::new();
    kubernetes.wanted("Clusters", "c").spec.set("kubernetes_version", "1.34.4".into());
    assert_eq!(
        voters(&kubernetes.plan()),
        [(3, 3, Some(3), Some(3), 2)],
        "components restart, machines do not"
    );
    let mut workers = World::new();
    workers.wanted("MachineSets", "c-workers").spec.set("of_a_newer_omni", 1u32.into());
    assert_eq!(voters(&workers.plan()), [], "no control plane is touched");
}

#[test]
fn members_that_are_down_already_count() {
    for (field, to) in [("stage", 7u32), ("stage", 0)] {
        let mut world = upgraded();
        world.live("ClusterMachineStatuses", &machine(1)).spec.set(field, to.into());
        assert_eq!(voters(&world.plan()), [(3, 3, Some(2), Some(1), 2)], "{field} {to}");
    }
    let mut cut_off = upgraded();
    cut_off.live("ClusterMachineStatuses", &machine(1)).labels.remove(&format!("{O}connected"));
    cut_off.live("MachineStatuses", &machine(1)).spec = value(serde_json::json!({}));
    assert_eq!(voters(&cut_off.plan()), [(3, 3, Some(2), Some(1), 2)]);
    // All machines run, and still Omni finds fault with etcd.
    let mut check = upgraded();
    check.live("ControlPlaneStatuses", "c-control-planes").spec =
        value(serde_json::json!({"conditions": [{"type": 1, "status": 2}]}));
    assert_eq!(voters(&check.plan()), [(3, 3, Some(2), Some(1), 2)]);
    let mut wireguard = upgraded();
    wireguard.live("ControlPlaneStatuses", "c-control-planes").spec =
        value(serde_json::json!({"conditions": [{"type": 2, "status": 2}]}));
    assert_eq!(voters(&wireguard.plan()), [(3, 3, Some(3), Some(2), 2)]);
    let mut unseen = upgraded();
    unseen.not_read("ClusterMachineStatuses");
    assert_eq!(voters(&unseen.plan()), [(3, 3, None, None, 2)]);
}

#[test]
fn a_shrinking_control_plane_is_followed_member_by_member() {
    assert_eq!(voters(&with_control_planes(1).plan()), [(3, 1, Some(3), Some(1), 1)]);
    assert_eq!(voters(&with_control_planes(5).plan()), [(3, 5, Some(3), Some(3), 2)]);
    // The one that is cut off goes first, and the two others keep the quorum of two.
    let mut cut_off = with_control_planes(2);
    cut_off.live("ClusterMachineStatuses", &machine(3)).labels.remove(&format!("{O}connected"));
    cut_off.live("MachineStatuses", &machine(3)).spec = value(serde_json::json!({}));
    let plan = cut_off.plan();
    assert_eq!(voters(&plan), [(3, 2, Some(2), Some(2), 2)]);
    assert_eq!(plan.lost[0].machine.as_deref(), Some("c-control-planes-3"));
    // One is down but looks as good as the others to Omni's choice: a healthy one may go, and etcd stops.
    let mut rebooting = with_control_planes(2);
    rebooting.live("ClusterMachineStatuses", &machine(3)).spec.set("stage", 7u32.into());
    assert_eq!(voters(&rebooting.plan()), [(3, 2, Some(2), Some(1), 2)]);
}

#[test]
fn a_strategy_that_lets_an_upgrade_take_several_is_taken_at_its_word() {
    let mut world = upgraded();
    for list in [&mut world.wanted, &mut world.live] {
        World::of(list, "MachineSets", "c-control-planes")
            .spec
            .set("upgrade_strategy_config", value(serde_json::json!({"rolling": {"max_parallelism": 2}})));
    }
    assert_eq!(voters(&world.plan()), [(3, 3, Some(3), Some(1), 2)]);
    // Configuration is rolled one by one.
    let mut patch = world;
    patch.wanted("Clusters", "c").spec.set("talos_version", "1.11.6".into());
    patch.wanted("ConfigPatches", "200-cluster-c-a").spec =
        value(serde_json::json!({"data": "machine:\n  network: {a: 1}\n"}));
    assert_eq!(voters(&patch.plan()), [(3, 3, Some(3), Some(2), 2)]);
}

#[test]
fn a_cluster_that_goes_ends_without_voters_and_a_new_one_starts_without() {
    let mut gone = World::new();
    gone.wanted.retain(|r| r.id.short_kind() == "MachineClasses");
    let plan = gone.plan();
    assert_eq!(voters(&plan), [(3, 0, Some(3), Some(0), 0)]);
    assert_eq!(plan.lost.len(), 5);
    let mut fresh = World::new();
    fresh.live.retain(|r| r.id.short_kind() == "MachineClasses");
    assert_eq!(voters(&fresh.plan()), []);
    let mut not_started = with_control_planes(5);
    not_started.live("ClusterBootstrapStatuses", "c").spec = value(serde_json::json!({}));
    assert_eq!(voters(&not_started.plan()), [], "etcd does not run yet");
}

#[test]
fn a_set_that_never_had_its_machines_loses_none() {
    let mut world = World::new();
    world.live("MachineSets", "c-workers").spec = value(
        serde_json::json!({"update_strategy": 1, "machine_allocation": {"name": "w", "machine_count": 4_294_967_295u32}}),
    );
    let plan = world.plan();
    let step = step(&plan, "cluster/c/machineset/workers");
    assert_eq!((step.affects.len(), plan.lost.len()), (0, 0), "{:?}", step.notes);
}
