//! Reads a Proxmox cluster. There is deliberately no writer: VMs are the provider's.
//!
//! One look at the cluster is five requests (permissions, nodes, cluster status, cluster resources, version), plus at most three
//! permission questions, however many nodes there are; with storages one more per node that is online, and for what new machines
//! need two more in all and three per node. Never more than five at once; a node that is down is not waited for twice.

mod assemble;
mod disks;
mod examine;
mod look;

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

pub(super) use self::assemble::sorted_storages;
use self::assemble::{Answers, map};
use self::look::{Answer, Ask, Look};
use super::{Depth, ProxmoxReader, RecordedVm};
use crate::live::{NodeStatus, Observation, ProxmoxFailure, ProxmoxSnapshot, Reason};
use crate::wire::proxmox::{
    AuthCause, ClusterEntry, Coverage, DnsReply, Fault, NodeEntry, NodeName, Permissions, Request, Token,
    TokenReply, Verb, read,
};
use crate::world::{BoxFuture, Deadline, HeaderValue, Method, Net, NetError, NetReply, NetRequest};

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
    /// It was not asked, or not waited for: the node is down.
    Down(Reason),
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

    async fn send(&self, origin: &str, request: Request) -> Answer {
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
            Ok(reply) => Ok(reply),
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

    /// The same where there was no answer.
    fn silence(&self, what: &str, why: &str) -> Reason {
        Reason(format!("Proxmox `{}`, {what}: {why}", self.name))
    }

    /// An answer as data.
    fn observe<T: DeserializeOwned>(&self, ask: &Ask, answer: Answer) -> Result<Observation<T>, Leave> {
        self.observed(ask, answer.and_then(data))
    }

    fn observed<T>(&self, ask: &Ask, read: Result<T, Trouble>) -> Result<Observation<T>, Leave> {
        match read {
            Ok(value) => Ok(Observation::Known(value)),
            Err(Trouble::Fault(Fault::Unauthenticated(cause))) => {
                Err(Leave::Stop(self.unauthenticated(cause)))
            }
            Err(Trouble::Fault(fault)) => Ok(Observation::Unknown(self.reason(&ask.what(), &fault))),
            Err(Trouble::Untrusted(failure)) => Err(Leave::Stop(failure)),
            Err(Trouble::Silent(why)) => Ok(Observation::Unknown(self.silence(&ask.what(), &why))),
            Err(Trouble::Down(reason)) => Ok(Observation::Unknown(reason)),
        }
    }

    fn unauthenticated(&self, cause: AuthCause) -> ProxmoxFailure {
        let absent = cause == AuthCause::Absent;
        let why = if absent {
            format!(
                "Proxmox `{}` says that no credentials came with the question: something between may take the header \
                 `Authorization` away from the token `{}`",
                self.name,
                self.token.id()
            )
        } else {
            format!(
                "Proxmox `{}` does not accept the token `{}`: it is wrong, unknown, expired or disabled, or its user is \
                 (the server does not say which); `pveum user token list` on a node shows its expiry",
                self.name,
                self.token.id()
            )
        };
        ProxmoxFailure::Unauthenticated { why, absent }
    }

    /// Everything, from one endpoint.
    async fn read_from(&self, origin: &str, depth: Depth) -> Result<ProxmoxSnapshot, Leave> {
        let mut look = Look::new(self, origin);
        let mut out = Answers::default();
        // The nodes first: they tell what else there is to ask. One round trip decides how long a status takes.
        for ask in [Ask::Nodes, Ask::Resources, Ask::Status, Ask::Permissions, Ask::Version] {
            look.ask(ask);
        }
        if depth >= Depth::Preflight {
            look.ask(Ask::Mappings);
            look.ask(Ask::Token);
        }
        while let Some((ask, answer)) = look.next().await {
            match &ask {
                Ask::Nodes => self.take_nodes(&ask, answer, depth, &mut look, &mut out)?,
                Ask::Status => {
                    out.status = self.observe(&ask, answer)?;
                    let rows = out.status.known().map_or(&[][..], Vec::as_slice);
                    for name in rows.iter().filter_map(silent_member) {
                        // The words of the other list, whichever answers first.
                        look.is_down(name, Reason(format!("node `{name}` is offline")));
                    }
                }
                Ask::Permissions => {
                    out.permissions = self.observe(&ask, answer)?;
                    let Some(held) = out.permissions.known() else { continue };
                    for (top, any) in [VISIBLE_GUESTS, VISIBLE_STORAGES, VISIBLE_MAPPINGS] {
                        let asked = depth >= Depth::Preflight || top != VISIBLE_MAPPINGS.0;
                        if asked && held.covers(top, any) == Coverage::NotListed {
                            look.ask(Ask::PermissionsOn(top));
                        }
                    }
                }
                Ask::PermissionsOn(_) => {
                    let more = self.observe::<Permissions>(&ask, answer)?;
                    if let (Observation::Known(held), Observation::Known(more)) = (&mut out.permissions, more)
                    {
                        held.extend(more);
                    }
                }
                Ask::Resources => out.resources = self.observe(&ask, answer)?,
                Ask::Version => out.version = self.observe(&ask, answer)?,
                Ask::Mappings => out.mappings = self.observe(&ask, answer)?,
                Ask::Token => out.token = self.expiry(self.observe(&ask, answer)?),
                Ask::Storages(node) => {
                    let seen = self.observe(&ask, answer)?;
                    out.storages.insert(node.as_str().to_owned(), seen);
                }
                Ask::Bridges(node) if outdated(&answer) => look.ask(Ask::Interfaces(node.clone())),
                Ask::Bridges(node) | Ask::Interfaces(node) => {
                    let seen = self.observe(&ask, answer)?;
                    out.bridges.insert(node.as_str().to_owned(), seen);
                }
                Ask::Resolvers(node) => {
                    let seen = map(self.observe::<DnsReply>(&ask, answer)?, DnsReply::servers);
                    out.resolvers.insert(node.as_str().to_owned(), seen);
                }
                // What becomes of VMs is asked later.
                _ => {}
            }
        }
        Ok(self.assemble(origin, depth, out))
    }

    /// The nodes, and what is to be asked of each.
    fn take_nodes(
        &self,
        ask: &Ask,
        answer: Answer,
        depth: Depth,
        look: &mut Look<'_>,
        out: &mut Answers,
    ) -> Result<(), Leave> {
        let entries = match answer.and_then(data::<Vec<NodeEntry>>) {
            Err(Trouble::Silent(why)) => return Err(Leave::Next(why)),
            Err(Trouble::Fault(fault @ (Fault::Unexpected { .. } | Fault::Garbled(_)))) => {
                return Err(Leave::Next(format!(
                    "`{}` does not answer like Proxmox: {fault}",
                    look.origin()
                )));
            }
            other => self.observed(ask, other)?,
        };
        out.nodes = match entries {
            Observation::Known(entries) => self.nodes(entries),
            other => map(other, |_| Vec::new()),
        };
        let nodes = out.nodes.known().map_or(&[][..], Vec::as_slice);
        for node in nodes.iter().filter(|node| node.status != NodeStatus::Online) {
            look.is_down(&node.name, down(&node.name, node.status));
        }
        // By question and not by node, so that one that hangs holds up as few others as may be.
        let per_node: &[fn(NodeName) -> Ask] = match depth {
            Depth::Cluster => &[],
            Depth::Storages => &[Ask::Storages],
            Depth::Preflight | Depth::Doctor => &[Ask::Storages, Ask::Bridges, Ask::Resolvers],
        };
        for question in per_node {
            for node in nodes.iter().filter_map(|node| NodeName::parse(&node.name)) {
                look.ask(question(node));
            }
        }
        Ok(())
    }

    fn expiry(&self, seen: Observation<TokenReply>) -> Observation<Option<u64>> {
        match seen {
            Observation::Known(TokenReply { expire: Some(at) }) => Observation::Known((at > 0).then_some(at)),
            Observation::Known(TokenReply { expire: None }) => {
                Observation::Unknown(self.silence("expiry of the token", "it is that of its user"))
            }
            other => map(other, |_| None),
        }
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
            ProxmoxFailure::Unauthenticated { why, .. } => why.clone(),
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
        ProxmoxFailure::Unauthenticated { why, absent } => {
            ProxmoxFailure::Unauthenticated { why: add(why), absent }
        }
        ProxmoxFailure::Unreachable { tried } => ProxmoxFailure::Unreachable { tried },
    }
}

