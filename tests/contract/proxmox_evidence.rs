//! What the deepest look sees of every recorded Proxmox cluster, over real sockets, against a committed list that was worked out
//! from the recordings alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use omni_scale::backend::{Depth, ProxmoxApi, ProxmoxReader, RecordedVm};
use omni_scale::live::{GuestKind, NodeStatus, Observation, ProxmoxFailure, ProxmoxSnapshot};
use omni_scale::wire::proxmox::Token;
use omni_scale::world::real::{RealNet, Trust};
use serde_json::Value;

use crate::proxmox::{Exchange, Recorded, SECRET, cluster, description, legal, recordings, said};
use crate::support::{Facts, Tally};

type Lines = BTreeMap<String, String>;

fn api(origin: &str) -> ProxmoxApi {
    let net = RealNet::new([(origin.to_owned(), Trust::SystemRoots)]).unwrap();
    let token = Token::parse(&format!("terraform@pam!automation={SECRET}")).unwrap();
    ProxmoxApi::new("matrix", vec![origin.to_owned()], token, Arc::new(net))
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn examined(origin: &str, recorded: &[RecordedVm]) -> ProxmoxSnapshot {
    let api = api(origin);
    let seen = run(async { api.examine(api.snapshot(Depth::Preflight).await, recorded).await });
    assert!(!format!("{seen:?}").contains("canary"), "a secret is in the snapshot");
    seen
}

/// One line, or why there is none.
fn line<T>(seen: &Observation<T>, shown: impl FnOnce(&T) -> String) -> String {
    match seen {
        Observation::Known(value) => shown(value),
        Observation::Absent => "absent".to_owned(),
        Observation::Unknown(reason) => format!("unknown: {}", reason.0),
    }
}

fn words(all: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let all: Vec<String> = all.into_iter().map(|w| w.as_ref().to_owned()).filter(|w| !w.is_empty()).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(" ") }
}

/// A list: a line for each entry, or one that says why there is none.
fn list<T>(
    out: &mut Lines,
    name: &str,
    whole: &str,
    seen: &Observation<Vec<T>>,
    each: impl Fn(&T) -> (String, String),
) {
    match seen {
        Observation::Known(all) => {
            out.extend(all.iter().map(|one| {
                let (key, value) = each(one);
                (format!("{name} {key}"), value)
            }));
        }
        other => {
            out.insert(whole.to_owned(), line(other, |_| String::new()));
        }
    }
}

fn told(seen: &ProxmoxSnapshot) -> Lines {
    let mut out = Lines::new();
    if matches!(seen.failure, Some(ProxmoxFailure::Unauthenticated { .. })) {
        out.insert("failure".into(), "unauthenticated".into());
    }
    let known = |o: &mut Lines, key: &str, value: String| o.insert(key.to_owned(), value);
    known(&mut out, "quorate", line(&seen.quorate, |q| if *q { "yes" } else { "no" }.into()));
    known(&mut out, "permissions", line(&seen.permissions, |p| words(p.keys())));
    if let Some(held) = seen.permissions.known().and_then(|p| p.get("/")) {
        known(&mut out, "permissions on /", words(held.keys()));
    }
    list(&mut out, "node", "nodes", &seen.nodes, |node| {
        let status = match node.status {
            NodeStatus::Online => "online",
            NodeStatus::Offline => "offline",
            NodeStatus::Unknown => "unknown",
        };
        let of = node.maxmem.map_or("?".to_owned(), |m| m.to_string());
        (node.name.clone(), format!("{status} of {of}"))
    });
    list(&mut out, "guest", "guests", &seen.guests, |guest| {
        let kind = if guest.kind == GuestKind::Qemu { "qemu" } else { "lxc" };
        let lock = guest.lock.as_ref().map_or(String::new(), |l| format!("locked {l}"));
        (guest.vmid.to_string(), words([kind, &guest.node, &guest.status, &lock]))
    });
    for (node, storages) in &seen.storages {
        let whole = format!("storage {node}");
        list(&mut out, &whole, &whole, storages, |s| {
            let parts = [
                s.plugin.as_str(),
                if s.shared { "shared" } else { "own" },
                if s.enabled { "enabled" } else { "disabled" },
                if s.active { "active" } else { "inactive" },
                &s.content.join(","),
                &format!("{} of {}", s.avail, s.total),
            ];
            (s.name.clone(), words(parts))
        });
    }
    evidence(seen, &mut out);
    out
}

