//! Every guard: a world in which it speaks, one in which it is silent, and where something lifts it, the words that do.

use std::collections::BTreeSet;

use omni_scale::live::{NodeStatus, Observation, Reason};
use omni_scale::plan::Warning;
use omni_scale::policy::guards::ALL;
use omni_scale::resource::{LiveResource, Resource};
use omni_scale::spec::Together;
use omni_scale::value::Value;

use crate::cases::{Case, all};

/// What a guard is to do in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Blocks,
    /// It blocks, and the words that it prints lift it.
    Lifts,
    Warns,
    /// It tells what it does not know, or what is to be known.
    Tells,
    Nothing,
}
use Does::{Blocks, Lifts, Nothing, Tells, Warns};

/// Guard, what it does, golden world, what is changed there, words of the message.
type Row = (&'static str, Does, &'static str, fn(&mut Case), &'static str);

fn same(_: &mut Case) {}

fn named(name: &str) -> Case {
    all().iter().find(|c| c.name == name).unwrap_or_else(|| panic!("no case {name}")).clone()
}

fn live<'a>(case: &'a mut Case, short: &str) -> &'a mut Vec<LiveResource> {
    match case.snapshot.omni.types.get_mut(&format!("{short}.omni.sidero.dev")) {
        Some(Observation::Known(list)) => list,
        other => panic!("{short}: {other:?}"),
    }
}

fn unread(case: &mut Case, short: &str) {
    let why = Observation::Unknown(Reason("no answer".into()));
    case.snapshot.omni.types.insert(format!("{short}.omni.sidero.dev"), why);
}

/// The declared resource of an address.
fn declared<'a>(case: &'a mut Case, address: &str) -> &'a mut Resource {
    let desired = &mut case.desired;
    let clusters = desired.clusters.iter_mut().flat_map(|c| &mut c.resources);
    let found = desired.classes.iter_mut().chain(clusters).find(|d| d.address.to_string() == address);
    &mut found.unwrap_or_else(|| panic!("{address} is not declared")).resource
}

fn set(resource: &mut Resource, path: &[&str], value: Value) {
    let (last, above) = path.split_last().unwrap();
    let at = above.iter().fold(&mut resource.spec, |at, key| {
        if at.get(key).is_none() {
            at.set(key, Value::map());
        }
        at.at_mut(&[key]).unwrap()
    });
    at.set(last, value);
}

fn nodes(case: &mut Case) -> &mut Vec<omni_scale::live::PveNode> {
    match &mut case.snapshot.proxmox.get_mut("matrix").unwrap().nodes {
        Observation::Known(nodes) => nodes,
        other => panic!("{other:?}"),
    }
}

fn second_disk(case: &mut Case, system: bool, size: &str) {
    for status in live(case, "MachineStatuses") {
        let disk = |name: &str, system: bool, size: &str| {
            let json = serde_json::json!({"dev_path": name, "size": size, "system_disk": system});
            Value::from_json(&json)
        };
        let list = Value::List(vec![disk("/dev/sda", system, "107374182400"), disk("/dev/sdb", false, size)]);
        set(&mut status.resource, &["hardware", "blockdevices"], list);
    }
}

fn provider_data(case: &mut Case, class: &str, more: &str) {
    let class = declared(case, class);
    let data = class.spec.at(&["auto_provision", "provider_data"]).and_then(Value::as_str).unwrap();
    let data = Value::from(format!("{data}{more}"));
    set(class, &["auto_provision", "provider_data"], data);
}

const CLUSTER: &str = "cluster/talos-prod-01";
const PLANES: &str = "cluster/talos-prod-01/machineset/control-planes";

fn talos(case: &mut Case, from: &str, to: &str) {
    for cluster in live(case, "Clusters") {
        cluster.resource.spec.set("talos_version", Value::from(from));
    }
    declared(case, CLUSTER).spec.set("talos_version", Value::from(to));
    let kubernetes = live(case, "Clusters")[0].resource.spec.get("kubernetes_version").unwrap().clone();
    declared(case, CLUSTER).spec.set("kubernetes_version", kubernetes);
}

