//! What fields of each kind do to machines, as the table says.

use super::world::*;
use crate::kinds::Effect;

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
    for row in crate::plan::effects::table::Subject::Talos.rows() {
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
