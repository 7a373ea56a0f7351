//! Random live worlds: what templates make, what people make by hand, and what nobody would expect.

use std::collections::BTreeMap;

use omni_scale::kinds::{self, normalise};
use omni_scale::live::{Observation, OmniSnapshot, Snapshot};
use omni_scale::resource::{LiveResource, OMNI_PREFIX, Phase, Resource, ResourceId, TYPE_SUFFIX};
use omni_scale::value::Value;
use proptest::prelude::*;

/// Stands in every secret of these worlds.
pub const SECRET: &str = "hunter2-hunter2";

/// Numbers to draw from, one after the other.
pub struct Dice {
    numbers: Vec<u32>,
    at: usize,
}

impl Dice {
    pub fn new(numbers: Vec<u32>) -> Self {
        Self { numbers, at: 0 }
    }
    fn roll(&mut self, sides: usize) -> usize {
        let n = self.numbers.get(self.at % self.numbers.len().max(1)).copied().unwrap_or(0);
        // The second round differs from the first.
        let turn = (self.at / self.numbers.len().max(1)) as u32;
        self.at += 1;
        (n.wrapping_add(turn.wrapping_mul(2_654_435_761)) as usize) % sides
    }
    fn one_in(&mut self, n: usize) -> bool {
        self.roll(n) == 0
    }
    fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.roll(all.len())]
    }
}

pub fn dice() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 40..240)
}

#[derive(Default)]
struct World {
    types: BTreeMap<String, Vec<LiveResource>>,
}

impl World {
    fn put(&mut self, mut live: LiveResource) {
        if let Some(kind) = kinds::by_type(&live.resource.id.kind) {
            live.resource.spec = normalise(kind, &live.resource.spec);
        }
        let list = self.types.entry(live.resource.id.kind.clone()).or_default();
        if !list.iter().any(|l| l.resource.id == live.resource.id) {
            list.push(live);
        }
    }
}

fn live(short: &str, namespace: &str, id: &str, spec: Value) -> LiveResource {
    let id = ResourceId { kind: format!("{short}{TYPE_SUFFIX}"), namespace: namespace.into(), id: id.into() };
    LiveResource {
        resource: Resource { spec, ..Resource::new(id) },
        version: 1,
        phase: Phase::Running,
        owner: String::new(),
        finalizers: vec![],
        created: String::new(),
        updated: String::new(),
    }
}

fn json(value: serde_json::Value) -> Value {
    Value::from_json(&value)
}

fn label(live: &mut LiveResource, key: &str, value: &str) {
    live.resource.labels.insert(format!("{OMNI_PREFIX}{key}"), value.into());
}

/// Owners, phases, labels and annotations that nobody needs.
fn oddities(dice: &mut Dice, live: &mut LiveResource) {
    if dice.one_in(4) {
        let (key, value) =
            [("environment", "production"), ("a/b", "true"), ("empty", ""), ("n", "0x1F")][dice.roll(4)];
        live.resource.labels.insert(key.into(), value.into());
    }
    if dice.one_in(6) {
        live.resource
            .annotations
            .insert("note".into(), dice.pick(&["by hand", "10", "yes: \"no\"", "ü\u{202e}"]).into());
    }
    match dice.roll(24) {
        0 => live.owner = "SomeController".into(),
        1 => live.phase = Phase::TearingDown,
        2 => label(live, "disabled", ""),
        3 => drop(live.resource.annotations.insert(format!("{OMNI_PREFIX}cluster-locked"), String::new())),
        _ => {}
    }
}

const LONG: &str = "# 1\n# 2\n# 3\n# 4\n# 5\n# 6\n# 7\n# 8\n# 9\n# 10\n# 11\n# 12\n# 13\n# 14\n# 15\n# 16\n# 17\n# 18\n# 19\n# 20\n# 21\n# 22\n# 23\n# 24\n# 25\n# 26\n# 27\n# 28\n# 29\n# 30\n# 31\n# 32\n# 33\n# 34\n# 35\n# 36\n# 37\n# 38\n# 39\n# 40\n# 41\ncluster:\n  proxy:\n    disabled: true\n";

