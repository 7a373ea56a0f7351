//! Saved plans: what they show, what they hide, and that no byte and no fact behind them can change unnoticed.

use std::collections::BTreeMap;

use omni_scale::address::Address;
use omni_scale::kinds::fields::{Field, FieldKind, Kind};
use omni_scale::kinds::{self, written};
use omni_scale::live::{Observation, Snapshot};
use omni_scale::plan::file::{
    Body, Choices, Commit, FileError, Header, OmniIdentity, ProxmoxIdentity, Read, Refusal, Role, SavedPlan,
    Stale, What, decode, digest, encode,
};
use omni_scale::plan::{Desired, DesiredCluster, DesiredResource, Plan, PlanInput, PlanOptions, plan};
use omni_scale::render::human::diag::Look;
use omni_scale::render::{diff, human, json};
use omni_scale::resource::{LiveResource, Phase, Resource, ResourceId};
use omni_scale::secret::DigestKey;
use omni_scale::value::Value;

use crate::cases::all;

const LOOK: Look = Look { colour: false, ascii: false, width: 120 };

fn key() -> DigestKey {
    DigestKey::new([7; 32])
}

pub(crate) fn saved(plan: &Plan, snapshot: &Snapshot, key: Option<&DigestKey>) -> SavedPlan {
    let body = Body::of(plan, key);
    let header = Header {
        id: "0123456789abcdef0123456789abcdef".into(),
        tool: "0.1.0".into(),
        created: 1_790_000_000,
        expires: 1_790_086_400,
        omni: OmniIdentity { account: Some("a".into()), instance: Some("i".into()) },
        proxmox: ProxmoxIdentity::of(snapshot),
        files: Vec::new(),
        commit: Commit::try_from("a1".repeat(20)).ok(),
        choices: Choices::default(),
        key: key.filter(|_| body.is_keyed()).map(|k| k.name().to_owned()),
    };
    let digest = digest(&body);
    SavedPlan { header, plan: body, reads: Read::all(plan, snapshot, key), digest }
}

fn shown(plan: &Plan) -> [String; 4] {
    [
        human::plan::text(plan, LOOK),
        human::plan::brief(plan, LOOK),
        json::plan::text(plan),
        diff::text(plan, "2026-02-01T00:00:00Z", diff::Secrets::Covered, false),
    ]
}

#[test]
fn a_saved_plan_shows_what_the_plan_showed() {
    let key = key();
    let mut secrets = 0;
    for case in all() {
        let plan = case.plan();
        for key in [Some(&key), None] {
            let saved = saved(&plan, &case.snapshot, key);
            let (bytes, _) = encode(&saved).unwrap_or_else(|e| panic!("{}: {e}", case.name));
            let (back, _) = decode(&bytes).unwrap();
            assert_eq!(shown(&back.plan.plan()), shown(&plan), "{}", case.name);
            assert_eq!(digest(&Body::of(&plan, key)), back.digest, "{}", case.name);
            assert_eq!(back.agrees(&plan, &case.snapshot, key), Ok(Vec::new()), "{}", case.name);
            let text = String::from_utf8(bytes).unwrap();
            assert!(!text.contains("hunter2"), "{}", case.name);
        }
        secrets += usize::from(serde_json::to_string(&case.desired).unwrap().contains("hunter2"));
    }
    assert!(secrets > 0);
}

