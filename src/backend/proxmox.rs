//! Reads a Proxmox cluster. There is deliberately no writer: VMs are the provider's.
//!
//! One look at the cluster is five requests (permissions, nodes, cluster status, cluster resources, version), plus at most two
//! permission questions, however many nodes there are; with storages one more per node that is online. Never more than
//! [`IN_FLIGHT`] at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use serde::de::DeserializeOwned;

use super::{Depth, ProxmoxReader};
use crate::live::{
    Guest, GuestKind, NodeStatus, Observation, ProxmoxFailure, ProxmoxSnapshot, PveNode, Reason, Storage,
};
use crate::wire::proxmox::{
    ClusterEntry, Coverage, Fault, NodeEntry, NodeName, Permissions, Request, ResourceEntry, StorageEntry,
    Token, Verb, VersionReply, read,
};
use crate::world::{BoxFuture, Deadline, HeaderValue, Method, Net, NetError, NetRequest};

/// Most requests at a time: a node has three worker processes for everybody, and a plan asks once.
const IN_FLIGHT: usize = 5;

/// A call that the asked node passes on to a dead one takes up to 30 s to be answered, a refused credential always 3 s.
const DEADLINE: Deadline = Deadline { connect: Duration::from_secs(5), total: Duration::from_secs(35) };

/// Most bytes of a reply; the list of a thousand guests is below one megabyte.
const LIMIT: usize = 16 << 20;

/// A Proxmox cluster, reached over any of its nodes.
pub struct ProxmoxApi {
    name: String,
    endpoints: Vec<String>,
    token: Token,
    net: Arc<dyn Net>,
    deadline: Deadline,
}

/// Why one call gave no data.
enum Trouble {
    /// No connection, or it broke. Reading has no effect, so another endpoint may be asked either way.
    Silent(String),
    /// The certificate is not trusted.
    Untrusted(ProxmoxFailure),
    /// The server answered with a fault.
    Fault(Fault),
}

/// Why an endpoint was given up.
enum Leave {
    /// Another one may do.
    Next(String),
    /// Another one would not, or must not hide it.
    Stop(ProxmoxFailure),
}

impl ProxmoxApi {
    /// A cluster by its name in the spec. Endpoints are origins (`https://192.168.3.5:8006`), tried in this order; trust is
    /// bound to them where the `net` is made.
    pub fn new(name: impl Into<String>, endpoints: Vec<String>, token: Token, net: Arc<dyn Net>) -> Self {
        Self { name: name.into(), endpoints, token, net, deadline: DEADLINE }
    }

    /// Waits at most so long for one answer, where that is less than usual.
    pub fn with_patience(mut self, total: Duration) -> Self {
        self.deadline.total = self.deadline.total.min(total);
        self
    }

    async fn ask<T: DeserializeOwned>(&self, origin: &str, request: Request) -> Result<T, Trouble> {
        let mut headers = vec![
            ("authorization".to_owned(), HeaderValue::Secret(self.token.header().clone())),
            ("accept".to_owned(), HeaderValue::Plain("application/json".to_owned())),
        ];
        if let Some(kind) = request.content_type() {
            headers.push(("content-type".to_owned(), HeaderValue::Plain(kind.to_owned())));
        }
        let sent = NetRequest {
            method: match request.verb() {
                Verb::Get => Method::Get,
                Verb::Post => Method::Post,
                Verb::Put => Method::Put,
                Verb::Delete => Method::Delete,
            },
            origin: origin.to_owned(),
            target: request.target(),
            headers,
            body: request.body(),
            deadline: self.deadline,
            limit: LIMIT,
        };
        match self.net.send(sent).await {
            Ok(reply) => read(reply.status, reply.reason.as_deref(), &reply.body).map_err(Trouble::Fault),
            Err(NetError::NotSent(why) | NetError::Unknown(why) | NetError::Unfit(why)) => {
                Err(Trouble::Silent(why))
            }
            Err(NetError::Untrusted { why, fingerprint }) => {
                Err(Trouble::Untrusted(ProxmoxFailure::Untrusted { why, fingerprint }))
            }
        }
    }