fn patch_text(dice: &mut Dice) -> String {
    match dice.roll(20) {
        0 => "cluster:\n    proxy:\n        disabled: true\n".into(),
        1 => "machine:\n    sysctls:\n        vm.max_map_count: \"262144\"\n".into(),
        2 => "# by hand\nmachine:\n  sysctls: {a.b: \"1\"}   # why\n".into(),
        3 => "machine:\r\n  sysctls: {a: \"1\"}\r\n".into(),
        4 => "machine: {sysctls: {a: b}}".into(),
        5 => "machine:\n    sysctls:\n        a: b\n---\napiVersion: v1alpha1\nkind: ExtensionServiceConfig\nname: x\n".into(),
        6 => LONG.into(),
        7 => "machine:\n  sysctls:\n    a: \"\u{1f600}\"\n".into(),
        8 => format!("machine:\n  registries:\n    config:\n      ghcr.io:\n        auth:\n          password: {SECRET}\n"),
        9 => "machine:\n  noSuchKeyAtAll: 1\n".into(),
        10 => "cluster:\n  id: x\n".into(),
        11 => "not yaml: [\n".into(),
        12 => "\n\nmachine:\n  sysctls: {a: b}\n\n\n".into(),
        13 => "machine:\n  sysctls:\n    a: 'tab\there'\n".into(),
        14 => " machine:\n  sysctls: {a: b}\n".into(),
        15 => "machine:\n    sysctls:\n        a: b\n        \"1\": \"2\"\n".into(),
        16 => String::new(),
        17 => "---\nmachine:\n    sysctls:\n        a: b\n".into(),
        18 => "machine:\n    network:\n        interfaces:\n            - interface: eth0\n              dhcp: true\n".into(),
        _ => "machine:\n  time:\n    servers: [192.168.3.1]\n".into(),
    }
}

fn patch(
    dice: &mut Dice,
    world: &mut World,
    cluster: &str,
    prefix: &str,
    first: usize,
    position: usize,
    level: Option<(&str, &str)>,
) {
    let name = dice.pick(&[
        "one",
        "two",
        "patches/file.yaml",
        "patches/../up.yaml",
        "a b",
        "Cilium",
        "cilium",
        "",
        "10",
    ]);
    let id = match dice.roll(5) {
        0 => format!("500-{name}-{position}"),
        1 => format!("{:03}-{prefix}-other{position}", first + position),
        2 => format!("{:03}-{prefix}-{name}", first + position + 1),
        _ => format!("{:03}-{prefix}-{name}", first + position),
    };
    let mut one =
        live("ConfigPatches", "default", &id, json(serde_json::json!({ "data": patch_text(dice) })));
    if !dice.one_in(6) {
        one.resource.annotations.insert("name".into(), name.into());
    }
    label(&mut one, "cluster", cluster);
    if let Some((key, value)) = level {
        label(&mut one, key, value);
    }
    if dice.one_in(16) {
        label(&mut one, "system-patch", "");
    }
    oddities(dice, &mut one);
    world.put(one);
}

fn patches(
    dice: &mut Dice,
    world: &mut World,
    cluster: &str,
    prefix: &str,
    first: usize,
    level: Option<(&str, &str)>,
) {
    for position in 0..dice.roll(4) {
        patch(dice, world, cluster, prefix, first, position, level);
    }
}

fn extensions(dice: &mut Dice, world: &mut World, cluster: &str, of: &str, level: Option<(&str, &str)>) {
    if !dice.one_in(3) {
        return;
    }
    let list = [
        serde_json::json!([]),
        serde_json::json!(["siderolabs/iscsi-tools", "siderolabs/a", "siderolabs/a"]),
    ];
    let id = if dice.one_in(5) { format!("by-hand-{of}") } else { format!("schematic-{of}") };
    let spec = json(serde_json::json!({ "extensions": list[dice.roll(2)] }));
    let mut one = live("ExtensionsConfigurations", "default", &id, spec);
    label(&mut one, "cluster", cluster);
    if let Some((key, value)) = level {
        label(&mut one, key, value);
    }
    oddities(dice, &mut one);
    world.put(one);
}