/// Every byte flipped in three ways, every cut, every byte appended, put in front, or put in between.
#[test]
fn no_other_bytes_are_a_saved_plan() {
    let case = all().iter().find(|c| c.name.starts_with("045")).unwrap();
    let saved = saved(&case.plan(), &case.snapshot, None);
    let (bytes, _) = encode(&saved).unwrap();
    let (mut refused, mut tried) = (0, 0);
    let mut refuse = |bytes: &[u8], what: &dyn Fn() -> String| {
        tried += 1;
        match decode(bytes) {
            Err(FileError::Damaged(_) | FileError::NotAPlan | FileError::Newer(_)) => refused += 1,
            other => panic!("{}: {other:?}", what()),
        }
    };
    let mut flipped = bytes.clone();
    for at in 0..bytes.len() {
        for pattern in [0x01, 0x20, 0xff] {
            flipped[at] ^= pattern;
            refuse(&flipped, &|| format!("byte {at} with {pattern:#x} flipped"));
            flipped[at] ^= pattern;
        }
        refuse(&bytes[..at], &|| format!("cut at {at}"));
    }
    for byte in 0..=255u8 {
        refuse(&[bytes.as_slice(), &[byte]].concat(), &|| format!("{byte} appended"));
        refuse(&[&[byte], bytes.as_slice()].concat(), &|| format!("{byte} in front"));
    }
    for at in (0..bytes.len()).step_by(7) {
        refuse(&[&bytes[..at], b" ", &bytes[at..]].concat(), &|| format!("a blank at {at}"));
    }
    refuse(&[bytes.clone(), bytes.clone()].concat(), &|| "twice".into());
    assert_eq!(refused, tried);
    println!("bytes of a saved plan: {refused} of {tried} changes refused");
}

#[test]
fn other_formats_are_told_apart() {
    let case = all().first().unwrap();
    let saved = saved(&case.plan(), &case.snapshot, None);
    let (bytes, sum) = encode(&saved).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let newer = text.replacen("\"version\":1", "\"version\":2", 1);
    assert_eq!(decode(newer.as_bytes()).unwrap_err(), FileError::Newer(2));
    assert_eq!(
        decode(b"{\"format\":\"omni-scale.saved-plan\",\"version\":9,\"x\":1}"),
        Err(FileError::Newer(9))
    );
    for other in [&b""[..], b"PK\x03\x04", b"{}", b"\0", json::plan::text(&case.plan()).as_bytes()] {
        assert_eq!(decode(other), Err(FileError::NotAPlan));
    }
    // What it shows was edited, and the sum made anew: the digest still names the plan that was approved.
    let body = text.split_once(",\"plan\":").unwrap().1.strip_suffix("}\n").unwrap();
    let edited = body.replacen("\"action\":\"create\"", "\"action\":\"destroy\"", 1);
    assert_ne!(edited, body);
    let sum_of = omni_scale::secret::sha256(edited.as_bytes());
    let forged = text.replacen(&sum["sha256:".len()..], &sum_of, 1).replacen(body, &edited, 1);
    assert!(matches!(decode(forged.as_bytes()), Err(FileError::Damaged(why)) if why.contains("digest")));
}