fn rows() -> Vec<Row> {
    let mut all: Vec<Row> = vec![
        ("G01", Lifts, "017-cluster-removed", same, "is destroyed"),
        ("G01", Nothing, "009-workers-removed", same, ""),
        (
            "G02",
            Lifts,
            "050-control-planes-3-to-1",
            same,
            "2 control planes of `cluster/talos-prod-01` are lost",
        ),
        ("G02", Nothing, "007-workers-3-to-1", same, ""),
        ("G02", Nothing, "017-cluster-removed", same, ""),
        ("G03", Blocks, "051-upgrade-with-a-voter-down", same, "falls to 1 healthy of 3 voters, and needs 2"),
        ("G03", Nothing, "052-upgrade-watched", same, ""),
        ("G03", Blocks, "050-control-planes-3-to-1", |c| unread(c, "ClusterMachineStatuses"), "is not known"),
        ("G03", Warns, "052-upgrade-watched", one_plane, "without a majority for a while"),
        ("G04", Lifts, "050-control-planes-3-to-1", same, "shrinks from 3 to 1"),
        ("G04", Nothing, "006-workers-2-to-3", same, ""),
        (
            "G04",
            Warns,
            "002-no-changes",
            |c| set(declared(c, PLANES), &["machine_allocation", "machine_count"], Value::Int(4)),
            "tolerate no more failures than 3",
        ),
        ("G05", Lifts, "063-backup-stale", same, "is of 2025-12-29T22:00:00Z, more than 24h ago"),
        (
            "G05",
            Warns,
            "063-backup-stale",
            |c| c.review.policy.etcd_backup_max_age = None,
            "more than 24h ago",
        ),
        ("G05", Nothing, "008-both-versions", same, ""),
        ("G05", Warns, "008-both-versions", |c| live(c, "EtcdBackupStatuses").clear(), "none was ever tried"),
        ("G05", Warns, "008-both-versions", |c| unread(c, "EtcdBackupStatuses"), "is not known: no answer"),
        (
            "G05",
            Warns,
            "008-both-versions",
            |c| {
                let status = &mut live(c, "EtcdBackupStatuses")[0].resource.spec;
                *status = Value::from_json(&serde_json::json!({"status": 2, "error": "no bucket"}));
            },
            "there is no backup of its etcd (the last attempt failed: no bucket)",
        ),
        (
            "G05",
            Warns,
            "050-control-planes-3-to-1",
            |c| live(c, "EtcdBackupStatuses").clear(),
            "changes its control planes",
        ),
        ("G05", Nothing, "063-backup-stale", |c| c.review.policy.etcd_backup_max_age = Some(7 * 86_400), ""),
        (
            "G05",
            Lifts,
            "063-backup-stale",
            |c| c.review.policy.etcd_backup_max_age = Some(5400),
            "more than 90m ago",
        ),
        ("G05", Nothing, "007-workers-3-to-1", |c| live(c, "EtcdBackupStatuses").clear(), ""),
        ("G05", Nothing, "004-patch-edit", |c| live(c, "EtcdBackupStatuses").clear(), ""),
        ("G05", Nothing, "017-cluster-removed", |c| live(c, "EtcdBackupStatuses").clear(), ""),
        ("G05", Nothing, "001-fresh-deployment", |c| unread(c, "EtcdBackupStatuses"), ""),
        ("G05", Nothing, "063-backup-stale", not_bootstrapped, ""),
        (
            "G06",
            Lifts,
            "008-both-versions",
            |c| talos(c, "1.12.0", "1.11.6"),
            "goes back from v1.12.0 to v1.11.6",
        ),
        ("G06", Lifts, "008-both-versions", |c| talos(c, "1.10.0", "1.12.0"), "skips a minor version"),
        ("G06", Nothing, "008-both-versions", |c| talos(c, "1.11.6", "1.12.0"), ""),
        ("G06", Blocks, "027-versions-not-offered", same, ""),
        ("G07", Warns, "008-both-versions", same, ""),
        ("G07", Lifts, "008-both-versions", |c| c.review.policy.together = Some(Together::Split), ""),
        ("G07", Nothing, "008-both-versions", |c| c.review.policy.together = Some(Together::Allow), ""),
        ("G07", Nothing, "008-both-versions", |c| talos(c, "1.11.6", "1.12.0"), ""),
        (
            "G08",
            Blocks,
            "002-no-changes",
            |c| set(declared(c, CLUSTER), &["features", "disk_encryption"], Value::Bool(true)),
            "",
        ),
        ("G08", Nothing, "008-both-versions", same, ""),
        (
            "G09",
            Blocks,
            "003-class-memory",
            |c| {
                set(
                    declared(c, "class/matrix-worker"),
                    &["auto_provision", "provider_id"],
                    Value::from("other"),
                );
            },
            "while 2 machines of the old one are there",
        ),
        ("G09", Nothing, "003-class-memory", same, ""),
        ("G10", Blocks, "026-class-in-use", same, ""),
        ("G10", Nothing, "003-class-memory", same, ""),
        ("G11", Blocks, "013-cluster-locked", same, "is locked in Omni"),
        ("G11", Blocks, "014-locked-machine-would-go", same, "is locked in Omni and would be lost"),
        ("G11", Warns, "015-locked-machine-held-back", same, "until it is unlocked"),
        ("G11", Nothing, "007-workers-3-to-1", same, ""),
        ("G12", Blocks, "028-machine-of-another-cluster", same, ""),
        ("G12", Nothing, "012-foreign-patch", same, ""),
        (
            "G13",
            Lifts,
            "007-workers-3-to-1",
            |c| second_disk(c, true, "214748364800"),
            "(1 further disk, 214 GB)",
        ),
        ("G13", Nothing, "007-workers-3-to-1", same, ""),
        ("G13", Nothing, "007-workers-3-to-1", |c| second_disk(c, true, "0"), ""),
        ("G13", Nothing, "006-workers-2-to-3", |c| second_disk(c, true, "214748364800"), ""),
        ("G13", Nothing, "017-cluster-removed", |c| second_disk(c, true, "214748364800"), ""),
        (
            "G13",
            Lifts,
            "007-workers-3-to-1",
            |c| c.review.policy.stateful = vec!["cluster/*/machineset/workers".parse().unwrap()],
            "(`policy.stateful`)",
        ),
        (
            "G13",
            Nothing,
            "007-workers-3-to-1",
            |c| c.review.policy.stateful = vec!["cluster/*/machineset/db".parse().unwrap()],
            "",
        ),
        ("G13", Tells, "007-workers-3-to-1", |c| second_disk(c, false, "214748364800"), "is not known"),
        ("G13", Tells, "007-workers-3-to-1", |c| unread(c, "MachineStatuses"), "is not known"),
        (
            "G14",
            Lifts,
            "006-workers-2-to-3",
            |c| nodes(c).iter_mut().for_each(|n| n.mem = Some(n.maxmem.unwrap() * 7 / 10)),
            "no node has room for one machine of 16 GiB",
        ),
        (
            "G14",
            Warns,
            "001-fresh-deployment",
            |c| nodes(c).iter_mut().for_each(|n| n.mem = Some(n.maxmem.unwrap() * 62 / 100)),
            "all nodes together have",
        ),
        (
            "G14",
            Lifts,
            "006-workers-2-to-3",
            |c| {
                provider_data(c, "class/matrix-worker", "node: golf\n");
                nodes(c)[1].mem = Some(50 << 30);
            },
            "pins node `golf`, which has 50 GiB of 64 GiB in use and would get 16 GiB more",
        ),
        (
            "G14",
            Nothing,
            "006-workers-2-to-3",
            |c| {
                provider_data(c, "class/matrix-worker", "node: golf\n");
                nodes(c)[1].status = NodeStatus::Offline;
            },
            "",
        ),
        (
            "G14",
            Nothing,
            "006-workers-2-to-3",
            |c| provider_data(c, "class/matrix-worker", "node: hotel\n"),
            "",
        ),
        ("G14", Nothing, "006-workers-2-to-3", same, ""),
        ("G14", Nothing, "007-workers-3-to-1", |c| nodes(c).iter_mut().for_each(|n| n.mem = n.maxmem), ""),
        (
            "G14",
            Tells,
            "006-workers-2-to-3",
            |c| nodes(c).iter_mut().for_each(|n| n.mem = None),
            "the memory of `foxtrot`, `golf`, `hotel` is not told",
        ),
        ("G15", Lifts, "017-cluster-removed", same, "declare no cluster"),
        ("G15", Blocks, "017-cluster-removed", |c| c.review.ci = true, "declare no cluster"),
        ("G15", Nothing, "009-workers-removed", same, ""),
        ("G16", Lifts, "007-workers-3-to-1", same, "too many destroys"),
        ("G16", Nothing, "006-workers-2-to-3", same, ""),
        ("G16", Nothing, "007-workers-3-to-1", |c| c.review.policy.thresholds.destroy = 2, ""),
    ];
    all.sort_by_key(|row| row.0);
    all
}