fn set_spec(dice: &mut Dice, classes: &[&str], plain: bool) -> (Value, bool) {
    let mut spec = serde_json::json!({ "update_strategy": 1 });
    if !plain && dice.one_in(3) {
        let strategy = [
            serde_json::json!({ "update_strategy": 0 }),
            serde_json::json!({ "update_strategy": 1, "delete_strategy": 1 }),
            serde_json::json!({ "update_strategy": 1, "update_strategy_config": { "rolling": { "max_parallelism": 2 } } }),
            serde_json::json!({ "update_strategy": 1, "delete_strategy": 1, "delete_strategy_config": { "rolling": {} } }),
            serde_json::json!({ "update_strategy": 1, "upgrade_strategy": 1 }),
            serde_json::json!({ "update_strategy": 1, "upgrade_strategy_config": {} }),
            serde_json::json!({ "update_strategy": 1, "not_known_here": { "a": 1 } }),
        ];
        spec = strategy[dice.roll(strategy.len())].clone();
    }
    let by_class = !classes.is_empty() && dice.one_in(2);
    if by_class {
        let allocation = [
            serde_json::json!({ "name": classes[dice.roll(classes.len())], "machine_count": dice.roll(4) }),
            serde_json::json!({ "name": classes[dice.roll(classes.len())], "allocation_type": 1 }),
            serde_json::json!({ "name": classes[0], "machine_count": 2, "allocation_type": 1 }),
        ];
        let field = if !plain && dice.one_in(8) { "machine_class" } else { "machine_allocation" };
        spec[field] = allocation[dice.roll(if plain { 2 } else { 3 })].clone();
    }
    (json(spec), by_class)
}

fn machine_set(
    dice: &mut Dice,
    world: &mut World,
    cluster: &str,
    name: &str,
    classes: &[&str],
    machines: &mut u32,
) {
    let id = match name {
        "!foreign" => "of-nobody".to_owned(),
        name => format!("{cluster}-{name}"),
    };
    let role = if name == "control-planes" { "role-controlplane" } else { "role-worker" };
    let plain = name == "control-planes" && !dice.one_in(8);
    let (spec, by_class) = set_spec(dice, classes, plain);
    let mut set = live("MachineSets", "default", &id, spec);
    label(&mut set, "cluster", cluster);
    if plain || !dice.one_in(20) {
        label(&mut set, role, "");
    }
    if !plain {
        oddities(dice, &mut set);
    }
    world.put(set);
    patches(dice, world, cluster, &id, 400, Some(("machine-set", &id)));
    extensions(dice, world, cluster, &id, Some(("machine-set", &id)));
    for _ in 0..dice.roll(3) {
        *machines += 1;
        let uuid = format!("a0000001-0000-4000-8000-{machines:012}");
        let mut node = live("MachineSetNodes", "default", &uuid, Value::map());
        label(&mut node, "cluster", cluster);
        label(&mut node, "machine-set", &id);
        label(&mut node, role, "");
        if by_class {
            label(&mut node, "managed-by-machine-set-node-controller", "");
            node.owner = "MachineSetNodeController".into();
        }
        if dice.one_in(4) {
            node.resource.annotations.insert(format!("{OMNI_PREFIX}locked"), String::new());
        }
        if !by_class {
            oddities(dice, &mut node);
        }
        world.put(node);
        let prefix = format!("cm-{uuid}");
        patches(dice, world, cluster, &prefix, 400, Some(("cluster-machine", &uuid)));
        extensions(dice, world, cluster, &uuid, Some(("cluster-machine", &uuid)));
        if dice.one_in(6) {
            let mut disk = live(
                "ConfigPatches",
                "default",
                &format!("000-{prefix}-install-disk"),
                json(serde_json::json!({ "data": "machine:\n    install:\n        disk: /dev/vda\n" })),
            );
            disk.resource.annotations.insert("name".into(), "install-disk".into());
            label(&mut disk, "cluster", cluster);
            label(&mut disk, "cluster-machine", &uuid);
            label(&mut disk, "system-patch", "");
            world.put(disk);
        }
        if dice.one_in(4) {
            let args = [serde_json::json!([]), serde_json::json!(["console=ttyS0", "a=b c"])];
            let mut args =
                live("KernelArgs", "default", &uuid, json(serde_json::json!({ "args": args[dice.roll(2)] })));
            if dice.one_in(2) {
                let mark = format!("{OMNI_PREFIX}managed-by-cluster-templates");
                args.resource.annotations.insert(mark, String::new());
            }
            world.put(args);
        }
    }
}

