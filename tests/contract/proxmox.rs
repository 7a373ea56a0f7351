//! Proxmox: every recorded exchange is read to the class that the server's own error table gives it, every cluster of the
//! recordings is read as a whole over real sockets, and every request that we send is legal by the official API description.
//!
//! What is expected is worked out here from the recordings alone, with plain JSON values: a second reading, which shares no
//! code with the one that it checks.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use omni_scale::backend::{ProxmoxApi, ProxmoxReader};
use omni_scale::live::{NodeStatus, Observation, ProxmoxFailure, ProxmoxSnapshot};
use omni_scale::wire::proxmox::{
    AuthCause, ClusterEntry, Fault, NodeEntry, NodeName, Permissions, PowerAction, Request, ResourceEntry,
    StorageEntry, TaskEnd, TaskStatus, Token, Upid, VersionReply, read,
};
use omni_scale::world::real::{RealNet, Trust};
use serde_json::Value;

use crate::support::{Facts, Tally, fixtures, present};

pub const SECRET: &str = "00000000-canary-0000";

/// A recorded exchange.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub method: String,
    pub path: String,
    pub query: String,
    pub status: u16,
    pub reason: String,
    pub body: String,
}

impl Exchange {
    fn read(folder: &Path, entry: &Value) -> Self {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let file = text("body_file");
        Self {
            method: text("method"),
            path: text("path"),
            query: text("query"),
            status: entry["status"].as_u64().and_then(|s| s.try_into().ok()).expect("status"),
            reason: text("reason"),
            body: if file.is_empty() {
                String::new()
            } else {
                std::fs::read_to_string(folder.join(file)).unwrap()
            },
        }
    }
    fn name(&self) -> String {
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        format!("{} {}{query} {}", self.method, self.path, self.status)
    }
    fn facts(&self, variant: &str) -> Facts {
        [
            ("method", self.method.clone()),
            ("path", self.path.clone()),
            ("status", self.status.to_string()),
            ("variant", variant.to_owned()),
        ]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v))
        .collect()
    }
    fn same_request(&self, other: &Self) -> bool {
        (&self.method, &self.path, &self.query) == (&other.method, &other.path, &other.query)
    }
    /// The text that says what went wrong: the body's, else the status line's.
    fn text(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["message"].as_str().map(str::trim).filter(|m| !m.is_empty()).unwrap_or(&self.reason).to_owned()
    }
    fn data(&self) -> Value {
        serde_json::from_str::<Value>(&self.body).unwrap_or_default()["data"].clone()
    }
}

/// Every recorded exchange.
pub struct Recordings {
    pub base: Vec<Exchange>,
    pub variants: BTreeMap<String, Vec<Exchange>>,
}

pub fn recordings(suite: &str) -> Option<Recordings> {
    let manifest = present(suite, "proxmox/manifest.json")?;
    let folder = manifest.parent().unwrap();
    let manifest: Value = serde_json::from_str(&std::fs::read_to_string(&manifest).unwrap()).unwrap();
    let all = |list: &Value| -> Vec<Exchange> {
        list.as_array().unwrap().iter().map(|entry| Exchange::read(folder, entry)).collect()
    };
    let variants = manifest["variants"].as_object().unwrap();
    Some(Recordings {
        base: all(&manifest["base"]),
        variants: variants.iter().map(|(name, v)| (name.clone(), all(&v["overrides"]))).collect(),
    })
}

/// The class that the error table gives an exchange.
fn expected_class(e: &Exchange) -> String {
    let words = e.text();
    match e.status {
        200..=299 => "data".to_owned(),
        401 if words == "No ticket" => "no credentials".to_owned(),
        401 => "credentials refused".to_owned(),
        403 => {
            let parts: Vec<&str> = words.trim_end_matches(')').splitn(2, '(').collect();
            match parts
                .get(1)
                .filter(|inside| inside.starts_with('/'))
                .and_then(|inside| inside.split_once(", "))
            {
                Some((path, privileges)) => format!("forbidden {path} {privileges}"),
                None => "forbidden".to_owned(),
            }
        }
        400 => {
            let body: Value = serde_json::from_str(&e.body).unwrap_or_default();
            let names: Vec<String> = body["errors"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(k, v)| format!("{k}={}", text(v).unwrap_or_default()))
                .collect();
            format!("invalid {}", names.join(" "))
        }
        500 => match words.as_str() {
            t if t.starts_with("hostname lookup '") => "no such node".to_owned(),
            t if t.contains("no quorum") => "no quorum".to_owned(),
            t if t.contains(" is locked (") => {
                format!("locked {}", t.split(['(', ')']).nth(1).unwrap_or_default())
            }
            t if t.starts_with("can't lock file '") && t.ends_with("got timeout") => "busy".to_owned(),
            t if t.contains("already exists") => "exists".to_owned(),
            t if t.contains("does not exist") => "missing".to_owned(),
            _ => format!("failed {words}"),
        },
        501 => "not implemented".to_owned(),
        595..=599 => format!("unreachable {}", e.status),
        other => format!("unexpected {other}"),
    }
}