/// Omni says that the cluster has no etcd yet.
fn not_bootstrapped(case: &mut Case) {
    let kind = "ClusterBootstrapStatuses.omni.sidero.dev";
    let mut status = live(case, "EtcdBackupStatuses")[0].clone();
    status.resource.id.kind = kind.into();
    status.resource.id.namespace = "default".into();
    status.resource.spec = Value::map();
    case.snapshot.omni.types.insert(kind.into(), Observation::Known(vec![status]));
}

/// A cluster of one control plane.
fn one_plane(case: &mut Case) {
    set(declared(case, PLANES), &["machine_allocation", "machine_count"], Value::Int(1));
    for set_ in live(case, "MachineSets") {
        if set_.resource.id.id.ends_with("control-planes") {
            set(&mut set_.resource, &["machine_allocation", "machine_count"], Value::Int(1));
        }
    }
    let planes: Vec<String> = live(case, "MachineSetNodes")
        .iter()
        .filter(|n| n.resource.omni_label("role-controlplane").is_some())
        .map(|n| n.resource.id.id.clone())
        .skip(1)
        .collect();
    for short in ["MachineSetNodes", "ClusterMachineStatuses", "MachineStatuses"] {
        live(case, short).retain(|l| !planes.contains(&l.resource.id.id));
    }
}