#[test]
fn a_plan_answers_for_what_it_is_bound_to() {
    let case = all().iter().find(|c| c.name.starts_with("003")).unwrap();
    let plan = case.plan();
    let saved = saved(&plan, &case.snapshot, None);
    let other = format!("sha256:{}", "0".repeat(64));
    assert_eq!(saved.is_named(&saved.digest, &other), Ok(()));
    assert_eq!(saved.is_named("sha256:file", "sha256:file"), Ok(()));
    assert!(matches!(saved.is_named(&other, "sha256:file"), Err(Refusal::Digest { .. })));
    assert_eq!(saved.is_of_tool("0.1.0"), Ok(()));
    assert!(matches!(saved.is_of_tool("0.2.0"), Err(Refusal::Tool { .. })));
    assert_eq!(saved.is_for(&plan.omni), Ok(()));
    assert!(matches!(saved.is_for("https://other.example.net"), Err(Refusal::Omni { .. })));
    let identity = |account: Option<&str>, instance: Option<&str>| OmniIdentity {
        account: account.map(str::to_owned),
        instance: instance.map(str::to_owned),
    };
    assert_eq!(saved.is_for_instance(&identity(Some("a"), Some("i"))), Ok(()));
    for wrong in [identity(Some("b"), Some("i")), identity(Some("a"), Some("j")), identity(None, Some("i"))] {
        assert!(matches!(saved.is_for_instance(&wrong), Err(Refusal::Instance { .. })), "{wrong:?}");
    }
    let mut moved = ProxmoxIdentity::of(&case.snapshot);
    assert!(!moved[0].nodes.is_empty());
    assert_eq!(saved.is_for_proxmox(&moved), Ok(()));
    moved[0].nodes = std::iter::once("elsewhere".to_owned()).collect();
    assert!(matches!(saved.is_for_proxmox(&moved), Err(Refusal::Proxmox { .. })));
    assert_eq!(saved.is_good_at(1_790_086_399), Ok(()));
    assert_eq!(saved.is_good_at(1_790_086_400), Err(Refusal::Expired("2026-09-22T14:13:20Z".into())));
    let (lineage, serial) = plan.record.clone().unwrap();
    assert_eq!(saved.is_of_record(Some((&lineage, serial))), Ok(()));
    for wrong in [None, Some((lineage.as_str(), serial + 1)), Some(("other", serial))] {
        assert!(matches!(saved.is_of_record(wrong), Err(Refusal::Record { .. })), "{wrong:?}");
    }
    assert_eq!(saved.is_of_files(&plan.files_digest, &[]), Ok(()));
    assert!(matches!(saved.is_of_files("x", &[]), Err(Refusal::Files(_))));
    for wrong in ["", "a1b2c3d", &"A1".repeat(20), &"g1".repeat(20), &"a".repeat(65)] {
        assert!(Commit::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
}

/// Secrets that nobody can compare are bound by the server's counter and by the files; with a key by their digests.
#[test]
fn a_changed_secret_is_another_plan() {
    let case = all().iter().find(|c| c.name.starts_with("023")).unwrap();
    let plan = case.plan();
    let key = key();
    let edit = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        text.replace(from, to)
    };
    let live = serde_json::to_string(&case.snapshot).unwrap();
    let wanted = serde_json::to_string(&case.desired).unwrap();
    let secrets: Vec<&str> = ["hunter2", "hunter3"].into_iter().filter(|s| live.contains(s)).collect();
    assert!(!secrets.is_empty());
    let again = |live: &str, wanted: &str| {
        let mut case = case.clone();
        case.snapshot = serde_json::from_str(live).unwrap();
        case.desired = serde_json::from_str(wanted).unwrap();
        (case.plan(), case.snapshot)
    };
    // Somebody set another password in Omni: nothing but the secret differs.
    for key in [Some(&key), None] {
        let saved = saved(&plan, &case.snapshot, key);
        assert!(saved.plan.is_keyed() == key.is_some());
        let changed = edit(&live, secrets[0], "hunter9");
        let (fresh, mut snapshot) = again(&changed, &wanted);
        if key.is_none() {
            // A write raises the version, as every write does.
            for observation in snapshot.omni.types.values_mut() {
                if let Observation::Known(list) = observation {
                    for l in list.iter_mut() {
                        l.version += 1;
                    }
                }
            }
            let mut case = case.clone();
            case.snapshot = snapshot.clone();
            let fresh = case.plan();
            assert!(saved.agrees(&fresh, &snapshot, key).is_err());
        } else {
            let why = saved.agrees(&fresh, &snapshot, key).unwrap_err();
            assert!(!why.objects.is_empty(), "{why:?}");
            assert!(!format!("{why:?}").contains("hunter"), "{why:?}");
        }
    }
    // The files ask for another one, and nothing else.
    let mut other = wanted.clone();
    for secret in ["hunter2", "hunter3"] {
        other = other.replace(secret, "hunter8");
    }
    assert_ne!(other, wanted);
    let (fresh, _) = again(&live, &other);
    assert_ne!(digest(&Body::of(&plan, Some(&key))), digest(&Body::of(&fresh, Some(&key))));
    let mut edited = plan.clone();
    edited.files_digest = "0".repeat(64);
    assert_ne!(digest(&Body::of(&plan, None)), digest(&Body::of(&edited, None)));
    assert_eq!(digest(&Body::of(&plan, Some(&key))), digest(&Body::of(&edited, Some(&key))));
    let stranger = DigestKey::new([9; 32]);
    let saved = saved(&plan, &case.snapshot, Some(&key));
    assert!(matches!(saved.digest_key(Some(&stranger)), Err(Refusal::Key { .. })));
    assert!(matches!(saved.digest_key(None), Err(Refusal::Key { .. })));
    assert!(saved.digest_key(Some(&key)).is_ok_and(|k| k.is_some()));
}

// ---------------------------------------------------------------------------------------------------------------------
// Each kind, each field, each actor.

const MACHINE: &str = "00000001-0000-4000-8000-000000000001";

/// A value of a field, `n` telling one from another.
fn value(field: &Field, n: u32) -> Value {
    match (field.json, field.kind) {
        ("provider_data", _) => format!("cores: {}\nmemory: 8192\n", n + 1).into(),
        ("data", _) => format!("machine:\n  sysctls:\n    a: \"{n}\"\n").into(),
        ("job", _) => format!("apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: j{n}\n").into(),
        ("kubernetes_version", _) => format!("1.34.{n}").into(),
        ("talos_version", _) => format!("1.11.{n}").into(),
        (_, FieldKind::Text | FieldKind::Bytes) => format!("text-{n}").into(),
        // What is false stands nowhere; the other value is its absence.
        (_, FieldKind::Bool) => (n % 2 == 1).into(),
        (_, FieldKind::Uint) => (n + 1).into(),
        (_, FieldKind::Enum(names)) => {
            let last = u32::try_from(names.len() - 1).unwrap();
            (if n % 2 == 1 { last } else { 0 }).into()
        }
        (_, FieldKind::Texts) => Value::List(vec![format!("item-{n}").into()]),
        (_, FieldKind::Messages(fields)) => Value::List(vec![message(fields, n)]),
        (_, FieldKind::Message(fields)) => message(fields, n),
        (_, FieldKind::Duration) => format!("{}s", 3600 * (n + 1)).into(),
    }
}

fn message(fields: &[Field], n: u32) -> Value {
    let mut out = Value::map();
    for field in fields.iter().filter(|f| !f.server_owned && !f.newer) {
        out.set(field.json, value(field, n));
    }
    out
}

/// Paths of the leaves of a kind's spec.
fn leaves(
    fields: &'static [Field],
    above: &[&'static str],
    out: &mut Vec<(Vec<&'static str>, &'static Field)>,
) {
    for field in fields {
        let path: Vec<&'static str> = above.iter().copied().chain([field.json]).collect();
        match field.kind {
            FieldKind::Message(inner) => leaves(inner, &path, out),
            _ => out.push((path, field)),
        }
    }
}

fn declared(kind: &'static Kind) -> DesiredResource {
    let (address, id): (Address, &str) = match kind.short {
        "MachineClasses" => (Address::class("c"), "c"),
        "Clusters" => (Address::cluster("m"), "m"),
        "MachineSets" => (Address::cluster("m").child("machineset", "workers"), "m-workers"),
        "MachineSetNodes" | "KernelArgs" | "MachineInstallDiskConfigs" => {
            (Address::cluster("m").child(kind.address, MACHINE), MACHINE)
        }
        _ => (Address::cluster("m").child(kind.address, "x"), "x"),
    };
    let mut resource = Resource::new(kind.id(id));
    resource.spec = kinds::normalise(kind, &message(kind.fields, 1));
    let label = |r: &mut Resource, name: &str, value: &str| {
        r.labels.insert(format!("omni.sidero.dev/{name}"), value.to_owned());
    };
    if !matches!(kind.short, "MachineClasses" | "Clusters" | "KernelArgs" | "MachineInstallDiskConfigs") {
        label(&mut resource, "cluster", "m");
    }
    match kind.short {
        "MachineSets" => label(&mut resource, "role-worker", ""),
        "MachineSetNodes" => {
            label(&mut resource, "role-worker", "");
            label(&mut resource, "machine-set", "m-workers");
        }
        _ => {}
    }
    DesiredResource { address, resource, source: None }
}

/// Files that ask for one label more on an object of every kind than is there.
struct World {
    desired: Desired,
    snapshot: Snapshot,
}

impl World {
    fn new() -> Self {
        let mut snapshot = all().iter().find(|c| c.name.starts_with("025")).unwrap().snapshot.clone();
        let mut desired = Desired::default();
        let mut cluster = DesiredCluster { name: "m".into(), ..DesiredCluster::default() };
        for kind in written() {
            let mut wanted = declared(kind);
            let live = LiveResource {
                resource: wanted.resource.clone(),
                version: 3,
                phase: Phase::Running,
                owner: String::new(),
                finalizers: vec!["Controller".into()],
                created: "2026-01-01T00:00:00Z".into(),
                updated: "2026-01-02T00:00:00Z".into(),
            };
            let full = wanted.resource.id.kind.clone();
            snapshot.omni.types.insert(full, Observation::Known(vec![live]));
            wanted.resource.labels.insert("team".into(), "a".into());
            match kind.short {
                "MachineClasses" => desired.classes.push(wanted),
                _ => cluster.resources.push(wanted),
            }
        }
        desired.clusters.push(cluster);
        Self { desired, snapshot }
    }

    fn plan(&self, snapshot: &Snapshot) -> Plan {
        plan(&PlanInput {
            desired: &self.desired,
            snapshot,
            record: None,
            key: None,
            options: PlanOptions::default(),
        })
        .unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    /// What becomes of the saved plan when `change` is done to the object of a kind.
    fn after(
        &self,
        saved: &SavedPlan,
        kind: &Kind,
        change: impl FnOnce(&mut Vec<LiveResource>),
    ) -> Result<usize, Stale> {
        let mut snapshot = self.snapshot.clone();
        let full = kind.id("").kind;
        let Some(Observation::Known(list)) = snapshot.omni.types.get_mut(&full) else { panic!("{full}") };
        change(list);
        saved.agrees(&self.plan(&snapshot), &snapshot, None).map(|changed| changed.len())
    }
}

/// An edit by a person: the version goes up, and Omni notes the time.
fn written_again(live: &mut LiveResource) {
    live.version += 1;
    live.updated = "2026-02-02T00:00:00Z".into();
}

#[test]
fn staleness_by_kind_field_and_actor() {
    let world = World::new();
    let plan = world.plan(&world.snapshot);
    let saved = saved(&plan, &world.snapshot, None);
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong: Vec<String> = Vec::new();
    let mut check = |actor: &'static str, what: String, right: bool| {
        let (ok, all) = counts.entry(actor).or_default();
        *all += 1;
        *ok += usize::from(right);
        if !right {
            wrong.push(format!("{actor}: {what}"));
        }
    };
    for kind in written() {
        let wanted = declared(kind);
        let address = Some(wanted.address.clone());
        assert!(
            plan.steps.iter().any(|s| s.address == wanted.address && s.action.is_change()),
            "{}",
            kind.short
        );
        let named = |why: &Stale, matches: &dyn Fn(&What) -> bool| {
            why.objects.iter().any(|o| o.address == address && o.role == Role::Write && matches(&o.what))
        };
        let mut fields = Vec::new();
        leaves(kind.fields, &[], &mut fields);
        for (path, field) in &fields {
            let set = |live: &mut LiveResource, value: Option<Value>| {
                let mut slot = &mut live.resource.spec;
                let (last, above) = path.split_last().unwrap();
                for part in above {
                    if slot.get(part).is_none() {
                        slot.set(part, Value::map());
                    }
                    slot = slot.at_mut(&[part]).unwrap();
                }
                if let Value::Map(map) = slot {
                    match value {
                        Some(value) => drop(map.insert((*last).to_owned(), value)),
                        None => drop(map.remove(*last)),
                    }
                }
                live.resource.spec = kinds::normalise(kind, &live.resource.spec);
                written_again(live);
            };
            let what = format!("{} {}", kind.short, path.join("."));
            let other = if field.newer { Value::Bool(true) } else { value(field, 2) };
            for (actor, value) in [("another operator sets", Some(other)), ("another operator clears", None)]
            {
                if field.newer && value.is_none() {
                    continue;
                }
                let done = world.after(&saved, kind, |l| set(&mut l[0], value));
                if field.server_owned {
                    check("the server's own fields", what.clone(), done.is_ok());
                    continue;
                }
                // Templates of this Omni's version cannot state it, so that it is kept as it is.
                if field.newer {
                    check("what templates cannot say", format!("{what}: {done:?}"), done == Ok(1));
                    continue;
                }
                let told = done.as_ref().is_err_and(|why| {
                    named(why, &|w| matches!(w, What::Changed(fields) if !fields.is_empty()))
                });
                check(actor, format!("{what}: {done:?}"), told);
            }
        }
        // `omnictl cluster template sync` from another template: the whole object is replaced.
        let done = world.after(&saved, kind, |l| {
            l[0].resource.spec = kinds::normalise(kind, &message(kind.fields, 2));
            l[0].resource.labels.retain(|k, _| k.starts_with("omni."));
            l[0].resource.annotations.insert("synced".into(), String::new());
            written_again(&mut l[0]);
        });
        // A node has no spec: what sync leaves on it is carried along.
        check("omnictl replaces", kind.short.to_owned(), done.is_err() != kind.fields.is_empty());
        let done = world.after(&saved, kind, Vec::clear);
        let gone = done.as_ref().is_err_and(|why| named(why, &|w| *w == What::Gone));
        check("somebody deletes", format!("{}: {done:?}", kind.short), gone);
        let done = world.after(&saved, kind, |l| l[0].created = "2026-02-02T00:00:00Z".into());
        let anew = done.as_ref().is_err_and(|why| named(why, &|w| *w == What::MadeAnew));
        check("somebody makes anew", format!("{}: {done:?}", kind.short), anew);
        let done = world.after(&saved, kind, |l| {
            l[0].resource.labels.insert("team".into(), "a".into());
            written_again(&mut l[0]);
        });
        check("somebody does it already", format!("{}: {done:?}", kind.short), done.is_err());
        // A controller: versions, times and finalizers.
        let done = world.after(&saved, kind, |l| {
            l[0].finalizers.push("Another".into());
            l[0].version += 7;
            l[0].updated = "2026-02-02T00:00:00Z".into();
        });
        check("controllers write", format!("{}: {done:?}", kind.short), done == Ok(0));
        // Marks of others stay, whatever we write.
        for (map, name) in [("labels", "label"), ("annotations", "annotation")] {
            let done = world.after(&saved, kind, |l| {
                let r = &mut l[0].resource;
                let map = if map == "labels" { &mut r.labels } else { &mut r.annotations };
                map.insert("somebody/else".into(), "x".into());
                written_again(&mut l[0]);
            });
            check("others mark", format!("{} {name}: {done:?}", kind.short), done == Ok(1));
        }
        let done = world.after(&saved, kind, |l| {
            l[0].phase = Phase::TearingDown;
            written_again(&mut l[0]);
        });
        check("somebody tears down", format!("{}: {done:?}", kind.short), done.is_err());
        // Another object of the kind, in no cluster of ours.
        let done = world.after(&saved, kind, |l| {
            let mut other = l[0].clone();
            other.resource.id = ResourceId { id: "elsewhere".into(), ..other.resource.id.clone() };
            other.resource.labels.clear();
            l.push(other);
        });
        check("somebody makes another", format!("{}: {done:?}", kind.short), done == Ok(0));
    }
    for (actor, (ok, all)) in &counts {
        println!("{actor}: {ok}/{all}");
    }
    let all: usize = counts.values().map(|c| c.1).sum();
    println!("staleness: {}/{all}", all - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all > 150, "{all}");
}