fn observed_class(e: &Exchange) -> String {
    let Err(fault) = read::<Value>(e.status, Some(&e.reason), e.body.as_bytes()) else {
        return "data".to_owned();
    };
    // Whatever the class: people get one line.
    let line = fault.to_string();
    assert!(!line.is_empty() && !line.contains('\n'), "{line:?}");
    match fault {
        Fault::Unauthenticated(AuthCause::Absent) => "no credentials".to_owned(),
        Fault::Unauthenticated(AuthCause::Rejected) => "credentials refused".to_owned(),
        Fault::Forbidden { path: Some(path), privileges, .. } => {
            format!("forbidden {path} {}", privileges.join("|"))
        }
        Fault::Forbidden { .. } => "forbidden".to_owned(),
        Fault::Invalid { errors, .. } => {
            let names: Vec<String> = errors.iter().map(|(k, v)| format!("{k}={}", v.raw())).collect();
            format!("invalid {}", names.join(" "))
        }
        Fault::Missing(_) => "missing".to_owned(),
        Fault::NoSuchNode(_) => "no such node".to_owned(),
        Fault::Exists(_) => "exists".to_owned(),
        Fault::NoQuorum => "no quorum".to_owned(),
        Fault::Locked(by) => format!("locked {}", by.raw()),
        Fault::Busy(_) => "busy".to_owned(),
        Fault::Failed(text) => format!("failed {}", text.raw()),
        Fault::NotImplemented(_) => "not implemented".to_owned(),
        Fault::NodeUnreachable { status, .. } => format!("unreachable {status}"),
        Fault::Unexpected { status } => format!("unexpected {status}"),
        Fault::Garbled(why) => format!("garbled {why}"),
    }
}

fn number(v: &Value) -> Option<u64> {
    let whole = |f: f64| (f >= 0.0 && f.fract() == 0.0).then_some(f as u64);
    v.as_u64().or_else(|| v.as_f64().and_then(whole)).or_else(|| v.as_str().and_then(|s| s.parse().ok()))
}
fn truth(v: &Value) -> Option<bool> {
    v.as_bool().or_else(|| number(v).map(|n| n != 0))
}
fn text(v: &Value) -> Option<String> {
    v.as_str().map(str::to_owned).or_else(|| v.is_number().then(|| v.to_string()))
}