    /// A reason for people: never the secret, even if a server echoed it.
    fn reason(&self, what: &str, fault: &Fault) -> Reason {
        Reason(self.token.scrub(&format!("Proxmox `{}`, {what}: {fault}", self.name)))
    }

    fn observe<T>(&self, what: &str, result: Result<T, Trouble>) -> Result<Observation<T>, Leave> {
        match result {
            Ok(value) => Ok(Observation::Known(value)),
            Err(Trouble::Fault(Fault::Unauthenticated(_))) => Err(Leave::Stop(self.unauthenticated())),
            Err(Trouble::Fault(fault)) => Ok(Observation::Unknown(self.reason(what, &fault))),
            Err(Trouble::Untrusted(failure)) => Err(Leave::Stop(failure)),
            Err(Trouble::Silent(why)) => {
                Ok(Observation::Unknown(Reason(format!("Proxmox `{}`, {what}: {why}", self.name))))
            }
        }
    }

    fn unauthenticated(&self) -> ProxmoxFailure {
        ProxmoxFailure::Unauthenticated {
            why: format!(
                "Proxmox `{}` does not accept the token `{}`: it is wrong, unknown, expired or disabled, or its user is \
                 (the server does not say which); `pveum user token list` on a node shows its expiry",
                self.name,
                self.token.id()
            ),
        }
    }

    /// Everything, from one endpoint.
    async fn read_from(&self, origin: &str, depth: Depth) -> Result<ProxmoxSnapshot, Leave> {
        // Five requests at once: one round trip decides how long a plan takes.
        let (nodes, resources, status, permissions, version) = futures::join!(
            self.ask::<Vec<NodeEntry>>(origin, Request::nodes()),
            self.ask::<Vec<ResourceEntry>>(origin, Request::cluster_resources()),
            self.ask::<Vec<ClusterEntry>>(origin, Request::cluster_status()),
            self.ask::<Permissions>(origin, Request::permissions()),
            self.ask::<VersionReply>(origin, Request::version()),
        );
        match &nodes {
            Err(Trouble::Silent(why)) => return Err(Leave::Next(why.clone())),
            Err(Trouble::Fault(fault @ (Fault::Unexpected { .. } | Fault::Garbled(_)))) => {
                return Err(Leave::Next(format!("`{origin}` does not answer like Proxmox: {fault}")));
            }
            _ => {}
        }
        let nodes = match self.observe("nodes", nodes)? {
            Observation::Known(entries) => self.nodes(entries),
            Observation::Absent => Observation::Absent,
            Observation::Unknown(reason) => Observation::Unknown(reason),
        };
        let resources = self.observe("guests", resources)?;
        let status = self.observe("cluster status", status)?;
        let permissions = self.observe("permissions", permissions)?;
        let version = self.observe("version", version)?;

        let mut questions = Vec::new();
        if let Some(held) = permissions.known() {
            for (top, any) in [VISIBLE_GUESTS, VISIBLE_STORAGES] {
                if held.covers(top, any) == Coverage::NotListed {
                    questions.push(top);
                }
            }
        }
        let online: Vec<NodeName> = nodes
            .known()
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .filter(|node| depth == Depth::Storages && node.status == NodeStatus::Online)
            .filter_map(|node| NodeName::parse(&node.name))
            .collect();

        let mut calls: Vec<BoxFuture<'_, Result<Part, Leave>>> = Vec::new();
        for top in questions {
            calls.push(Box::pin(async move {
                let answer = self.ask::<Permissions>(origin, Request::permissions_on(top)).await;
                Ok(Part::Permissions(self.observe("permissions", answer)?))
            }));
        }
        for node in &online {
            calls.push(Box::pin(async move {
                let list = self.ask::<Vec<StorageEntry>>(origin, Request::node_storage(node)).await;
                let what = format!("storages of `{}`", node.as_str());
                Ok(Part::Storages(node.as_str().to_owned(), self.observe(&what, list)?))
            }));
        }
        let parts: Vec<Result<Part, Leave>> =
            futures::stream::iter(calls).buffer_unordered(IN_FLIGHT).collect().await;

        let mut permissions = permissions;
        let mut storages = BTreeMap::new();
        for part in parts {
            match part? {
                Part::Storages(node, observed) => {
                    storages.insert(node, observed);
                }
                Part::Permissions(Observation::Known(more)) => {
                    if let Observation::Known(held) = &mut permissions {
                        held.extend(more);
                    }
                }
                Part::Permissions(_) => {}
            }
        }
        Ok(self.assemble(origin, depth, Parts { version, nodes, resources, status, permissions, storages }))
    }

