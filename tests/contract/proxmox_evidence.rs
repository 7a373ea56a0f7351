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

use crate::proxmox::{Exchange, Recorded, SECRET, cluster, description, legal, recordings};
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