fn kubernetes(dice: &mut Dice, world: &mut World, cluster: &str) {
    let mut position = 200;
    for i in 0..dice.roll(3) {
        position += usize::from(dice.one_in(4));
        let name = dice.pick(&["cni", "manifests/m.yaml", "s p"]);
        let data = [
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: a\n",
            "kind: Secret\ndata: {a: hunter2-hunter2}\n",
        ];
        let id = format!("{position:03}-cluster-{cluster}-{name}{i}");
        let data = data[usize::from(dice.one_in(4))];
        let mut group = live(
            "KubernetesManifestGroups",
            "default",
            &id,
            json(serde_json::json!({ "data": data, "mode": 1 + dice.roll(2) })),
        );
        group
            .resource
            .annotations
            .insert("name".into(), if dice.one_in(4) { "other".into() } else { format!("{name}{i}") });
        label(&mut group, "cluster", cluster);
        world.put(group);
        position += 1;
    }
    if dice.one_in(3) {
        let id = [format!("cluster-{cluster}-up"), "by-hand".to_owned()][dice.roll(2)].clone();
        let spec = [
            serde_json::json!({ "job": "apiVersion: batch/v1\nkind: Job\n", "interval": "90s" }),
            serde_json::json!({ "job": "# x\napiVersion: batch/v1\nkind: Job\n" }),
        ];
        let mut check = live("KubernetesHealthChecks", "default", &id, json(spec[dice.roll(2)].clone()));
        label(&mut check, "cluster", cluster);
        oddities(dice, &mut check);
        world.put(check);
    }
}

fn cluster(dice: &mut Dice, world: &mut World, name: &str, classes: &[&str], machines: &mut u32) {
    let spec = [
        serde_json::json!({ "kubernetes_version": "1.34.3", "talos_version": "1.11.6", "features": {} }),
        serde_json::json!({ "kubernetes_version": "1.35.0", "talos_version": "1.12.0" }),
        serde_json::json!({ "kubernetes_version": "1.34.3", "talos_version": "1.11.6",
            "features": { "disk_encryption": true, "enable_workload_proxy": true, "use_embedded_discovery_service": true } }),
        serde_json::json!({ "kubernetes_version": "1.34.3", "talos_version": "1.11.6", "features": {},
            "backup_configuration": { "interval": "5400s", "enabled": true } }),
        serde_json::json!({ "kubernetes_version": "1.34.3", "talos_version": "1.11.6", "features": { "enable_node_audit_skip": true } }),
        serde_json::json!({ "kubernetes_version": "1.34.3", "talos_version": "1.11.6", "features": {}, "new_field": "x",
            "backup_configuration": { "interval": "60s" } }),
    ];
    let likely = if dice.one_in(8) { dice.roll(6) } else { dice.roll(4) };
    let mut root = live("Clusters", "default", name, json(spec[likely].clone()));
    if !dice.one_in(3) {
        root.resource.annotations.insert(format!("{OMNI_PREFIX}managed-by-cluster-templates"), String::new());
    }
    if dice.one_in(4) {
        root.resource.annotations.insert(format!("{OMNI_PREFIX}cluster-locked"), String::new());
    }
    if dice.one_in(4) {
        root.resource.labels.insert("environment".into(), "production".into());
    }
    world.put(root);
    patches(dice, world, name, &format!("cluster-{name}"), 200, None);
    extensions(dice, world, name, name, None);
    kubernetes(dice, world, name);
    machine_set(dice, world, name, "control-planes", classes, machines);
    for set in ["workers", "gpu.1", "b-workers", "!foreign"] {
        if dice.one_in(if set == "workers" { 2 } else { 4 }) {
            machine_set(dice, world, name, set, classes, machines);
        }
    }
}

