//! The deeper look: what became of the VMs that providers made.

use std::collections::{BTreeMap, BTreeSet};

use super::assemble::map;
use super::disks::{self, DiskStorage};
use super::look::{Answer, Ask, Look};
use super::{Leave, ProxmoxApi, Trouble, VISIBLE_GUESTS, data, down};
use crate::backend::RecordedVm;
use crate::live::{
    Device, Guest, GuestConfig, GuestKind, NodeStatus, Observation, ProxmoxSnapshot, Reason, Task, Volume,
};
use crate::untrusted::Untrusted;
use crate::wire::proxmox::{
    CpuInfo, Fault, GuestConfigReply, GuestStatusReply, HaEntry, NodeName, NodeStatusReply, PendingEntry,
    Permissions, ResourceEntry, TaskEnd, TaskEntry, TaskStatus, Upid, VolumeEntry,
};

impl ProxmoxApi {
    /// [`crate::backend::ProxmoxReader::examine`].
    pub(super) async fn look_closer(
        &self,
        seen: ProxmoxSnapshot,
        recorded: &[RecordedVm],
    ) -> ProxmoxSnapshot {
        if seen.failure.is_some() {
            return seen;
        }
        let origin = seen.endpoint.clone();
        let mut closer = Closer::new(self, &origin, seen, recorded);
        closer.begin();
        closer.finish().await
    }

    /// [`crate::backend::ProxmoxReader::histories`].
    pub(super) async fn look_back(&self, seen: ProxmoxSnapshot, guests: &[(String, u32)]) -> ProxmoxSnapshot {
        if seen.failure.is_some() {
            return seen;
        }
        let origin = seen.endpoint.clone();
        let mut closer = Closer::new(self, &origin, seen, &[]);
        for (node, vmid) in guests {
            closer.ask_tasks(node, *vmid);
        }
        closer.finish().await
    }
}

/// A deeper look under way.
struct Closer<'a> {
    api: &'a ProxmoxApi,
    look: Look<'a>,
    seen: ProxmoxSnapshot,
    recorded: &'a [RecordedVm],
    /// Questions about each VM that are not answered yet.
    open: BTreeMap<u32, usize>,
    /// Histories that were asked for.
    asked: BTreeSet<(String, u32)>,
    /// VMIDs of the guests that were there when it began.
    before: BTreeSet<u32>,
    /// Storages whose content is not listed yet.
    listing: usize,
    tasks: BTreeMap<String, Task>,
    no_tasks: Option<Reason>,
}

impl<'a> Closer<'a> {
    fn new(api: &'a ProxmoxApi, origin: &'a str, seen: ProxmoxSnapshot, recorded: &'a [RecordedVm]) -> Self {
        let mut look = Look::new(api, origin);
        for node in seen.nodes.known().map_or(&[][..], Vec::as_slice) {
            if node.status != NodeStatus::Online {
                look.is_down(&node.name, down(&node.name, node.status));
            } else if let Some(reason) = silent(&seen, &node.name) {
                look.is_down(&node.name, reason);
            }
        }
        let before = seen.guests.known().into_iter().flatten().map(|guest| guest.vmid).collect();
        let known = seen.evidence.tasks.known().cloned().unwrap_or_default();
        let tasks = known.into_iter().map(|task| (task.upid.clone(), task)).collect();
        Self {
            api,
            look,
            seen,
            recorded,
            open: BTreeMap::new(),
            asked: BTreeSet::new(),
            before,
            listing: 0,
            tasks,
            no_tasks: None,
        }
    }

    fn nodes(&self) -> Vec<NodeName> {
        let all = self.seen.nodes.known().map_or(&[][..], Vec::as_slice);
        all.iter().filter_map(|node| NodeName::parse(&node.name)).collect()
    }

    /// What is asked whatever the VMs are.
    fn begin(&mut self) {
        // The list of a plan is some seconds old by now; what is asked of a VM goes to the node that it is on.
        self.look.ask(Ask::Guests);
        self.look.ask(Ask::Ha);
        for node in self.nodes() {
            self.look.ask(Ask::Hardware(node));
        }
        self.list_storages();
        for upid in self.recorded.iter().flat_map(|vm| &vm.tasks).filter_map(|text| Upid::parse(text)) {
            if let Some(node) = NodeName::parse(upid.node()) {
                self.look.ask(Ask::Task(node, upid));
            }
        }
    }

    /// Asks what lies on storages.
    fn list_storages(&mut self) {
        let is_down = |node: &str| self.look.why_down(node).is_some();
        let iso = disks::holding(&self.seen, "iso", is_down).into_iter();
        let mut asks: Vec<Ask> =
            iso.map(|(node, storage)| Ask::Content(node, storage.name.clone(), "iso")).collect();
        for DiskStorage { node, name, shown } in self.api.disk_storages(&self.seen, is_down) {
            match shown {
                Ok(()) => asks.push(Ask::Content(node, name, "images")),
                // It would answer that there is none.
                Err(reason) => {
                    let at = disks::place(&node, &name);
                    self.seen.evidence.disks.insert(at, Observation::Unknown(reason));
                }
            }
        }
        self.listing = asks.len();
        for ask in asks {
            self.look.ask(ask);
        }
    }