    fn assemble(&self, origin: &str, depth: Depth, parts: Parts) -> ProxmoxSnapshot {
        let unread = || Reason(format!("Proxmox `{}`: not read", self.name));
        let guests_seen = self.visible(&parts.permissions, VISIBLE_GUESTS, "guest");
        let storages_seen = self.visible(&parts.permissions, VISIBLE_STORAGES, "storage");
        let mut storages = BTreeMap::new();
        let asked = parts.nodes.known().filter(|_| depth == Depth::Storages);
        for node in asked.map_or(&[][..], Vec::as_slice) {
            let observed = match (node.status, parts.storages.get(&node.name)) {
                (_, Some(Observation::Known(entries))) => match &storages_seen {
                    Ok(()) => Observation::Known(sorted_storages(entries)),
                    Err(reason) => Observation::Unknown(reason.clone()),
                },
                (_, Some(Observation::Unknown(reason))) => Observation::Unknown(reason.clone()),
                (NodeStatus::Offline, _) => {
                    Observation::Unknown(Reason(format!("node `{}` is offline", node.name)))
                }
                _ => Observation::Unknown(Reason(format!("node `{}` has no status yet", node.name))),
            };
            storages.insert(node.name.clone(), observed);
        }
        ProxmoxSnapshot {
            endpoint: origin.to_owned(),
            version: match parts.version {
                Observation::Known(VersionReply { version: Some(version) }) => Observation::Known(version),
                Observation::Unknown(reason) => Observation::Unknown(reason),
                _ => Observation::Unknown(unread()),
            },
            quorate: match parts.status {
                // A stand-alone host has no `cluster` row: it is its own quorum.
                Observation::Known(entries) => match entries.iter().find(|entry| entry.kind == "cluster") {
                    None => Observation::Known(true),
                    Some(ClusterEntry { quorate: Some(quorate), .. }) => Observation::Known(*quorate),
                    Some(_) => Observation::Unknown(unread()),
                },
                Observation::Absent => Observation::Absent,
                Observation::Unknown(reason) => Observation::Unknown(reason),
            },
            guests: match (parts.resources, guests_seen) {
                (Observation::Known(entries), Ok(())) => self.guests(entries),
                (Observation::Known(_), Err(reason)) | (Observation::Unknown(reason), _) => {
                    Observation::Unknown(reason)
                }
                (Observation::Absent, _) => Observation::Absent,
            },
            nodes: parts.nodes,
            storages,
            failure: None,
            evidence: crate::live::Evidence::default(),
            principal: Some(self.token.id().to_owned()),
            permissions: match parts.permissions {
                Observation::Known(Permissions(held)) => Observation::Known(held),
                Observation::Absent => Observation::Absent,
                Observation::Unknown(reason) => Observation::Unknown(reason),
            },
        }
    }