fn class(dice: &mut Dice, world: &mut World, id: &str) {
    const GOOD: &str = "cores: 4\nsockets: 1\nmemory: 8192\ndisk_size: 40\nnetwork_bridge: vmbr0\nstorage_selector: name == \"vm_ssd\"\n";
    let data = match dice.roll(8) {
        0 => GOOD.trim_end().to_owned(),
        1 => format!("# by hand\n{GOOD}\n\n"),
        2 => format!("{GOOD}password: {SECRET}\n"),
        3 => "cores: many\n".to_owned(),
        4 => GOOD.replace('\n', "\r\n"),
        _ => GOOD.to_owned(),
    };
    let provider = dice.pick(&["Proxmox", "Proxmox", "bare", "gone", "a b"]);
    let spec = match dice.roll(6) {
        0 => serde_json::json!({ "match_labels": ["site = home", "omni.sidero.dev/arch = amd64"] }),
        1 => {
            serde_json::json!({ "auto_provision": { "provider_id": provider, "provider_data": data, "kernel_args": ["a=b"],
            "meta_values": [{ "key": 12, "value": "x: y" }], "grpc_tunnel": 2, "not_known_here": "x" } })
        }
        2 => serde_json::json!({ "auto_provision": { "provider_id": "bare" } }),
        _ => serde_json::json!({ "auto_provision": { "provider_id": provider, "provider_data": data } }),
    };
    let mut class = live("MachineClasses", "default", id, json(spec));
    oddities(dice, &mut class);
    world.put(class);
}

/// A world from numbers.
pub fn world(numbers: Vec<u32>) -> Snapshot {
    let mut dice = Dice::new(numbers);
    let mut world = World::default();
    for short in [
        "Clusters",
        "MachineSets",
        "MachineSetNodes",
        "ConfigPatches",
        "ExtensionsConfigurations",
        "KernelArgs",
        "KubernetesManifestGroups",
        "KubernetesHealthChecks",
        "MachineClasses",
    ] {
        world.types.insert(format!("{short}{TYPE_SUFFIX}"), Vec::new());
    }
    for (id, connected) in [("Proxmox", true), ("bare", false), ("a b", true)] {
        let health = serde_json::json!({ "name": id, "health": { "connected": connected } });
        world.put(live("InfraProviderCombinedStatuses", "ephemeral", id, json(health)));
    }
    let names = ["worker", "Worker", "../etc", "control plane", "ü"];
    let classes: Vec<&str> = names.into_iter().filter(|_| dice.one_in(2)).collect();
    for id in &classes {
        class(&mut dice, &mut world, id);
    }
    let mut machines = 0;
    for name in ["talos-prod-01", "a", "a-b", "Größe_1", "con"] {
        if dice.one_in(3) {
            cluster(&mut dice, &mut world, name, &classes, &mut machines);
        }
    }
    let types = world.types.into_iter().map(|(kind, mut list)| {
        list.sort_by(|a, b| a.resource.id.cmp(&b.resource.id));
        (kind, Observation::Known(list))
    });
    Snapshot {
        omni: OmniSnapshot {
            endpoint: "https://omni.example.net".into(),
            version: Observation::Known("v1.9.3".into()),
            types: types.collect(),
        },
        proxmox: BTreeMap::new(),
    }
}