    /// Once all storages are listed: a VM can have been made or removed since the guests were, so what belongs to none of them is
    /// held against a list that is newer than the storages'.
    fn listed(&mut self) {
        self.listing = self.listing.saturating_sub(1);
        let recorded = self.recorded.iter().map(|vm| vm.vmid);
        if self.listing == 0 && disks::strangers(&self.seen, recorded) {
            self.look.ask(Ask::Remaining);
        }
    }

    /// Accepted a moment ago and refused now is possible: what was seen stands, and the rest stays unknown.
    async fn finish(mut self) -> ProxmoxSnapshot {
        while let Some((ask, answer)) = self.look.next().await {
            if self.take(ask, answer).is_err() {
                break;
            }
        }
        self.seen.evidence.tasks = match self.no_tasks.take() {
            Some(reason) if self.tasks.is_empty() => Observation::Unknown(reason),
            _ => {
                let mut all: Vec<Task> = std::mem::take(&mut self.tasks).into_values().collect();
                all.sort_by(|a, b| b.started.cmp(&a.started).then_with(|| a.upid.cmp(&b.upid)));
                Observation::Known(all)
            }
        };
        self.seen
    }

    fn take(&mut self, ask: Ask, answer: Answer) -> Result<(), Leave> {
        let api = self.api;
        match &ask {
            Ask::Guests => {
                let again = api.observe::<Vec<ResourceEntry>>(&ask, answer)?;
                self.settle(again);
                self.ask_guests();
            }
            Ask::Ha => {
                self.seen.evidence.ha = map(api.observe::<Vec<HaEntry>>(&ask, answer)?, |rows| {
                    rows.into_iter().map(|row| row.sid).collect::<BTreeSet<_>>().into_iter().collect()
                });
            }
            Ask::Hardware(node) => {
                let flags = api.observe::<NodeStatusReply>(&ask, answer)?;
                self.seen.evidence.cpu_flags.insert(node.as_str().to_owned(), map(flags, flags_of));
            }
            Ask::Content(node, storage, content) => {
                let at = disks::place(node, storage);
                let disks = *content == "images";
                match answer.and_then(data::<Vec<VolumeEntry>>) {
                    // A server that knows no such question.
                    Err(Trouble::Fault(Fault::NotImplemented(_))) if disks => {}
                    read => {
                        let rows = map(api.observed(&ask, read)?, volumes);
                        let evidence = &mut self.seen.evidence;
                        let lists = if disks { &mut evidence.disks } else { &mut evidence.volumes };
                        lists.insert(at, rows);
                    }
                }
                self.listed();
            }
            Ask::Remaining => {
                let again = api.observe::<Vec<ResourceEntry>>(&ask, answer)?;
                self.seen.evidence.vmids = match again {
                    Observation::Known(rows) => map(api.guests(rows), |newer| self.ever(&newer)),
                    other => map(other, |_| Vec::new()),
                };
            }
            Ask::Config(node, vmid) => {
                let config = match answer.and_then(data::<GuestConfigReply>) {
                    // Said of the node's own files: on this node there is no such VM.
                    Err(Trouble::Fault(Fault::Missing(_))) => Observation::Absent,
                    read => map(api.observed(&ask, read)?, |reply| config(node, reply)),
                };
                if config.known().is_some() {
                    self.inquire(*vmid, Ask::Pending(node.clone(), *vmid));
                    self.inquire(*vmid, Ask::Run(node.clone(), *vmid));
                }
                self.seen.evidence.configs.insert(*vmid, config);
                self.close(*vmid);
            }
            Ask::Pending(_, vmid) => {
                let waits = api.observe::<Vec<PendingEntry>>(&ask, answer)?;
                if let Some(Observation::Known(config)) = self.seen.evidence.configs.get_mut(vmid) {
                    pending(config, waits);
                }
                self.close(*vmid);
            }
            Ask::Run(_, vmid) => {
                let state = match api.observe::<GuestStatusReply>(&ask, answer)? {
                    Observation::Known(GuestStatusReply { qmpstatus: Some(state), .. }) => {
                        Observation::Known(state)
                    }
                    Observation::Known(_) => Observation::Unknown(api.silence(&ask.what(), "not said")),
                    other => map(other, |_| String::new()),
                };
                self.seen.evidence.states.insert(*vmid, state);
                self.close(*vmid);
            }
            Ask::Tasks(..) => match api.observe::<Vec<TaskEntry>>(&ask, answer)? {
                Observation::Known(rows) => {
                    let read = rows.into_iter().filter_map(task);
                    self.tasks.extend(read.map(|task| (task.upid.clone(), task)));
                }
                Observation::Unknown(reason) => {
                    self.no_tasks.get_or_insert(reason);
                }
                Observation::Absent => {}
            },
            Ask::Task(_, upid) => match api.observe::<TaskStatus>(&ask, answer)? {
                Observation::Known(status) => {
                    // A list of the same look says more of it.
                    let task = || ended(upid, status);
                    self.tasks.entry(upid.as_str().to_owned()).or_insert_with(task);
                }
                Observation::Unknown(reason) => {
                    self.no_tasks.get_or_insert(reason);
                }
                Observation::Absent => {}
            },
            _ => {}
        }
        Ok(())
    }