fn evidence(seen: &ProxmoxSnapshot, out: &mut Lines) {
    let e = &seen.evidence;
    if seen.failure.is_some() {
        let nothing = omni_scale::live::Evidence::default();
        assert_eq!(*e, nothing, "nothing more is asked of a server that refuses");
        return;
    }
    list(out, "member", "members", &e.members, |m| {
        let local = if m.local { "local" } else { "" };
        (m.name.clone(), words([if m.online { "online" } else { "offline" }, local]))
    });
    for (node, bridges) in &e.bridges {
        let whole = format!("bridge {node}");
        list(out, &whole, &whole, bridges, |b| {
            let aware = if b.vlan_aware { "aware of VLANs" } else { "" };
            let up = if b.active { "up" } else { "down" };
            (b.name.clone(), words([up, aware, b.vids.as_deref().unwrap_or_default()]))
        });
        if bridges.known().is_some_and(Vec::is_empty) {
            out.insert(whole, "none".into());
        }
    }
    for (node, servers) in &e.resolvers {
        out.insert(format!("resolvers {node}"), line(servers, |s| words(s)));
    }
    for (node, flags) in &e.cpu_flags {
        out.insert(format!("processors {node}"), line(flags, |f| words(f)));
    }
    list(out, "mapping", "mappings", &e.pci_mappings, |m| (m.id.clone(), words(&m.nodes)));
    let expires = line(&e.token_expires, |at| at.map_or("never".to_owned(), |at| at.to_string()));
    out.insert("token expires".into(), expires);
    out.insert("ha".into(), line(&e.ha, |h| words(h)));
    for (at, volumes) in &e.volumes {
        let names = |v: &Vec<omni_scale::live::Volume>| {
            words(
                v.iter()
                    .map(|v| v.id.split('/').nth(1).unwrap_or_default().chars().take(20).collect::<String>()),
            )
        };
        out.insert(format!("media {at}"), line(volumes, names));
    }
    for (at, disks) in &e.disks {
        let ids = |v: &Vec<omni_scale::live::Volume>| words(v.iter().map(|v| v.id.as_str()));
        out.insert(format!("disks {at}"), line(disks, ids));
    }
    if let Some(vmids) = e.vmids.known() {
        out.insert("ever".into(), words(vmids.iter().map(u32::to_string)));
    }
    for (vmid, config) in &e.configs {
        let plain = |key: &str| {
            config.known().and_then(|c| c.plain.get(key)).cloned().unwrap_or_else(|| "-".to_owned())
        };
        let head = line(config, |c| {
            let size = format!(
                "{}x{} {} MiB {}",
                plain("sockets"),
                plain("cores"),
                plain("memory"),
                plain("scsihw")
            );
            words([&c.node, c.uuid.as_deref().unwrap_or("-"), c.name.as_deref().unwrap_or("-"), &size])
        });
        out.insert(format!("vm {vmid}"), head);
        let Some(config) = config.known() else { continue };
        for (slot, device) in &config.devices {
            let main: String = device.main.chars().take(40).collect();
            let options = device.options.iter().map(|(k, v)| format!("{k}={v}"));
            out.insert(format!("vm {vmid} {slot}"), words(std::iter::once(main).chain(options)));
        }
        let pending = match &config.pending_unknown {
            Some(reason) => format!("unknown: {}", reason.0),
            None => words(&config.pending),
        };
        out.insert(format!("vm {vmid} pending"), pending);
    }
    for (vmid, state) in &e.states {
        out.insert(format!("vm {vmid} state"), line(state, Clone::clone));
    }
    out.insert("tasks".into(), line(&e.tasks, |t| words(t.iter().map(|t| t.kind.as_str()))));
}

