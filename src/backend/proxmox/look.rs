//! Asking many things of one endpoint: never more than [`IN_FLIGHT`] at once, and of a node that is down not twice.

use std::collections::{BTreeMap, VecDeque};

use futures::StreamExt;
use futures::future::{AbortHandle, Aborted, abortable};
use futures::stream::FuturesUnordered;

use serde::de::IgnoredAny;

use super::{ProxmoxApi, Trouble};
use crate::live::Reason;
use crate::wire::proxmox::{Fault, NodeName, Request, Upid, read};
use crate::world::{BoxFuture, NetReply};

/// Most requests at a time: a node has three worker processes for everybody, and a plan asks once.
pub(super) const IN_FLIGHT: usize = 5;

/// Most entries of a guest's task log that are read.
const TASKS: u32 = 50;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Nodes,
    Resources,
    Status,
    Permissions,
    PermissionsOn(&'static str),
    Version,
    Mappings,
    Token,
    Storages(NodeName),
    Bridges(NodeName),
    Interfaces(NodeName),
    Resolvers(NodeName),
    Guests,
    /// The guests once more, after the storages were listed.
    Remaining,
    Ha,
    Hardware(NodeName),
    Config(NodeName, u32),
    Pending(NodeName, u32),
    Run(NodeName, u32),
    Tasks(NodeName, u32),
    Task(NodeName, Upid),
    Content(NodeName, String, &'static str),
}

impl Ask {
    /// Node that has to answer itself.
    pub(super) fn node(&self) -> Option<&NodeName> {
        match self {
            Self::Nodes
            | Self::Resources
            | Self::Status
            | Self::Permissions
            | Self::PermissionsOn(_)
            | Self::Version
            | Self::Mappings
            | Self::Token
            | Self::Guests
            | Self::Remaining
            | Self::Ha => None,
            Self::Storages(node)
            | Self::Bridges(node)
            | Self::Interfaces(node)
            | Self::Resolvers(node)
            | Self::Hardware(node)
            | Self::Config(node, _)
            | Self::Pending(node, _)
            | Self::Run(node, _)
            | Self::Tasks(node, _)
            | Self::Task(node, _)
            | Self::Content(node, ..) => Some(node),
        }
    }

    fn request(&self, api: &ProxmoxApi) -> Request {
        match self {
            Self::Nodes => Request::nodes(),
            Self::Resources => Request::cluster_resources(),
            Self::Status => Request::cluster_status(),
            Self::Permissions => Request::permissions(),
            Self::PermissionsOn(top) => Request::permissions_on(top),
            Self::Version => Request::version(),
            Self::Mappings => Request::pci_mappings(),
            Self::Token => Request::token_facts(&api.token),
            Self::Storages(node) => Request::node_storage(node),
            Self::Bridges(node) => Request::node_bridges(node),
            Self::Interfaces(node) => Request::node_network(node),
            Self::Resolvers(node) => Request::node_dns(node),
            Self::Guests | Self::Remaining => Request::cluster_guests(),
            Self::Ha => Request::ha_resources(),
            Self::Hardware(node) => Request::node_status(node),
            Self::Config(node, vmid) => Request::guest_config(node, *vmid),
            Self::Pending(node, vmid) => Request::guest_pending(node, *vmid),
            Self::Run(node, vmid) => Request::guest_status(node, *vmid),
            Self::Tasks(node, vmid) => Request::guest_tasks(node, *vmid, TASKS),
            Self::Task(_, upid) => Request::task_status(upid),
            Self::Content(node, storage, content) => Request::storage_content(node, storage, content),
        }
    }

    /// What it asks for, in a reason.
    pub(super) fn what(&self) -> String {
        let of = |what: &str, node: &NodeName| format!("{what} of `{}`", node.as_str());
        let vm =
            |what: &str, node: &NodeName, vmid: u32| format!("{what} of VM {vmid} on `{}`", node.as_str());
        match self {
            Self::Nodes => "nodes".to_owned(),
            Self::Resources | Self::Guests | Self::Remaining => "guests".to_owned(),
            Self::Status => "cluster status".to_owned(),
            Self::Permissions | Self::PermissionsOn(_) => "permissions".to_owned(),
            Self::Version => "version".to_owned(),
            Self::Mappings => "PCI mappings".to_owned(),
            Self::Token => "expiry of the token".to_owned(),
            Self::Ha => "HA resources".to_owned(),
            Self::Storages(node) => of("storages", node),
            Self::Bridges(node) | Self::Interfaces(node) => of("bridges", node),
            Self::Resolvers(node) => of("name servers", node),
            Self::Hardware(node) => of("processors", node),
            Self::Config(node, vmid) => vm("configuration", node, *vmid),
            Self::Pending(node, vmid) => vm("pending changes", node, *vmid),
            Self::Run(node, vmid) => vm("run state", node, *vmid),
            Self::Tasks(node, vmid) => vm("tasks", node, *vmid),
            Self::Task(node, upid) => of(&format!("task `{}`", upid.kind()), node),
            Self::Content(node, storage, content) => {
                let storage = crate::untrusted::Untrusted::new(storage.as_str()).line(60);
                of(&format!("{content} on storage `{storage}`"), node)
            }
        }
    }
}

/// What is wrong with an answer, if it is one that fails.
fn fault_of(reply: &NetReply) -> Option<Fault> {
    let failed = !(200..300).contains(&reply.status);
    let read = || read::<IgnoredAny>(reply.status, reply.reason.as_deref(), &reply.body).err();
    failed.then(read).flatten()
}

/// What came of a question.
pub(super) type Answer = Result<NetReply, Trouble>;

/// Questions to one endpoint, asked and waiting.
pub(super) struct Look<'a> {
    api: &'a ProxmoxApi,
    origin: &'a str,
    waiting: VecDeque<Ask>,
    running: FuturesUnordered<BoxFuture<'a, (Ask, Result<Answer, Aborted>)>>,
    stops: Vec<(NodeName, AbortHandle)>,
    down: BTreeMap<String, Reason>,
}