    /// Every VMID that a guest had during this look.
    fn ever(&self, newer: &[Guest]) -> Vec<u32> {
        let then = self.seen.guests.known().into_iter().flatten().chain(newer).map(|guest| guest.vmid);
        then.chain(self.before.iter().copied()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Takes the newer list of guests. What it says of a node that is not there is older than what is known.
    fn settle(&mut self, again: Observation<Vec<ResourceEntry>>) {
        let permissions = map(self.seen.permissions.clone(), Permissions);
        let Observation::Known(rows) = again else { return };
        if self.api.visible(&permissions, VISIBLE_GUESTS, "guest").is_err() {
            return;
        }
        let (Observation::Known(newer), Some(older)) = (self.api.guests(rows), self.seen.guests.known())
        else {
            return;
        };
        let merged = newer.into_iter().map(|guest| {
            let before = older.iter().find(|old| (old.vmid, &old.node) == (guest.vmid, &guest.node));
            let down = self.look.why_down(&guest.node).is_some();
            before.filter(|_| down).cloned().unwrap_or(guest)
        });
        self.seen.guests = Observation::Known(merged.collect());
    }

    /// Asks for the configuration of every VM that a provider made or recorded, where it is now.
    fn ask_guests(&mut self) {
        let guests: BTreeMap<u32, Guest> =
            self.seen.guests.known().into_iter().flatten().map(|g| (g.vmid, g.clone())).collect();
        let mut at: BTreeMap<u32, String> = BTreeMap::new();
        for guest in guests.values().filter(|guest| guest.made_by_provider()) {
            at.insert(guest.vmid, guest.node.clone());
        }
        for vm in self.recorded.iter().filter(|vm| vm.vmid > 0) {
            match guests.get(&vm.vmid) {
                Some(guest) if guest.kind == GuestKind::Qemu => {
                    at.insert(vm.vmid, guest.node.clone());
                }
                // A container has the number now.
                Some(_) => {
                    self.seen.evidence.configs.insert(vm.vmid, Observation::Absent);
                    self.suspect(vm.vmid);
                }
                None => {
                    at.insert(vm.vmid, vm.node.clone());
                }
            }
        }
        for (vmid, node) in at {
            match NodeName::parse(&node) {
                Some(name) => {
                    self.inquire(vmid, Ask::Config(name, vmid));
                }
                None => {
                    let why = "the node that its provider recorded has a name that Proxmox does not allow";
                    let reason = self.api.silence(&format!("configuration of VM {vmid}"), why);
                    self.seen.evidence.configs.insert(vmid, Observation::Unknown(reason));
                }
            }
        }
    }

    fn inquire(&mut self, vmid: u32, ask: Ask) {
        *self.open.entry(vmid).or_default() += 1;
        self.look.ask(ask);
    }

    /// Once all of a VM is answered: whether somebody should say what happened to it.
    fn close(&mut self, vmid: u32) {
        let Some(left) = self.open.get_mut(&vmid) else { return };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.open.remove(&vmid);
            self.suspect(vmid);
        }
    }

    /// Asks for the tasks of a VM that is gone or otherwise than recorded.
    fn suspect(&mut self, vmid: u32) {
        let guest = self.seen.guests.known().into_iter().flatten().find(|guest| guest.vmid == vmid);
        let config = self.seen.evidence.configs.get(&vmid);
        let uuid = config.and_then(Observation::known).and_then(|config| config.uuid.as_deref());
        let mut nodes: BTreeSet<String> = guest.map(|guest| guest.node.clone()).into_iter().collect();
        let mut changed = guest.is_none_or(|guest| guest.status != "running" || guest.lock.is_some());
        changed |= config.is_some_and(|config| match config {
            Observation::Known(config) => !config.pending.is_empty(),
            Observation::Absent | Observation::Unknown(_) => true,
        });
        let state = self.seen.evidence.states.get(&vmid).and_then(Observation::known);
        changed |= state.is_some_and(|state| state != "running");
        let mut records = self.recorded.iter().filter(|vm| vm.vmid == vmid).peekable();
        // Made by a provider, and none remembers it; where no records were read, nothing follows.
        changed |= records.peek().is_none() && !self.recorded.is_empty();
        for vm in records {
            let moved = guest.is_some_and(|guest| guest.node != vm.node);
            let other = matches!((&vm.uuid, uuid), (Some(ours), Some(theirs)) if ours != theirs);
            changed |= moved || other || guest.is_some_and(|guest| guest.kind != GuestKind::Qemu);
            nodes.insert(vm.node.clone());
        }
        if changed {
            for node in nodes {
                self.ask_tasks(&node, vmid);
            }
        }
    }

    fn ask_tasks(&mut self, node: &str, vmid: u32) {
        let there = self.nodes().iter().any(|name| name.as_str() == node);
        if let Some(name) = NodeName::parse(node).filter(|_| there)
            && self.asked.insert((node.to_owned(), vmid))
        {
            self.look.ask(Ask::Tasks(name, vmid));
        }
    }
}

/// Why a node that is called online is taken for down: it gave no answer to anything a moment ago.
fn silent(seen: &ProxmoxSnapshot, node: &str) -> Option<Reason> {
    let evidence = &seen.evidence;
    let bridges = evidence.bridges.get(node)?.unknown()?;
    let silent = seen.storages.get(node)?.unknown().is_some()
        && evidence.resolvers.get(node)?.unknown() == Some(bridges);
    silent.then(|| bridges.clone())
}

fn flags_of(reply: NodeStatusReply) -> Vec<String> {
    let flags = reply.cpuinfo.and_then(|CpuInfo { flags }| flags).unwrap_or_default();
    flags.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

fn volumes(rows: Vec<VolumeEntry>) -> Vec<Volume> {
    let mut all: Vec<Volume> = rows
        .into_iter()
        .map(|row| Volume {
            id: row.volid,
            vmid: row.vmid.and_then(|id| u32::try_from(id).ok()),
            size: row.size.or(row.approximate_size).unwrap_or(0),
        })
        .collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

fn config(node: &NodeName, reply: GuestConfigReply) -> GuestConfig {
    let devices = reply.devices.into_iter().map(|(slot, (main, options))| (slot, Device { main, options }));
    GuestConfig {
        node: node.as_str().to_owned(),
        name: reply.name,
        uuid: reply.uuid,
        created: reply.created,
        tags: super::assemble::tags(reply.tags.as_deref()),
        snapshots: reply.snapshots,
        plain: reply.plain,
        devices: devices.collect(),
        pending: Vec::new(),
        pending_unknown: None,
    }
}

fn pending(config: &mut GuestConfig, waits: Observation<Vec<PendingEntry>>) {
    match waits {
        Observation::Known(rows) => {
            let keys = rows.into_iter().filter(|row| row.waits).map(|row| row.key);
            config.pending = keys.collect::<BTreeSet<_>>().into_iter().collect();
        }
        Observation::Unknown(reason) => config.pending_unknown = Some(reason),
        Observation::Absent => {}
    }
}

/// A row of a task list; nothing if its id is none.
fn task(row: TaskEntry) -> Option<Task> {
    let upid = Upid::parse(&row.upid)?;
    let user = match (row.user, row.tokenid) {
        (Some(user), Some(token)) if !user.contains('!') => format!("{user}!{token}"),
        (Some(user), _) => user,
        (None, _) => upid.user().to_owned(),
    };
    let status = row.status.filter(|status| status != "RUNNING");
    Some(Task {
        upid: upid.as_str().to_owned(),
        node: upid.node().to_owned(),
        kind: row.kind.unwrap_or_else(|| upid.kind().to_owned()),
        id: row.id.unwrap_or_else(|| upid.id().to_owned()),
        user,
        started: row.starttime.unwrap_or_else(|| upid.started()),
        ended: row.endtime.filter(|_| status.is_some()),
        status: status.map(|status| Untrusted::new(status).line(200)),
    })
}

/// A task of which only the end was asked.
fn ended(upid: &Upid, status: TaskStatus) -> Task {
    Task {
        upid: upid.as_str().to_owned(),
        node: upid.node().to_owned(),
        kind: upid.kind().to_owned(),
        id: upid.id().to_owned(),
        user: upid.user().to_owned(),
        started: upid.started(),
        ended: None,
        status: match status {
            TaskStatus::Running => None,
            TaskStatus::Ended(TaskEnd::Ok) => Some("OK".to_owned()),
            TaskStatus::Ended(TaskEnd::Warnings(count)) => Some(format!("WARNINGS: {count}")),
            TaskStatus::Ended(TaskEnd::Failed(text)) => Some(text.line(200)),
            TaskStatus::Ended(TaskEnd::Lost) => Some("unexpected status".to_owned()),
        },
    }
}