/// The committed list: the base, changed by a variant.
fn committed() -> (Lines, BTreeMap<String, BTreeMap<String, Option<String>>>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/findings/evidence.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let value = omni_scale::diff::documents(&text).unwrap().remove(0).to_json();
    let base = serde_json::from_value(value["base"].clone()).unwrap();
    (base, serde_json::from_value(value["variants"].clone()).unwrap())
}

fn expected(base: &Lines, change: &BTreeMap<String, Option<String>>) -> Lines {
    let mut out = if change.contains_key("*") { Lines::new() } else { base.clone() };
    for (key, value) in change {
        match value {
            Some(value) => out.insert(key.clone(), value.clone()),
            None => out.remove(key),
        };
    }
    out
}

fn compare(expected: &Lines, told: &Lines) -> Result<(), String> {
    let mut wrong = Vec::new();
    for key in expected.keys().chain(told.keys()).collect::<std::collections::BTreeSet<_>>() {
        let (want, have) = (expected.get(key), told.get(key));
        let fits = match (want, have) {
            (Some(want), Some(have)) => match want.strip_prefix("unknown: ") {
                Some(why) => have.starts_with("unknown: ") && have.contains(why),
                None => want == have,
            },
            _ => false,
        };
        if !fits {
            wrong.push(format!("{key}: {have:?} instead of {want:?}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n    ")) }
}

/// What providers recorded: the VMs of the base.
fn records(base: &[Exchange]) -> Vec<RecordedVm> {
    let at =
        base.iter().filter(|e| e.method == "GET" && e.path.contains("/qemu/") && e.path.ends_with("/config"));
    at.map(|e| {
        let parts: Vec<&str> = e.path.split('/').collect();
        let config: Value = serde_json::from_str(&e.body).unwrap();
        let uuid = config["data"]["smbios1"].as_str().unwrap().trim_start_matches("uuid=").to_owned();
        RecordedVm {
            node: parts[2].to_owned(),
            vmid: parts[4].parse().unwrap(),
            uuid: Some(uuid),
            tasks: Vec::new(),
        }
    })
    .collect()
}

#[test]
fn contract_proxmox_evidence() {
    let suite = "proxmox evidence";
    let Some(recorded) = recordings(suite) else { return };
    let (base, changes) = committed();
    let records = records(&recorded.base);
    assert_eq!(records.len(), 6);
    let mut tally = Tally::new(suite);
    let schema = description();
    let mut worlds = vec![("base".to_owned(), Vec::new())];
    worlds.extend(recorded.variants.clone());
    for (name, overrides) in worlds {
        let facts = Facts::from([("variant".to_owned(), name.clone())]);
        tally.case(&name, &facts, || {
            let none = BTreeMap::new();
            let change = if name == "base" { &none } else { changes.get(&name).ok_or("not in the list")? };
            let node = Recorded::serve(cluster(&recorded.base, &overrides));
            let seen = examined(&node.origin, &records);
            compare(&expected(&base, change), &told(&seen))?;
            let lines = node.lines();
            let distinct: std::collections::BTreeSet<&String> = lines.iter().collect();
            if distinct.len() != lines.len() {
                return Err(format!("something is asked twice: {lines:?}"));
            }
            if node.most_at_once.load(Ordering::SeqCst) > 5 {
                return Err("more than five requests at a time".to_owned());
            }
            for line in &lines {
                let (method, target) = line.split_once(' ').unwrap();
                if method != "GET" {
                    return Err(format!("`{line}` does more than read"));
                }
                let Some(api) = &schema else { continue };
                let url = url::Url::parse(&format!("http://x{target}")).unwrap();
                let parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
                let path = url.path().trim_start_matches("/api2/json");
                // The reduced description leaves out some calls.
                if api.as_object().unwrap().keys().any(|k| k.split('/').count() == path.split('/').count()) {
                    legal(api, method, path, &parameters)?;
                }
            }
            Ok(())
        });
    }
    tally.finish();
}

/// A cluster of four nodes that all count as online; `charlie` answers nothing, `delta` is older.
fn four() -> Vec<Exchange> {
    let nodes = ["alpha", "bravo", "charlie", "delta"];
    let rows: Vec<String> = nodes.iter().map(|n| format!(r#"{{"node":"{n}","status":"online"}}"#)).collect();
    let mut out = vec![
        said("/version", r#"{"data":{"version":"9.1.4"}}"#),
        said("/nodes", &format!(r#"{{"data":[{}]}}"#, rows.join(","))),
        said("/cluster/status", r#"{"data":[{"type":"cluster","quorate":1}]}"#),
        said(
            "/access/permissions",
            r#"{"data":{"/vms":{"VM.Audit":1},"/storage":{"Datastore.Audit":1},"/mapping":{"Mapping.Use":1}}}"#,
        ),
        said(
            "/cluster/mapping/pci",
            r#"{"data":[{"id":"b","map":["id=1,node=x","node=a,path=0"]},{"id":"a"}]}"#,
        ),
        said("/access/users/terraform@pam/token/automation", r#"{"data":{"privsep":1}}"#),
    ];
    let vm = |vmid: u32, node: &str, lock: &str| {
        format!(
            r#"{{"type":"qemu","vmid":{vmid},"node":"{node}","status":"running","tags":"machine-request.s"{lock}}}"#
        )
    };
    let guests =
        [vm(101, "alpha", ""), vm(102, "charlie", ""), vm(103, "alpha", r#","lock":"backup""#)].join(",");
    out.push(said("/cluster/resources", &format!(r#"{{"data":[{guests}]}}"#)));
    for node in nodes {
        let at = |what: &str, query: &str, body: &str| Exchange {
            query: query.into(),
            status: if node == "charlie" { 0 } else { 200 },
            ..said(&format!("/nodes/{node}/{what}"), body)
        };
        let bridges = r#"{"data":[{"iface":"vmbr1","type":"OVSBridge"},{"iface":"tenant","type":"vnet","vlanaware":1},
            {"iface":"vmbr0","type":"bridge","active":"1","bridge_vids":"2 4"},{"iface":"bond0","type":"bond"}]}"#;
        out.push(at("storage", "", r#"{"data":[]}"#));
        out.push(at("dns", "", r#"{"data":{"dns1":"10.0.0.1","dns3":" 10.0.0.3 ","dns2":""}}"#));
        match node {
            "delta" => {
                let refused = at(
                    "network",
                    "type=any_bridge",
                    r#"{"data":null,"errors":{"type":"not in enumeration"}}"#,
                );
                out.push(Exchange { status: 400, ..refused });
                out.push(at("network", "", bridges));
            }
            _ => out.push(at("network", "type=any_bridge", bridges)),
        }
        let upid = |kind: &str, at: &str| format!("UPID:{node}:0012C4D1:188A2F31:{at}:{kind}:103:root@pam:");
        let tasks = format!(
            r#"{{"data":[{{"upid":"{}","user":"root@pam","tokenid":"x","starttime":5,"endtime":9,"status":"no \u001b[2J space"}},
            {{"upid":"{}","user":"root@pam","starttime":"7"}},{{"upid":"nonsense"}}]}}"#,
            upid("qmconfig", "00000005"),
            upid("vzdump", "00000007"),
        );
        out.push(at("tasks", "vmid=103&source=all&limit=50", &tasks));
    }
    for vmid in [101, 103] {
        let config = format!(
            r#"{{"data":{{"name":"x","cores":2,"cipassword":"canary","sshkeys":"canary","args":"canary","description":"canary",
            "smbios1":"uuid=0D4F2C9B-8a17-4c2f-b0c5-7a9e3d51f60{},serial=canary"}}}}"#,
            vmid % 10
        );
        out.push(said(&format!("/nodes/alpha/qemu/{vmid}/config"), &config));
        let pending = r#"{"data":[{"key":"sshkeys","value":"canary","pending":"canary"}]}"#;
        let pending = if vmid == 103 { pending } else { r#"{"data":[]}"# };
        out.push(said(&format!("/nodes/alpha/qemu/{vmid}/pending"), pending));
        let status = r#"{"data":{"status":"running","qmpstatus":"io-error","name":"canary"}}"#;
        let status = if vmid == 103 { status } else { r#"{"data":{"qmpstatus":"running"}}"# };
        out.push(said(&format!("/nodes/alpha/qemu/{vmid}/status/current"), status));
    }
    let done = "UPID:alpha:0012C4D1:188A2F31:00000003:qmstart:101:root@pam:";
    out.push(said(
        &format!("/nodes/alpha/tasks/{done}/status"),
        r#"{"data":{"status":"stopped","exitstatus":"bridge 'vmbr9' does not exist"}}"#,
    ));
    out
}

#[test]
fn contract_proxmox_a_node_that_does_not_answer_costs_one_deadline_and_hides_nothing_else() {
    let node = Recorded::serve(four());
    let patience = std::time::Duration::from_millis(1500);
    let api = api(&node.origin).with_patience(patience);
    let begun = std::time::Instant::now();
    let seen = run(api.snapshot(Depth::Preflight));
    assert!(begun.elapsed() < patience * 2, "{:?}", begun.elapsed());
    let told_of = told(&seen);
    assert!(told_of["bridge charlie"].starts_with("unknown: "), "{told_of:?}");
    assert!(
        told_of["resolvers charlie"].starts_with("unknown: ")
            && told_of["storage charlie"].starts_with("unknown: ")
    );
    // The one that takes no `any_bridge` is asked for all interfaces.
    for node in ["alpha", "bravo", "delta"] {
        assert_eq!(told_of[&format!("bridge {node} vmbr0")], "up 2 4");
        assert_eq!(told_of[&format!("bridge {node} vmbr1")], "down aware of VLANs");
        assert_eq!(told_of[&format!("bridge {node} tenant")], "up aware of VLANs");
        assert_eq!(told_of[&format!("resolvers {node}")], "10.0.0.1 10.0.0.3");
    }
    assert!(!told_of.keys().any(|k| k.ends_with("bond0")));
    assert_eq!((told_of["mapping a"].as_str(), told_of["mapping b"].as_str()), ("none", "a x"));
    assert!(told_of["token expires"].contains("that of its user"), "{}", told_of["token expires"]);
    let of_charlie = || node.lines().iter().filter(|l| l.contains("/nodes/charlie/")).count();
    assert_eq!(of_charlie(), 3);

    // What was silent a moment ago is not asked again.
    let done = "UPID:alpha:0012C4D1:188A2F31:00000003:qmstart:101:root@pam:";
    let recorded = [
        RecordedVm {
            node: "alpha".into(),
            vmid: 101,
            tasks: vec![done.into(), "garbage".into()],
            ..RecordedVm::default()
        },
        RecordedVm { node: "bravo".into(), vmid: 103, ..RecordedVm::default() },
        RecordedVm { node: "../x".into(), vmid: 999, ..RecordedVm::default() },
    ];
    let begun = std::time::Instant::now();
    let seen = run(api.examine(seen, &recorded));
    assert!(begun.elapsed() < patience, "{:?}", begun.elapsed());
    assert_eq!(of_charlie(), 3);
    let told_of = told(&seen);
    assert!(
        told_of["vm 102"].starts_with("unknown: ") && told_of["vm 999"].contains("not allow"),
        "{told_of:?}"
    );
    assert_eq!(told_of["vm 101 state"], "running");
    assert_eq!(
        (told_of["vm 103 state"].as_str(), told_of["vm 103 pending"].as_str()),
        ("io-error", "sshkeys")
    );
    // 103 is locked, elsewhere and without room: both logs are read, newest first; of 101 only the task that was named.
    assert_eq!(told_of["tasks"], "vzdump vzdump qmconfig qmconfig qmstart");
    let tasks = seen.evidence.tasks.known().unwrap();
    assert_eq!((tasks[0].user.as_str(), tasks[0].ended, &tasks[0].status), ("root@pam", None, &None));
    assert_eq!((tasks[2].user.as_str(), tasks[2].ended), ("root@pam!x", Some(9)));
    assert!(!tasks[2].status.as_ref().unwrap().contains('\u{1b}'));
    assert_eq!(tasks[4].status.as_deref(), Some("bridge 'vmbr9' does not exist"));
    assert!(!serde_json::to_string(&seen).unwrap().contains("canary"), "what may be secret is nowhere");

    // More of somebody's history is added to what is known.
    let before = node.lines().len();
    let seen =
        run(api.histories(seen, &[("delta".into(), 103), ("charlie".into(), 103), ("nowhere".into(), 103)]));
    assert_eq!(node.lines().len(), before + 1);
    assert_eq!(told(&seen)["tasks"], "vzdump vzdump vzdump qmconfig qmconfig qmconfig qmstart");
}

/// Two nodes with a storage that both have, one of its own each, one that is off and one without disks. VM 103 goes while the
/// look is taken, VM 104 comes, VM 120 went long ago.
fn stored(rights: &str) -> Vec<Exchange> {
    let mut out = vec![
        said("/version", r#"{"data":{"version":"9.1.4"}}"#),
        said("/nodes", r#"{"data":[{"node":"alpha","status":"online"},{"node":"bravo","status":"online"}]}"#),
        said("/cluster/status", r#"{"data":[{"type":"cluster","quorate":1}]}"#),
        said("/access/permissions", &format!(r#"{{"data":{rights}}}"#)),
    ];
    let guests = |all: &[u32]| {
        let rows: Vec<String> = all
            .iter()
            .map(|n| format!(r#"{{"type":"qemu","vmid":{n},"node":"alpha","status":"running"}}"#))
            .collect();
        format!(r#"{{"data":[{}]}}"#, rows.join(","))
    };
    out.push(said("/cluster/resources", &guests(&[101, 103])));
    out.push(Exchange { query: "type=vm".into(), ..said("/cluster/resources", &guests(&[101, 104])) });
    for node in ["alpha", "bravo"] {
        let storages = r#"{"data":[
            {"storage":"both","type":"dir","content":"iso,images","shared":1,"enabled":1,"active":1},
            {"storage":"own","type":"lvmthin","content":"images,rootdir","shared":0,"enabled":1,"active":1},
            {"storage":"off","type":"lvmthin","content":"images","shared":0,"enabled":0,"active":0},
            {"storage":"dead","type":"nfs","content":"images","shared":1,"enabled":1,"active":0},
            {"storage":"backup","type":"pbs","content":"backup","shared":1,"enabled":1,"active":1}]}"#;
        out.push(said(&format!("/nodes/{node}/storage"), storages));
    }
    let content = |node: &str, storage: &str, kind: &str, rows: &str| Exchange {
        query: format!("content={kind}"),
        ..said(&format!("/nodes/{node}/storage/{storage}/content"), &format!(r#"{{"data":[{rows}]}}"#))
    };
    out.push(content("alpha", "both", "iso", r#"{"volid":"both:iso/talos.iso","size":5}"#));
    let disks = r#"{"volid":"both:120/vm-120-disk-0.qcow2","vmid":"120","approximate-size":7,"content":"images"},
        {"volid":"both:101/vm-101-disk-0.qcow2","vmid":101,"size":9},{"volid":"both:104/vm-104-disk-0.raw","vmid":104}"#;
    out.push(content("alpha", "both", "images", disks));
    out.push(content("alpha", "own", "images", r#"{"volid":"own:vm-103-disk-0","vmid":103,"size":"9"}"#));
    out.push(Exchange { status: 500, reason: "got timeout".into(), ..content("bravo", "own", "images", "") });
    out
}

const ALL: &str = r#"{"/vms":{"VM.Audit":1,"VM.Config.Disk":1},"/storage":{"Datastore.Audit":1},"/mapping":{"Mapping.Use":1}}"#;

fn asked(node: &Recorded, part: &str) -> usize {
    node.lines().iter().filter(|line| line.contains(part)).count()
}

#[test]
fn contract_proxmox_disks_are_listed_beside_images_and_held_against_newer_guests() {
    let node = Recorded::serve(stored(ALL));
    let seen = examined(&node.origin, &[]);
    let told_of = told(&seen);
    let disks: Vec<(&str, &str)> = told_of
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("disks ")?, value.as_str())))
        .collect();
    let both = "both:101/vm-101-disk-0.qcow2 both:104/vm-104-disk-0.raw both:120/vm-120-disk-0.qcow2";
    assert_eq!(disks[..2], [("alpha/both", both), ("alpha/own", "own:vm-103-disk-0")]);
    assert!(disks[2].0 == "bravo/own" && disks[2].1.contains("got timeout") && disks.len() == 3, "{disks:?}");
    // The images on the same storage are a list of their own.
    assert_eq!(told_of["media alpha/both"], "talos.iso");
    let volumes = seen.evidence.disks["alpha/both"].known().unwrap();
    assert_eq!((volumes[2].vmid, volumes[2].size), (Some(120), 7));
    // Before, meanwhile and after.
    assert_eq!(told_of["ever"], "101 103 104");
    assert_eq!((asked(&node, "content=images"), asked(&node, "content=iso")), (3, 1));
    assert_eq!((asked(&node, "type=vm"), asked(&node, "/storage/own/content")), (2, 2));
}

#[test]
fn contract_proxmox_guests_are_not_asked_again_where_every_disk_is_somebodys() {
    let mut recordings = stored(ALL);
    recordings.retain(|e| e.query != "content=images");
    let node = Recorded::serve(recordings);
    let known = [RecordedVm { node: "alpha".into(), vmid: 120, ..RecordedVm::default() }];
    let told_of = told(&examined(&node.origin, &known));
    // A server that does not know the question leaves nothing behind, not even a reason.
    assert!(!told_of.keys().any(|key| key.starts_with("disks ") || key == "ever"), "{told_of:?}");
    assert_eq!(asked(&node, "type=vm"), 1);
}

#[test]
fn contract_proxmox_a_token_that_is_shown_no_disks_asks_for_none_and_says_so() {
    let audit = ALL.replace(r#","VM.Config.Disk":1"#, "");
    for (rights, images) in [
        (audit.clone(), 0),
        (ALL.replace(r#""VM.Config.Disk":1"#, r#""VM.Config.Disk":0"#), 0),
        (ALL.replace("Datastore.Audit", "Datastore.AllocateSpace"), 0),
        // On one storage it may everything.
        (
            audit.replace(
                r#","/mapping""#,
                r#","/storage/both":{"Datastore.Audit":1,"Datastore.Allocate":0},"/mapping""#,
            ),
            1,
        ),
        (audit.replace(r#""Datastore.Audit":1"#, r#""Datastore.Audit":1,"Datastore.Allocate":1"#), 3),
    ] {
        let node = Recorded::serve(stored(&rights));
        let seen = examined(&node.origin, &[]);
        assert_eq!(asked(&node, "content=images"), images, "{rights}");
        let blind = |seen: &ProxmoxSnapshot| {
            let reasons = seen.evidence.disks.values().filter_map(Observation::unknown);
            reasons.filter(|reason| reason.0.contains("`VM.Config.Disk` on `/vms`")).count()
        };
        assert_eq!(blind(&seen), 3 - images, "{rights}");
    }
    // Who does not see all guests does not ask what they left.
    let node = Recorded::serve(stored(&ALL.replace(r#""VM.Audit":1,"#, "")));
    let seen = examined(&node.origin, &[]);
    assert!(asked(&node, "content=images") == 0 && seen.evidence.disks.is_empty());
}