impl<'a> Look<'a> {
    /// Nothing asked yet.
    pub(super) fn new(api: &'a ProxmoxApi, origin: &'a str) -> Self {
        Self {
            api,
            origin,
            waiting: VecDeque::new(),
            running: FuturesUnordered::new(),
            stops: Vec::new(),
            down: BTreeMap::new(),
        }
    }

    /// Whom it asks.
    pub(super) fn origin(&self) -> &'a str {
        self.origin
    }

    /// Asks, as soon as there is room.
    pub(super) fn ask(&mut self, ask: Ask) {
        self.waiting.push_back(ask);
    }

    /// Takes a node for down: it is not waited for, nor asked again. Each call to it could cost 30 s.
    pub(super) fn is_down(&mut self, node: &str, reason: Reason) {
        for (_, stop) in self.stops.iter().filter(|(name, _)| name.as_str() == node) {
            stop.abort();
        }
        self.down.entry(node.to_owned()).or_insert(reason);
    }

    /// Why a node is taken for down, if it is.
    pub(super) fn why_down(&self, node: &str) -> Option<&Reason> {
        self.down.get(node)
    }

    /// The next question that came to an end; nothing when all have.
    pub(super) async fn next(&mut self) -> Option<(Ask, Answer)> {
        while self.running.len() < IN_FLIGHT {
            let Some(ask) = self.waiting.pop_front() else { break };
            if let Some(reason) = ask.node().and_then(|node| self.down.get(node.as_str())) {
                return Some((ask, Err(Trouble::Down(reason.clone()))));
            }
            self.send(ask);
        }
        let (ask, answer) = self.running.next().await?;
        let Some(node) = ask.node().cloned() else {
            return Some((ask, answer.unwrap_or_else(|Aborted| Err(Trouble::Silent("given up".to_owned())))));
        };
        let answer = match answer {
            Ok(answer) => {
                self.judge(&node, &ask, &answer);
                answer
            }
            Err(Aborted) => {
                let unread = || Reason(format!("node `{}` is down", node.as_str()));
                Err(Trouble::Down(self.why_down(node.as_str()).cloned().unwrap_or_else(unread)))
            }
        };
        Some((ask, answer))
    }

    /// Marks the node as down where its answer says so. A question about storages may hang on a broken storage while its node is
    /// well.
    fn judge(&mut self, node: &NodeName, ask: &Ask, answer: &Answer) {
        let may_hang = matches!(ask, Ask::Storages(_) | Ask::Content(..));
        let reason = match answer {
            Ok(reply) => match fault_of(reply) {
                Some(Fault::NodeUnreachable { status, .. }) if may_hang && status != 595 => return,
                Some(fault @ (Fault::NodeUnreachable { .. } | Fault::NoSuchNode(_))) => {
                    self.api.reason(&ask.what(), &fault)
                }
                _ => return,
            },
            Err(Trouble::Silent(why)) if !may_hang => self.api.silence(&ask.what(), why),
            Err(_) => return,
        };
        self.is_down(node.as_str(), reason);
    }

    fn send(&mut self, ask: Ask) {
        let (api, origin, request) = (self.api, self.origin, ask.request(self.api));
        let (call, stop) = abortable(async move { api.send(origin, request).await });
        if let Some(node) = ask.node() {
            self.stops.push((node.clone(), stop));
        }
        self.running.push(Box::pin(async move { (ask, call.await) }));
    }
}