    /// Whether a list can be believed to be complete.
    fn visible(
        &self,
        permissions: &Observation<Permissions>,
        (top, any): (&str, &[&str]),
        what: &str,
    ) -> Result<(), Reason> {
        match permissions {
            Observation::Known(held) if held.covers(top, any) == Coverage::Whole => Ok(()),
            Observation::Known(_) => Err(Reason(format!(
                "Proxmox `{}`: the token `{}` may not see every {what}, so a missing one proves nothing; it needs {} on `{top}`, \
                 propagated (role `PVEAuditor` on `/` has it)",
                self.name,
                self.token.id(),
                any.iter().map(|privilege| format!("`{privilege}`")).collect::<Vec<_>>().join(" or "),
            ))),
            Observation::Unknown(reason) => Err(reason.clone()),
            Observation::Absent => Err(Reason(format!("Proxmox `{}`: permissions not read", self.name))),
        }
    }

    fn nodes(&self, entries: Vec<NodeEntry>) -> Observation<Vec<PveNode>> {
        let mut nodes = Vec::new();
        for entry in entries {
            if NodeName::parse(&entry.node).is_none() {
                return Observation::Unknown(Reason(format!(
                    "Proxmox `{}`, nodes: a node has a name that Proxmox does not allow",
                    self.name
                )));
            }
            nodes.push(PveNode {
                name: entry.node,
                status: match entry.status.as_deref() {
                    Some("online") => NodeStatus::Online,
                    Some("offline") => NodeStatus::Offline,
                    _ => NodeStatus::Unknown,
                },
                maxmem: entry.maxmem,
                mem: entry.mem,
                maxcpu: entry.maxcpu,
            });
        }
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        nodes.dedup_by(|a, b| a.name == b.name);
        Observation::Known(nodes)
    }

    fn guests(&self, entries: Vec<ResourceEntry>) -> Observation<Vec<Guest>> {
        let mut guests = Vec::new();
        for entry in entries {
            let kind = match entry.kind.as_str() {
                "qemu" => GuestKind::Qemu,
                "lxc" => GuestKind::Lxc,
                _ => continue,
            };
            let vmid = entry
                .vmid
                .and_then(|id| u32::try_from(id).ok())
                .filter(|id| (100..=999_999_999).contains(id));
            let (Some(vmid), Some(node)) = (vmid, entry.node) else {
                return Observation::Unknown(Reason(format!(
                    "Proxmox `{}`, guests: one has no usable VMID or node",
                    self.name
                )));
            };
            let mut tags: Vec<String> = entry
                .tags
                .unwrap_or_default()
                .split([';', ',', ' '])
                .filter(|tag| !tag.is_empty())
                .map(str::to_lowercase)
                .collect();
            tags.sort();
            tags.dedup();
            guests.push(Guest {
                kind,
                vmid,
                node,
                name: entry.name.filter(|name| !name.is_empty()),
                status: entry.status.unwrap_or_else(|| "unknown".to_owned()),
                tags,
                maxcpu: entry.maxcpu,
                maxmem: entry.maxmem,
                maxdisk: entry.maxdisk,
                lock: entry.lock.filter(|lock| !lock.is_empty()),
            });
        }
        guests.sort_by_key(|guest| guest.vmid);
        if guests.windows(2).any(|pair| matches!(pair, [a, b] if a.vmid == b.vmid)) {
            return Observation::Unknown(Reason(format!(
                "Proxmox `{}`, guests: a VMID is listed twice",
                self.name
            )));
        }
        Observation::Known(guests)
    }

    async fn refresh(&self, depth: Depth) -> ProxmoxSnapshot {
        let mut tried = Vec::new();
        let mut isolated = None;
        for origin in &self.endpoints {
            match self.read_from(origin, depth).await {
                // A node that was cut off sees no quorum while the others are fine: hear another one first.
                Ok(snapshot) if snapshot.quorate == Observation::Known(false) => {
                    isolated.get_or_insert(snapshot);
                }
                Ok(snapshot) => return snapshot,
                Err(Leave::Next(why)) => tried.push(why),
                Err(Leave::Stop(failure)) if isolated.is_none() => {
                    return self.failed(origin, after(failure, &tried));
                }
                Err(Leave::Stop(_)) => {}
            }
        }
        if let Some(snapshot) = isolated {
            return snapshot;
        }
        let first = self.endpoints.first().map_or("", String::as_str);
        if tried.is_empty() {
            tried.push("the spec names no endpoint".to_owned());
        }
        self.failed(first, ProxmoxFailure::Unreachable { tried })
    }