/// Guests are listed only with this privilege on each of them.
const VISIBLE_GUESTS: (&str, &[&str]) = ("/vms", &["VM.Audit"]);
/// Storages are listed only with either privilege on each of them.
const VISIBLE_STORAGES: (&str, &[&str]) = ("/storage", &["Datastore.Audit", "Datastore.AllocateSpace"]);
/// PCI mappings are listed only with one of these on each of them.
const VISIBLE_MAPPINGS: (&str, &[&str]) = ("/mapping", &["Mapping.Audit", "Mapping.Use", "Mapping.Modify"]);

/// The data of a reply.
fn data<T: DeserializeOwned>(reply: NetReply) -> Result<T, Trouble> {
    read(reply.status, reply.reason.as_deref(), &reply.body).map_err(Trouble::Fault)
}

/// Why a node that is not online is not asked.
fn down(name: &str, status: NodeStatus) -> Reason {
    Reason(match status {
        NodeStatus::Offline => format!("node `{name}` is offline"),
        _ => format!("node `{name}` has no status yet"),
    })
}

/// A member that the cluster does not hear.
fn silent_member(row: &ClusterEntry) -> Option<&str> {
    row.name.as_deref().filter(|_| row.kind == "node" && row.online == Some(false))
}

/// Whether a server does not know a question in this form.
fn outdated(answer: &Answer) -> bool {
    answer.as_ref().is_ok_and(|reply| matches!(reply.status, 400 | 501))
}

impl ProxmoxReader for ProxmoxApi {
    fn name(&self) -> &str {
        &self.name
    }
    fn snapshot(&self, depth: Depth) -> BoxFuture<'_, ProxmoxSnapshot> {
        Box::pin(async move {
            let seen = self.refresh(depth).await;
            if depth == Depth::Doctor { self.look_closer(seen, &[]).await } else { seen }
        })
    }
    fn examine<'a>(
        &'a self,
        seen: ProxmoxSnapshot,
        recorded: &'a [RecordedVm],
    ) -> BoxFuture<'a, ProxmoxSnapshot> {
        Box::pin(self.look_closer(seen, recorded))
    }
    fn histories<'a>(
        &'a self,
        seen: ProxmoxSnapshot,
        guests: &'a [(String, u32)],
    ) -> BoxFuture<'a, ProxmoxSnapshot> {
        Box::pin(self.look_back(seen, guests))
    }
}