/// Reads a success into the type that its path has, and compares it field by field.
fn typed(e: &Exchange) -> Result<(), String> {
    fn get<T: serde::de::DeserializeOwned>(e: &Exchange) -> Result<T, String> {
        read(e.status, Some(&e.reason), e.body.as_bytes()).map_err(|fault| fault.to_string())
    }
    let same = |what: &str, ours: String, theirs: String| {
        if ours == theirs { Ok(()) } else { Err(format!("{what}: {ours} instead of {theirs}")) }
    };
    let data = e.data();
    let rows = data.as_array().cloned().unwrap_or_default();
    let parts: Vec<&str> = e.path.trim_start_matches('/').split('/').collect();
    let task =
        |text: &str| Upid::parse(text).map(|t| t.as_str().to_owned()).ok_or(format!("not a task id: {text}"));
    match (e.method.as_str(), parts.as_slice()) {
        ("GET", ["version"]) => same(
            "version",
            format!("{:?}", get::<VersionReply>(e)?.version),
            format!("{:?}", text(&data["version"])),
        ),
        ("GET", ["nodes"]) => {
            let ours: Vec<_> = get::<Vec<NodeEntry>>(e)?
                .into_iter()
                .map(|n| (Some(n.node), n.status, n.mem, n.maxmem, n.maxcpu, n.ssl_fingerprint))
                .collect();
            let theirs: Vec<_> = rows
                .iter()
                .map(|r| {
                    (
                        text(&r["node"]),
                        text(&r["status"]),
                        number(&r["mem"]),
                        number(&r["maxmem"]),
                        number(&r["maxcpu"]),
                        text(&r["ssl_fingerprint"]),
                    )
                })
                .collect();
            same("nodes", format!("{ours:?}"), format!("{theirs:?}"))
        }
        ("GET", ["cluster", "status"]) => {
            let ours: Vec<_> = get::<Vec<ClusterEntry>>(e)?
                .into_iter()
                .map(|n| (Some(n.kind), n.name, n.quorate, n.online))
                .collect();
            let theirs: Vec<_> = rows
                .iter()
                .map(|r| (text(&r["type"]), text(&r["name"]), truth(&r["quorate"]), truth(&r["online"])))
                .collect();
            same("members", format!("{ours:?}"), format!("{theirs:?}"))
        }
        ("GET", ["cluster", "resources"]) => {
            let ours: Vec<_> = get::<Vec<ResourceEntry>>(e)?
                .into_iter()
                .map(|r| {
                    (
                        Some(r.kind),
                        r.vmid,
                        r.node,
                        r.name,
                        r.status,
                        r.tags,
                        r.lock,
                        r.maxcpu,
                        r.maxmem,
                        r.maxdisk,
                    )
                })
                .collect();
            let theirs: Vec<_> = rows
                .iter()
                .map(|r| {
                    (
                        text(&r["type"]),
                        number(&r["vmid"]),
                        text(&r["node"]),
                        text(&r["name"]),
                        text(&r["status"]),
                        text(&r["tags"]),
                        text(&r["lock"]),
                        number(&r["maxcpu"]),
                        number(&r["maxmem"]),
                        number(&r["maxdisk"]),
                    )
                })
                .collect();
            same("resources", format!("{ours:?}"), format!("{theirs:?}"))
        }
        ("GET", ["nodes", _, "storage"]) => {
            let ours: Vec<_> = get::<Vec<StorageEntry>>(e)?
                .into_iter()
                .map(|s| {
                    (Some(s.storage), s.plugin, s.content, s.enabled, s.active, s.shared, s.avail, s.total)
                })
                .collect();
            let theirs: Vec<_> = rows
                .iter()
                .map(|r| {
                    (
                        text(&r["storage"]),
                        text(&r["type"]),
                        text(&r["content"]),
                        truth(&r["enabled"]),
                        truth(&r["active"]),
                        truth(&r["shared"]),
                        number(&r["avail"]),
                        number(&r["total"]),
                    )
                })
                .collect();
            same("storages", format!("{ours:?}"), format!("{theirs:?}"))
        }
        ("GET", ["access", "permissions"]) => {
            let ours: Vec<String> = get::<Permissions>(e)?
                .0
                .iter()
                .flat_map(|(p, held)| held.iter().map(move |(k, v)| format!("{p} {k} {v}")))
                .collect();
            let theirs: Vec<String> = data
                .as_object()
                .unwrap()
                .iter()
                .flat_map(|(p, held)| {
                    held.as_object()
                        .unwrap()
                        .iter()
                        .map(move |(k, v)| format!("{p} {k} {}", truth(v).unwrap()))
                })
                .collect();
            same(
                "permissions",
                format!("{:?}", ours.iter().collect::<BTreeSet<_>>()),
                format!("{:?}", theirs.iter().collect::<BTreeSet<_>>()),
            )
        }
        ("GET", ["nodes", node, "tasks", id, "status"]) => {
            let parsed = Upid::parse(id).ok_or("the path's task id is not read")?;
            same("node", parsed.node().to_owned(), (*node).to_owned())?;
            let ours = match get::<TaskStatus>(e)? {
                TaskStatus::Running => "running".to_owned(),
                TaskStatus::Ended(TaskEnd::Ok) => "stopped OK".to_owned(),
                TaskStatus::Ended(TaskEnd::Warnings(n)) => format!("stopped WARNINGS: {n}"),
                TaskStatus::Ended(TaskEnd::Failed(t)) => format!("stopped {}", t.raw()),
                TaskStatus::Ended(TaskEnd::Lost) => "stopped unexpected status".to_owned(),
            };
            let theirs = format!(
                "{} {}",
                data["status"].as_str().unwrap(),
                data["exitstatus"].as_str().unwrap_or_default()
            );
            same("task", ours, theirs.trim().to_owned())
        }
        // Calls that work in the background answer with a task id.
        (_, ["nodes", ..]) if data.as_str().is_some_and(|d| d.starts_with("UPID")) => {
            task(data.as_str().unwrap()).map(|_| ())
        }
        _ => Ok(()),
    }
}