    fn failed(&self, origin: &str, failure: ProxmoxFailure) -> ProxmoxSnapshot {
        let why = match &failure {
            ProxmoxFailure::Unreachable { tried } => {
                format!("Proxmox `{}` cannot be reached: {}", self.name, tried.join("; "))
            }
            ProxmoxFailure::Untrusted { why, fingerprint: Some(fingerprint) } => {
                format!(
                    "the certificate of {why}; presented was `{fingerprint}`: if `pvenode cert info` on that node shows the same, \
                     write it as `tls: {{ sha256: … }}`, or add it to the list there: each node has its own certificate"
                )
            }
            ProxmoxFailure::Untrusted { why, .. } => format!("the certificate of {why}"),
            ProxmoxFailure::Unauthenticated { why } => why.clone(),
        };
        let mut snapshot = ProxmoxSnapshot::unknown(origin, &Reason(why));
        snapshot.principal = Some(self.token.id().to_owned());
        snapshot.failure = Some(failure);
        snapshot
    }
}

/// A refusal by a later endpoint, told together with why the earlier ones did not answer.
fn after(failure: ProxmoxFailure, tried: &[String]) -> ProxmoxFailure {
    if tried.is_empty() {
        return failure;
    }
    let add = |why: String| format!("{why} (asked because {})", tried.join(", and "));
    match failure {
        ProxmoxFailure::Untrusted { why, fingerprint } => {
            ProxmoxFailure::Untrusted { why: add(why), fingerprint }
        }
        ProxmoxFailure::Unauthenticated { why } => ProxmoxFailure::Unauthenticated { why: add(why) },
        ProxmoxFailure::Unreachable { tried } => ProxmoxFailure::Unreachable { tried },
    }
}

/// Guests are listed only with this privilege on each of them.
const VISIBLE_GUESTS: (&str, &[&str]) = ("/vms", &["VM.Audit"]);
/// Storages are listed only with either privilege on each of them.
const VISIBLE_STORAGES: (&str, &[&str]) = ("/storage", &["Datastore.Audit", "Datastore.AllocateSpace"]);

enum Part {
    Permissions(Observation<Permissions>),
    Storages(String, Observation<Vec<StorageEntry>>),
}

struct Parts {
    version: Observation<VersionReply>,
    nodes: Observation<Vec<PveNode>>,
    resources: Observation<Vec<ResourceEntry>>,
    status: Observation<Vec<ClusterEntry>>,
    permissions: Observation<Permissions>,
    storages: BTreeMap<String, Observation<Vec<StorageEntry>>>,
}

pub(super) fn sorted_storages(entries: &[StorageEntry]) -> Vec<Storage> {
    let mut storages: Vec<Storage> = entries
        .iter()
        .map(|entry| {
            let mut content: Vec<String> = entry
                .content
                .iter()
                .flat_map(|list| list.split(','))
                .map(str::trim)
                .filter(|kind| !kind.is_empty())
                .map(str::to_owned)
                .collect();
            content.sort();
            Storage {
                name: entry.storage.clone(),
                plugin: entry.plugin.clone().unwrap_or_default(),
                content,
                enabled: entry.enabled.unwrap_or(false),
                active: entry.active.unwrap_or(false),
                shared: entry.shared.unwrap_or(false),
                avail: entry.avail.unwrap_or(0),
                total: entry.total.unwrap_or(0),
            }
        })
        .collect();
    storages.sort_by(|a, b| a.name.cmp(&b.name));
    storages
}

impl ProxmoxReader for ProxmoxApi {
    fn name(&self) -> &str {
        &self.name
    }
    fn snapshot(&self, depth: Depth) -> BoxFuture<'_, ProxmoxSnapshot> {
        Box::pin(self.refresh(depth))
    }
}
