//! Which call does what. Calls that are not modelled answer 501, as Proxmox does for paths it does not know.

use serde_json::{Map, Value, json};

use super::access::Token;
use super::model::{Cluster, GuestKind, Node};
use super::reply::Reply;
use super::{create, guests, ha, lxc, mapping, network, nodes, power, resources, storage, tasks, volumes};

/// A request, decoded.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// `GET`, …
    pub method: &'a str,
    /// Path below `/api2/json`, percent-decoded.
    pub path: &'a str,
    /// Query parameters, decoded.
    pub query: Vec<(String, String)>,
    /// `Authorization` header.
    pub authorization: Option<&'a str>,
    /// Whether the request had a body.
    pub has_body: bool,
    /// Parameters of the body, decoded.
    pub parameters: Map<String, Value>,
}

impl Request<'_> {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }
    /// A text of the body.
    fn given(&self, name: &str) -> &str {
        self.parameters.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Answers a request. `now` is the world's time in milliseconds.
pub fn handle(cluster: &mut Cluster, request: &Request<'_>, now: u64) -> Reply {
    if matches!(request.method, "GET" | "DELETE") && request.has_body {
        return Reply::error(501, &format!("Unexpected content for method '{}'", request.method));
    }
    cluster.settle(now);
    let Some(header) = request.authorization else { return Reply::bare(401, "No ticket") };
    let Some(token) = authenticate(cluster, header, now) else {
        return Reply::bare(401, "Authentication failed!");
    };
    let segments: Vec<&str> = request.path.trim_matches('/').splitn(5, '/').collect();
    match (request.method, segments.as_slice()) {
        ("GET", ["version"]) => nodes::version(),
        ("GET", ["access", "permissions"]) => Reply::data(token.permissions(request.parameter("path"))),
        ("GET", ["access", "users", user, rest]) => token_facts(cluster, &token, user, rest),
        ("GET", ["access", "users", user, "token", name]) => {
            token_facts(cluster, &token, user, &format!("token/{name}"))
        }
        ("GET", ["cluster", "status"]) => {
            guarded(&token, "/", "Sys.Audit", || nodes::cluster_status(cluster))
        }
        ("GET", ["cluster", "resources"]) => resources::list(cluster, &token, now, request.parameter("type")),
        ("GET", ["cluster", "nextid"]) => next_id(cluster, request.parameter("vmid")),
        ("GET", ["cluster", "options"]) => guarded(&token, "/", "Sys.Audit", || {
            Reply::data(json!({
                "keyboard": "en-us", "mac_prefix": "BC:24:11", "next-id": { "lower": cluster.lowest_id },
            }))
        }),
        ("GET", ["cluster", "tasks"]) => tasks::list(cluster, None, &token, &[], now),
        ("GET", ["cluster", "ha", "resources"]) => {
            guarded(&token, "/", "Sys.Audit", || ha::resources(cluster))
        }
        ("GET", ["cluster", "sdn", "vnets" | "zones"] | ["pools"]) => Reply::data(json!([])),
        ("GET", ["cluster", "mapping", "pci"]) => {
            mapping::list(cluster, &token, request.parameter("check-node"))
        }
        ("GET", ["cluster", "ceph", "status"]) => {
            guarded(&token, "/", "Sys.Audit|Datastore.Audit", || ceph(cluster))
        }
        ("GET", ["nodes"]) => nodes::list(cluster, &token, now),
        ("GET", ["storage"]) => storage::configured(cluster, &token),
        (method, ["nodes", name, rest @ ..]) => on_node(cluster, &token, request, method, name, rest, now),
        (method, _) => Reply::not_implemented(method, request.path),
    }
}

fn unix(now: u64) -> i64 {
    super::super::world::EPOCH + (now / 1000) as i64
}

fn authenticate(cluster: &Cluster, header: &str, now: u64) -> Option<Token> {
    let (id, secret) = header.strip_prefix("PVEAPIToken=")?.split_once('=')?;
    let unix = unix(now);
    cluster
        .tokens
        .iter()
        .find(|t| t.id == id && t.secret == secret && !t.refused && (t.expires == 0 || t.expires > unix))
        .cloned()
}

fn guarded(token: &Token, path: &str, privileges: &str, answer: impl FnOnce() -> Reply) -> Reply {
    if privileges.split('|').any(|p| token.may(path, p)) {
        answer()
    } else {
        Reply::forbidden(path, privileges)
    }
}

fn token_facts(cluster: &Cluster, asking: &Token, user: &str, rest: &str) -> Reply {
    if !asking.may_read_user(user) {
        return Reply::forbidden("/access/groups", "User.Modify");
    }
    let facts = |t: &Token| json!({ "expire": t.expires, "privsep": 1, "comment": "omni provider" });
    let mine = || cluster.tokens.iter().filter(|t| t.user() == user);
    match rest.split_once('/') {
        None if rest == "token" => Reply::data(
            mine()
                .map(|t| {
                    let mut entry = facts(t);
                    if let Some(map) = entry.as_object_mut() {
                        map.insert("tokenid".into(), json!(t.name()));
                    }
                    entry
                })
                .collect::<Vec<_>>(),
        ),
        Some(("token", name)) => mine().find(|t| t.name() == name).map_or_else(
            || Reply::failed(&format!("no such token '{name}' for user '{user}'")),
            |t| Reply::data(facts(t)),
        ),
        _ => Reply::not_implemented("GET", &format!("/access/users/{user}/{rest}")),
    }
}

fn next_id(cluster: &Cluster, wanted: Option<&str>) -> Reply {
    match wanted.and_then(|w| w.parse::<u32>().ok()) {
        Some(id) if cluster.guests.contains_key(&id) => {
            Reply::parameter("vmid", &format!("VM {id} already exists"))
        }
        Some(id) => Reply::data(id.to_string()),
        None => Reply::data(cluster.next_id().to_string()),
    }
}

fn ceph(cluster: &Cluster) -> Reply {
    let up: Vec<&Node> = cluster.nodes.iter().filter(|n| n.online).collect();
    let whole = up.len() == cluster.nodes.len();
    let down =
        json!({ "MON_DOWN": { "severity": "HEALTH_WARN", "summary": { "message": "a monitor is down" } } });
    Reply::data(json!({
        "quorum_names": up.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(),
        "health": {
            "status": if whole { "HEALTH_OK" } else { "HEALTH_WARN" },
            "checks": if whole { json!({}) } else { down },
            "mutes": [],
        },
        "osdmap": { "num_osds": 2 * cluster.nodes.len(), "num_up_osds": 2 * up.len(), "num_in_osds": 2 * up.len() },
        "pgmap": { "num_pgs": 129, "pgs_by_state": [{ "state_name": "active+clean", "count": 129 }] },
    }))
}

fn on_node(
    cluster: &mut Cluster,
    token: &Token,
    request: &Request<'_>,
    method: &str,
    name: &str,
    rest: &[&str],
    now: u64,
) -> Reply {
    let Some(node) = cluster.node(name).cloned() else {
        return Reply::failed(&format!(
            "hostname lookup '{name}' failed - failed to get address info for: {name}: Name or service not known"
        ));
    };
    if !node.online {
        return Reply::unreachable();
    }
    let own = format!("/nodes/{name}");
    match (method, rest) {
        ("GET", ["version"]) => nodes::version(),
        ("GET", ["status"]) => guarded(token, &own, "Sys.Audit", || nodes::status(cluster, &node, now)),
        ("GET", ["dns"]) => guarded(token, &own, "Sys.Audit", || network::dns(&node)),
        ("GET", ["network"]) => network::interfaces(&node, token, request.parameter("type")),
        ("GET", ["certificates", "info"]) => nodes::certificates(&node),
        ("GET", ["hardware", "pci"]) => {
            guarded(token, "/", "Sys.Audit", || Reply::data(Value::Array(node.devices)))
        }
        ("GET", ["storage"]) => storage::on_node(cluster, &node, token, &request.query),
        ("GET", ["storage", id, "status"]) => storage::status(cluster, &node, id, token),
        ("GET", ["storage", id, "content"]) => volumes::content(
            cluster,
            &node,
            id,
            token,
            request.parameter("content"),
            request.parameter("vmid"),
        ),
        ("GET", ["storage", id, volume]) if volume.starts_with("content/") => {
            volumes::volume(cluster, &node, id, volume.trim_start_matches("content/"))
        }
        ("DELETE", ["storage", id, volume]) if volume.starts_with("content/") => {
            volumes::delete(cluster, &node, (id, volume.trim_start_matches("content/")), token, now)
        }
        ("POST", ["storage", id, what @ ("download-url" | "upload")]) => {
            let put = if *what == "upload" { volumes::upload } else { volumes::download };
            put(cluster, &node, (id, request.given("filename")), token, (now, unix(now)))
        }
        ("GET", ["tasks"]) => tasks::list(cluster, Some(name), token, &request.query, now),
        ("GET", ["tasks", upid, what @ ("status" | "log")]) => {
            tasks::one(cluster, upid, what, token, &request.query, now)
        }
        ("GET", ["qemu"]) => guests::list(cluster, &node, token, now),
        ("GET", ["qemu", id, what]) => {
            match (guests::find(cluster, &node, GuestKind::Qemu, id, token), *what) {
                (Err(reply), "config" | "status/current" | "pending" | "agent/network-get-interfaces") => {
                    reply
                }
                (Ok(guest), "config") => guests::config(guest, request.parameter("current") == Some("1")),
                (Ok(guest), "pending") => guests::pending(guest),
                (Ok(guest), "status/current") => guests::current(cluster, guest, now),
                (Ok(guest), "agent/network-get-interfaces") => guests::interfaces(guest, token),
                _ => Reply::not_implemented(method, request.path),
            }
        }
        ("GET", ["lxc"]) => lxc::list(cluster, &node, token, now),
        ("GET", ["lxc", id, what]) => {
            match (guests::find(cluster, &node, GuestKind::Lxc, id, token), *what) {
                (Err(reply), "config" | "status/current") => reply,
                (Ok(guest), "config") => lxc::config(guest),
                (Ok(guest), "status/current") => lxc::current(cluster, guest, now),
                _ => Reply::not_implemented(method, request.path),
            }
        }
        ("POST", ["qemu"]) => create::create(cluster, &node, token, &request.parameters, (now, unix(now))),
        ("POST", ["qemu", id, what]) => {
            let vmid = match guests::find(cluster, &node, GuestKind::Qemu, id, token) {
                Err(reply) => return reply,
                Ok(guest) => guest.vmid,
            };
            match what.strip_prefix("status/") {
                Some(action) => power::act(cluster, &node, vmid, action, token, now),
                None if *what == "config" => {
                    power::change(cluster, &node, vmid, &request.parameters, token, now)
                }
                None => Reply::not_implemented(method, request.path),
            }
        }
        ("DELETE", ["qemu", id]) => {
            let purge = request.parameter("purge") == Some("1");
            match guests::find(cluster, &node, GuestKind::Qemu, id, token).map(|g| g.vmid) {
                Err(reply) => reply,
                Ok(vmid) => power::destroy(cluster, &node, vmid, token, purge, now),
            }
        }
        ("POST", ["lxc", id, what]) if what.starts_with("status/") => {
            let found = guests::find(cluster, &node, GuestKind::Lxc, id, token).map(|g| g.vmid);
            match found {
                Err(reply) => reply,
                Ok(vmid) if !token.may(&format!("/vms/{vmid}"), "VM.PowerMgmt") => {
                    Reply::forbidden(&format!("/vms/{vmid}"), "VM.PowerMgmt")
                }
                Ok(vmid) => lxc::act(cluster, name, vmid, what.trim_start_matches("status/"), &token.id, now),
            }
        }
        _ => Reply::not_implemented(method, request.path),
    }
}