fn spoken(case: &Case, guard: &str) -> Vec<Warning> {
    let plan = case.plan();
    plan.warnings.into_iter().filter(|w| w.guard.as_deref() == Some(guard)).collect()
}

#[test]
fn every_guard_speaks_when_it_should_and_only_then() {
    let mut wrong = Vec::new();
    for (guard, does, world, change, words) in rows() {
        let mut case = named(world);
        case.review.flags.clear();
        change(&mut case);
        let found = spoken(&case, guard);
        let said: Vec<&str> = found.iter().map(|w| w.message.as_str()).collect();
        let place = format!("{guard} {does:?} in {world}: {said:#?}");
        let blocks: Vec<&Warning> = found.iter().filter(|w| w.blocks).collect();
        let fine = match does {
            Nothing => found.is_empty(),
            Blocks | Lifts => !blocks.is_empty(),
            Warns => blocks.is_empty() && found.iter().any(|w| !w.info),
            Tells => blocks.is_empty() && !found.is_empty() && found.iter().all(|w| w.info),
        };
        if !fine || !said.iter().any(|m| m.contains(words)) && does != Nothing {
            wrong.push(place.clone());
            continue;
        }
        let lifts: BTreeSet<String> = blocks.iter().filter_map(|w| w.lift.clone()).collect();
        if does == Blocks && !lifts.is_empty() {
            wrong.push(format!("{place}: says that {lifts:?} lifts it"));
        }
        if does == Lifts {
            case.review.flags = lifts.into_iter().collect();
            let lifted = spoken(&case, guard);
            if lifted.iter().any(|w| w.blocks) || !lifted.iter().any(|w| w.lifted.is_some()) {
                wrong.push(format!("{place}: {:?} does not lift it", case.review.flags));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_every_guard() {
    for guard in ALL {
        assert!(guard.built, "{}", guard.code);
        let of: Vec<Does> = rows().into_iter().filter(|r| r.0 == guard.code).map(|r| r.1).collect();
        // These two are about what was not read, and about a file: see below.
        if matches!(guard.code, "G17" | "G18") {
            assert!(of.is_empty());
            continue;
        }
        assert!(of.contains(&Nothing), "{} is never silent", guard.code);
        assert!(of.iter().any(|d| matches!(d, Blocks | Lifts)), "{} never speaks", guard.code);
        let liftable = of.contains(&Lifts);
        assert_eq!(liftable, !guard.lift.starts_with("Nothing") && guard.code != "G03", "{}", guard.code);
    }
}

#[test]
fn what_was_not_read_makes_a_plan_incomplete_and_nothing_lifts_that() {
    assert!(named("002-no-changes").plan().unknown.is_empty());
    let mut case = named("002-no-changes");
    unread(&mut case, "ConfigPatches");
    let plan = case.plan();
    assert!(plan.unknown.iter().any(|u| u.contains("no answer")), "{:?}", plan.unknown);
    assert!(!plan.unknown_subtrees.is_empty());
}

#[test]
fn a_saved_plan_of_another_world_is_refused() {
    let case = named("008-both-versions");
    let saved = crate::saved::saved(&case.plan(), &case.snapshot, None);
    let own = case.snapshot.omni.endpoint.clone();
    assert_eq!(saved.is_for(&own), Ok(()));
    assert!(saved.is_for("https://omni.example.net").is_err());
    let (bytes, _) = omni_scale::plan::file::encode(&saved).unwrap();
    assert!(omni_scale::plan::file::decode(&bytes).is_ok());
    let newer = String::from_utf8(bytes).unwrap().replacen("\"version\":1", "\"version\":9", 1);
    assert!(omni_scale::plan::file::decode(newer.as_bytes()).is_err());
}

#[test]
fn a_key_that_omni_refuses_is_not_also_told_to_be_ignored() {
    let told = |closed: bool| {
        let mut case = named("034-data-against-schema");
        provider_data(&mut case, "class/matrix-worker", "vga: std\n");
        let status = &mut live(&mut case, "InfraProviderStatuses")[0].resource;
        let schema = status.spec.get("schema").and_then(Value::as_str).unwrap();
        let mut schema: serde_json::Value = serde_json::from_str(schema).unwrap();
        schema["additionalProperties"] = (!closed).into();
        for key in ["sockets", "network_bridge"] {
            schema["properties"][key] = serde_json::json!({});
        }
        status.spec.set("schema", Value::from(schema.to_string()));
        let plan = case.plan();
        let of =
            |code: &str| plan.warnings.iter().filter(|w| w.code == code && w.message.contains("vga")).count();
        (of("OS0427"), of("OS0529"))
    };
    assert_eq!(told(false), (0, 1));
    assert_eq!(told(true), (1, 0));
}