fn read_case(e: &Exchange) -> Result<(), String> {
    let (observed, expected) = (observed_class(e), expected_class(e));
    if observed != expected {
        return Err(format!("read as `{observed}`, but it is `{expected}`"));
    }
    if observed == "data" { typed(e).and_then(|()| cut_off(e)) } else { Ok(()) }
}

/// A reply that breaks off anywhere is never read as data.
fn cut_off(e: &Exchange) -> Result<(), String> {
    let whole = e.body.trim_end().len();
    // Every place in short bodies, and some hundred in long ones.
    for length in (0..whole).step_by(1 + whole / 500) {
        if let Ok(data) = read::<Value>(e.status, Some(&e.reason), &e.body.as_bytes()[..length]) {
            return Err(format!("the first {length} of {whole} bytes are read as {data}"));
        }
    }
    Ok(())
}

#[test]
fn contract_proxmox_base() {
    let Some(recorded) = recordings("proxmox base") else { return };
    let mut tally = Tally::new("proxmox base");
    for e in &recorded.base {
        tally.case(&e.name(), &e.facts(""), || read_case(e));
    }
    tally.finish();
}

#[test]
fn contract_proxmox_variants() {
    let Some(recorded) = recordings("proxmox variants") else { return };
    let mut tally = Tally::new("proxmox variants");
    for (variant, overrides) in &recorded.variants {
        for e in overrides {
            tally.case(&format!("{variant}: {}", e.name()), &e.facts(variant), || read_case(e));
        }
    }
    tally.finish();
}

/// A node that answers from recordings, and remembers what it was asked.
pub struct Recorded {
    pub origin: String,
    asked: Arc<Mutex<Vec<String>>>,
    pub most_at_once: Arc<AtomicUsize>,
}

impl Recorded {
    pub fn serve(exchanges: Vec<Exchange>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let most_at_once = Arc::new(AtomicUsize::new(0));
        let (log, most) = (Arc::clone(&asked), Arc::clone(&most_at_once));
        let exchanges = Arc::new(exchanges);
        std::thread::spawn(move || {
            let now = Arc::new(AtomicUsize::new(0));
            for socket in listener.incoming() {
                let (exchanges, log, most, now) =
                    (Arc::clone(&exchanges), Arc::clone(&log), Arc::clone(&most), Arc::clone(&now));
                std::thread::spawn(move || {
                    let mut socket = socket.unwrap();
                    while let Some(head) = read_head(&mut socket) {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        let reply = answer(&exchanges, &head);
                        log.lock().unwrap().push(head);
                        // Status 0: it never answers.
                        if reply.starts_with("HTTP/1.1 0 ") {
                            continue;
                        }
                        now.fetch_sub(1, Ordering::SeqCst);
                        if socket.write_all(reply.as_bytes()).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { origin, asked, most_at_once }
    }
    /// `METHOD target` of each request.
    pub fn lines(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .map(|head| head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned())
            .collect()
    }
}

pub fn read_head(socket: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if socket.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

pub fn answer(exchanges: &[Exchange], head: &str) -> String {
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = path.trim_start_matches("/api2/json");
    let found = exchanges.iter().find(|e| {
        e.method == "*" || (e.method == method && e.path == path && e.query.replace('/', "%2F") == query)
    });
    let (status, reason, body) = match found {
        Some(e) => (e.status, e.reason.clone(), e.body.clone()),
        None => (501, format!("Method '{method} {path}' not implemented"), "{\"data\":null}".to_owned()),
    };
    format!(
        "HTTP/1.1 {status} {reason}\r\nServer: pve-api-daemon/3.0\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Base with the overrides of a variant put first.
pub fn cluster(base: &[Exchange], overrides: &[Exchange]) -> Vec<Exchange> {
    let kept = base.iter().filter(|e| !overrides.iter().any(|o| o.same_request(e)));
    overrides.iter().chain(kept).cloned().collect()
}

fn snapshot_of(endpoints: &[String]) -> ProxmoxSnapshot {
    let net = RealNet::new(endpoints.iter().map(|e| (e.clone(), Trust::SystemRoots))).unwrap();
    let token = Token::parse(&format!("terraform@pam!automation={SECRET}")).unwrap();
    let api = ProxmoxApi::new("matrix", endpoints.to_vec(), token, Arc::new(net));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let snapshot = runtime.block_on(api.snapshot(omni_scale::backend::Depth::Storages));
    let shown = format!("{snapshot:?}");
    assert!(!shown.contains("canary"), "the secret is in the snapshot");
    snapshot
}

/// What a snapshot must say, from the recordings alone.
fn check_snapshot(exchanges: &[Exchange], snapshot: &ProxmoxSnapshot) -> Result<(), String> {
    let find = |path: &str| {
        exchanges
            .iter()
            .find(|e| e.method == "*" || (e.method == "GET" && e.path == path && e.query.is_empty()))
            .unwrap()
    };
    let demand =
        |what: &str, holds: bool| if holds { Ok(()) } else { Err(format!("{what}; got {snapshot:?}")) };
    let nodes = find("/nodes");
    let always = ["/nodes", "/cluster/resources", "/cluster/status", "/access/permissions", "/version"];
    if always.iter().any(|path| find(path).status == 401) {
        demand(
            "a refused token is a failure",
            matches!(snapshot.failure, Some(ProxmoxFailure::Unauthenticated { .. })),
        )?;
        return demand(
            "with a refused token nothing is known",
            snapshot.nodes.unknown().is_some()
                && snapshot.guests.unknown().is_some()
                && snapshot.quorate.unknown().is_some()
                && snapshot.version.unknown().is_some(),
        );
    }
    if nodes.status != 200 {
        return demand("without an answer the nodes are unknown", snapshot.nodes.unknown().is_some());
    }
    demand("no failure", snapshot.failure.is_none())?;
    demand(
        "the version is the recorded one",
        snapshot.version.known().cloned() == text(&find("/version").data()["version"]),
    )?;

    // A privilege that is passed on to everything below a top-level path.
    let permissions = find("/access/permissions").data();
    let may = |top: &str, any: &[&str]| {
        let below = format!("{top}/");
        let mut deeper =
            permissions.as_object().into_iter().flatten().filter(|(path, _)| path.starts_with(&below));
        any.iter().any(|p| truth(&permissions[top][*p]) == Some(true))
            && deeper.all(|(_, held)| any.iter().any(|p| !held[*p].is_null()))
    };
    let status = find("/cluster/status");
    let quorate = match status.status {
        200 => status
            .data()
            .as_array()
            .unwrap()
            .iter()
            .find(|r| r["type"] == "cluster")
            .map_or(Some(true), |r| truth(&r["quorate"])),
        _ => None,
    };
    demand("quorum", snapshot.quorate.known().copied() == quorate)?;

    let rows = nodes.data().as_array().unwrap().clone();
    let mut wanted: Vec<_> = rows
        .iter()
        .map(|r| {
            let status = match r["status"].as_str() {
                Some("online") => NodeStatus::Online,
                Some("offline") => NodeStatus::Offline,
                _ => NodeStatus::Unknown,
            };
            (text(&r["node"]).unwrap(), status, number(&r["mem"]), number(&r["maxmem"]))
        })
        .collect();
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    let ours: Vec<_> =
        snapshot.nodes.known().unwrap().iter().map(|n| (n.name.clone(), n.status, n.mem, n.maxmem)).collect();
    demand("nodes", ours == wanted)?;

    let resources = find("/cluster/resources");
    if resources.status == 200 && may("/vms", &["VM.Audit"]) {
        let mut wanted: Vec<_> = resources
            .data()
            .as_array()
            .unwrap()
            .iter()
            .filter(|r| r["type"] == "qemu" || r["type"] == "lxc")
            .map(|r| {
                let tags: BTreeSet<String> = r["tags"]
                    .as_str()
                    .unwrap_or_default()
                    .split(';')
                    .filter(|t| !t.is_empty())
                    .map(str::to_lowercase)
                    .collect();
                (
                    number(&r["vmid"]).unwrap(),
                    text(&r["node"]).unwrap(),
                    text(&r["name"]),
                    text(&r["status"]).unwrap(),
                    tags.into_iter().collect::<Vec<_>>(),
                )
            })
            .collect();
        wanted.sort();
        let ours: Vec<_> = snapshot
            .guests
            .known()
            .ok_or(format!("guests unknown: {:?}", snapshot.guests))?
            .iter()
            .map(|g| (u64::from(g.vmid), g.node.clone(), g.name.clone(), g.status.clone(), g.tags.clone()))
            .collect();
        demand("guests", ours == wanted)?;
    } else {
        demand(
            "guests that cannot all be seen are unknown, never fewer",
            snapshot.guests.unknown().is_some_and(|r| {
                r.0.contains("VM.Audit") || permissions.is_null() || resources.status != 200
            }),
        )?;
    }
    let storages_seen = may("/storage", &["Datastore.Audit", "Datastore.AllocateSpace"]);
    for row in &rows {
        let name = text(&row["node"]).unwrap();
        let ours = &snapshot.storages[&name];
        let list = find_optional(exchanges, &format!("/nodes/{name}/storage"));
        match list.filter(|l| row["status"] == "online" && l.status == 200 && storages_seen) {
            None => demand(
                "storages of a node that cannot be asked or seen are unknown",
                matches!(ours, Observation::Unknown(_)),
            )?,
            Some(list) => {
                let mut wanted: Vec<_> = list
                    .data()
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|r| {
                        (
                            text(&r["storage"]).unwrap(),
                            truth(&r["enabled"]),
                            truth(&r["active"]),
                            number(&r["avail"]),
                        )
                    })
                    .collect();
                wanted.sort();
                let ours: Vec<_> = ours
                    .known()
                    .ok_or(format!("storages of {name} unknown: {ours:?}"))?
                    .iter()
                    .map(|s| (s.name.clone(), Some(s.enabled), Some(s.active), Some(s.avail)))
                    .collect();
                demand("storages", ours == wanted)?;
            }
        }
    }
    Ok(())
}

fn find_optional<'a>(exchanges: &'a [Exchange], path: &str) -> Option<&'a Exchange> {
    exchanges.iter().find(|e| e.method == "GET" && e.path == path && e.query.is_empty())
}

#[test]
fn contract_proxmox_snapshots() {
    let suite = "proxmox snapshots";
    let Some(recorded) = recordings(suite) else { return };
    let mut tally = Tally::new(suite);
    let api = description();
    let mut worlds = vec![("base".to_owned(), Vec::new())];
    worlds.extend(recorded.variants.clone());
    for (name, overrides) in worlds {
        let facts = Facts::from([("variant".to_owned(), name.clone())]);
        tally.case(&name, &facts, || {
            let exchanges = cluster(&recorded.base, &overrides);
            let node = Recorded::serve(exchanges.clone());
            let snapshot = snapshot_of(std::slice::from_ref(&node.origin));
            check_snapshot(&exchanges, &snapshot)?;
            let online = snapshot
                .nodes
                .known()
                .map_or(0, |n| n.iter().filter(|n| n.status == NodeStatus::Online).count());
            let lines = node.lines();
            if lines.len() > 7 + online {
                return Err(format!("{} requests: {lines:?}", lines.len()));
            }
            if node.most_at_once.load(Ordering::SeqCst) > 5 {
                return Err("more than five requests at a time".to_owned());
            }
            for line in &lines {
                let (method, target) = line.split_once(' ').unwrap();
                if method != "GET" {
                    return Err(format!("`{line}` does more than read"));
                }
                if let Some(api) = &api {
                    let url = url::Url::parse(&format!("http://x{target}")).unwrap();
                    let parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
                    legal(api, method, url.path().trim_start_matches("/api2/json"), &parameters)?;
                }
            }
            Ok(())
        });
    }
    tally.finish();
}

/// Replies written down here: what these clusters are like is in no recording.
pub fn said(path: &str, body: &str) -> Exchange {
    Exchange {
        method: "GET".into(),
        path: path.into(),
        query: String::new(),
        status: 200,
        reason: "OK".into(),
        body: body.into(),
    }
}
fn small(quorate: u8) -> Vec<Exchange> {
    vec![
        said("/version", r#"{"data":{"version":"8.4.1"}}"#),
        said("/nodes", r#"{"data":[{"node":"pve","status":"online","mem":"1","maxmem":4}]}"#),
        said(
            "/cluster/resources",
            r#"{"data":[{"type":"lxc","vmid":"200","node":"pve","status":"running","tags":"B;a"}]}"#,
        ),
        said(
            "/cluster/status",
            &format!(
                r#"{{"data":[{{"type":"cluster","quorate":{quorate}}},{{"type":"node","name":"pve"}}]}}"#
            ),
        ),
        said(
            "/access/permissions",
            r#"{"data":{"/vms":{"VM.Audit":1},"/storage":{"Datastore.AllocateSpace":"1"}}}"#,
        ),
        said(
            "/nodes/pve/storage",
            r#"{"data":[{"storage":"local","type":"dir","content":"iso,backup","enabled":1,"active":1}]}"#,
        ),
    ]
}

#[test]
fn contract_proxmox_endpoints_are_tried_in_order() {
    let dead = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let login_page = Recorded::serve(vec![Exchange {
        method: "*".into(),
        body: "<html>login</html>".into(),
        ..said("", "")
    }]);
    let isolated = Recorded::serve(small(0));
    let healthy = Recorded::serve(small(1));
    let refused = Recorded::serve(vec![Exchange {
        method: "*".into(),
        status: 401,
        reason: "Authentication failed!".into(),
        ..said("", "")
    }]);
    let origin = |r: &Recorded| r.origin.clone();

    let seen = snapshot_of(&[dead.clone(), origin(&login_page), origin(&isolated), origin(&healthy)]);
    assert_eq!((seen.endpoint.clone(), seen.quorate.clone()), (origin(&healthy), Observation::Known(true)));
    assert_eq!(seen.guests.known().unwrap()[0].tags, ["a", "b"]);
    assert_eq!(seen.nodes.known().unwrap()[0].mem, Some(1));

    // Nobody contradicts it: then the cluster has no quorum.
    for endpoints in [vec![origin(&isolated), dead.clone()], vec![origin(&isolated), origin(&refused)]] {
        assert_eq!(snapshot_of(&endpoints).quorate, Observation::Known(false));
    }
    let asked = healthy.lines().len();
    let stopped = snapshot_of(&[origin(&refused), origin(&healthy)]);
    assert!(
        matches!(stopped.failure, Some(ProxmoxFailure::Unauthenticated { ref why, .. }) if why.contains("terraform@pam!automation"))
    );
    assert_eq!(healthy.lines().len(), asked, "a refused token is not tried elsewhere");

    match snapshot_of(&[dead, origin(&login_page)]).failure {
        Some(ProxmoxFailure::Unreachable { tried }) => {
            assert!(
                tried.len() == 2
                    && tried[0].contains("refused the connection")
                    && tried[1].contains("not answer like Proxmox"),
                "{tried:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn contract_proxmox_inherited_permissions_are_asked_for_and_echoed_secrets_removed() {
    let mut world = small(1);
    world.retain(|e| e.path != "/access/permissions" && e.path != "/cluster/status");
    world.push(said("/access/permissions", r#"{"data":{"/":{"VM.Audit":1,"Datastore.Audit":1}}}"#));
    world.push(Exchange {
        query: "path=/vms".into(),
        ..said("/access/permissions", r#"{"data":{"/vms":{"VM.Audit":1}}}"#)
    });
    world.push(Exchange { query: "path=/storage".into(), ..said("/access/permissions", r#"{"data":{}}"#) });
    world.push(Exchange {
        status: 500,
        reason: "Internal Server Error".into(),
        ..said("/cluster/status", &format!(r#"{{"data":null,"message":"bad token {SECRET} \u001b[2J\n"}}"#))
    });
    let node = Recorded::serve(world);
    let seen = snapshot_of(std::slice::from_ref(&node.origin));
    assert_eq!(seen.guests.known().map(Vec::len), Some(1));
    assert!(
        seen.storages["pve"].unknown().is_some_and(|r| r.0.contains("Datastore.Audit")),
        "{:?}",
        seen.storages
    );
    let why = &seen.quorate.unknown().unwrap().0;
    assert!(why.contains("[secret]") && !why.contains('\u{1b}'), "{why}");
}

/// The official API description: path template, method, parameters.
pub fn description() -> Option<Value> {
    let path = fixtures().join("proxmox/pve-api-schema.json");
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str::<Value>(&text).unwrap()["paths"].clone())
}

pub fn legal(api: &Value, method: &str, path: &str, parameters: &[(String, String)]) -> Result<(), String> {
    let segments: Vec<&str> = path.split('/').collect();
    let (template, call) = api
        .as_object()
        .unwrap()
        .iter()
        .filter(|(template, _)| {
            let parts: Vec<&str> = template.split('/').collect();
            parts.len() == segments.len()
                && parts.iter().zip(&segments).all(|(t, s)| t.starts_with('{') || t == s)
        })
        // A fixed name is nearer than a place-holder.
        .min_by_key(|(template, _)| template.matches('{').count())
        .ok_or(format!("no call has the path {path}"))?;
    let call = call.get(method).ok_or(format!("{template} has no {method}"))?;
    if call["allowtoken"] == 0 {
        return Err(format!("{method} {template} refuses tokens"));
    }
    let mut given: Vec<(String, String)> = template
        .split('/')
        .zip(&segments)
        .filter_map(|(t, s)| Some((t.strip_prefix('{')?.strip_suffix('}')?.to_owned(), (*s).to_owned())))
        .collect();
    given.extend(parameters.iter().cloned());
    let none = serde_json::Map::new();
    let known = call["parameters"]["properties"].as_object().unwrap_or(&none);
    for (name, value) in &given {
        let schema = known.get(name).ok_or(format!("{method} {template} has no parameter {name}"))?;
        fits(schema, value).map_err(|why| format!("{method} {template}, {name}={value}: {why}"))?;
    }
    for (name, schema) in known {
        if truth(&schema["optional"]) != Some(true) && !given.iter().any(|(n, _)| n == name) {
            return Err(format!("{method} {template} lacks {name}"));
        }
    }
    Ok(())
}

fn fits(schema: &Value, value: &str) -> Result<(), String> {
    let good = match schema["type"].as_str() {
        Some("integer") => value.parse::<i64>().is_ok_and(|n| {
            schema["minimum"].as_i64().is_none_or(|min| n >= min)
                && schema["maximum"].as_i64().is_none_or(|max| n <= max)
        }),
        Some("number") => value.parse::<f64>().is_ok(),
        Some("boolean") => ["0", "1"].contains(&value),
        _ => {
            let choices = schema["enum"].as_array();
            let short = schema["maxLength"].as_u64().is_none_or(|max| value.chars().count() as u64 <= max);
            short && choices.is_none_or(|list| list.iter().any(|v| v == value))
        }
    };
    let named = schema["format"] != "pve-node" || NodeName::parse(value).is_some();
    if good && named { Ok(()) } else { Err(format!("does not fit {schema}")) }
}

#[test]
fn contract_proxmox_requests_are_legal() {
    let suite = "proxmox requests legal";
    if present(suite, "proxmox/pve-api-schema.json").is_none() {
        return;
    }
    let api = description().unwrap();
    let node = NodeName::parse("foxtrot").unwrap();
    let task =
        Upid::parse("UPID:golf:0012C4D1:188A2F31:69B0A110:qmcreate:107:terraform@pam!automation:").unwrap();
    let mut requests = vec![
        Request::version(),
        Request::permissions(),
        Request::permissions_on("/vms"),
        Request::permissions_on("/storage"),
        Request::cluster_status(),
        Request::cluster_resources(),
        Request::nodes(),
        Request::node_storage(&node),
        Request::cluster_guests(),
        Request::pci_mappings(),
        Request::ha_resources(),
        Request::token_facts(&Token::parse(&format!("terraform@pam!automation={SECRET}")).unwrap()),
        Request::node_bridges(&node),
        Request::node_network(&node),
        Request::node_dns(&node),
        Request::node_status(&node),
        Request::guest_config(&node, 105),
        Request::guest_pending(&node, 105),
        Request::guest_status(&node, 105),
        Request::guest_tasks(&node, 105, 50),
        Request::storage_content(&node, "local", "iso"),
        Request::container_config(&node, 200),
        Request::container_status(&node, 200),
        Request::task_status(&task),
        Request::task_log(&task, 500),
    ];
    for action in [PowerAction::Start, PowerAction::Stop, PowerAction::Shutdown, PowerAction::Reboot] {
        for timeout in [None, Some(60)] {
            requests.push(Request::container_power(&node, 200, action, timeout));
        }
    }
    let mut tally = Tally::new(suite);
    for request in &requests {
        let method = request.verb().as_str();
        let facts =
            Facts::from([("method".to_owned(), method.to_owned()), ("path".to_owned(), request.path())]);
        tally.case(&format!("{method} {}", request.path()), &facts, || {
            if matches!(method, "GET" | "DELETE") && !request.body().is_empty() {
                return Err("a body where Proxmox refuses one".to_owned());
            }
            legal(&api, method, &request.path(), request.parameters())
        });
    }
    tally.finish();
    // The check itself can fail.
    for (method, path, parameters) in [
        ("GET", "/no/such", vec![]),
        ("DELETE", "/version", vec![]),
        ("GET", "/nodes", vec![("x", "1")]),
        ("GET", "/nodes/foxtrot/lxc/99/config", vec![]),
        ("GET", "/nodes/-/storage", vec![]),
        ("POST", "/nodes/foxtrot/lxc", vec![]),
    ] {
        let parameters: Vec<(String, String)> =
            parameters.into_iter().map(|(k, v): (&str, &str)| (k.to_owned(), v.to_owned())).collect();
        assert!(legal(&api, method, path, &parameters).is_err(), "{method} {path}");
    }
}
