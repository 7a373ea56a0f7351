//! What a Proxmox VE cluster consists of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::access::Token;

/// A cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Nodes by node id.
    pub nodes: Vec<Node>,
    /// Storages in the order of the configuration file.
    pub storages: Vec<Storage>,
    /// Guests by VMID.
    pub guests: BTreeMap<u32, Guest>,
    /// Disks that no guest's configuration names.
    #[serde(default)]
    pub left: Vec<LeftDisk>,
    /// Finished and running tasks, oldest first.
    pub tasks: Vec<Task>,
    /// API tokens.
    pub tokens: Vec<Token>,
    /// PCI mappings as the API shows them.
    pub mappings: Vec<Value>,
    /// Guests that high availability manages, with the state asked for.
    #[serde(default)]
    pub ha: BTreeMap<u32, String>,
    /// How tasks of a kind end from now on, in place of `OK`.
    #[serde(default)]
    pub fates: BTreeMap<String, String>,
    /// Parameters of new VMs are taken as they are, as by a server that only pretends.
    #[serde(default)]
    pub unchecked: bool,
    /// Tasks take no time.
    #[serde(default)]
    pub instant: bool,
    /// Process id of the last task.
    pub last_pid: u32,
    /// Lower end of the range that new VMIDs are taken from (`next-id` in the cluster's options).
    #[serde(default = "lowest")]
    pub lowest_id: u32,
    /// Without quorum nothing is written.
    #[serde(default)]
    pub quorum_lost: bool,
    /// The API takes connections and answers none.
    #[serde(default)]
    pub api_down: bool,
}

/// The largest VMID that Proxmox VE takes.
const HIGHEST: u32 = 999_999_999;

/// The cluster's options begin the range of VMIDs here.
pub fn lowest() -> u32 {
    101
}

/// A node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Node {
    /// Name.
    pub name: String,
    /// Number in the cluster.
    pub id: u32,
    /// Address.
    pub ip: String,
    /// Whether the cluster hears it.
    pub online: bool,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes used by everything that is not a guest of this world.
    pub other_memory: u64,
    /// Fraction of all threads.
    pub cpu: f64,
    /// Bytes used on the root disk.
    pub disk: u64,
    /// Seconds it had been up when the world began.
    pub uptime: u64,
    /// SHA-256 of its certificate.
    pub fingerprint: String,
    /// Its bridges.
    pub bridges: Vec<Bridge>,
    /// Name servers that it asks itself.
    pub resolvers: Vec<String>,
    /// Flags of its processors.
    pub flags: String,
    /// ISO images on its storages.
    pub images: Vec<Image>,
    /// Devices as `hardware/pci` shows them.
    #[serde(default)]
    pub devices: Vec<Value>,
}

/// A bridge of a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bridge {
    /// Name.
    pub name: String,
    /// Port below it.
    pub port: String,
    /// Whether it is up.
    pub active: bool,
    /// VLANs that it carries (`2-4094`); absent for a bridge that knows nothing of VLANs.
    pub vids: Option<String>,
}

impl Bridge {
    /// Whether frames with this tag (0 for none) pass. A bridge without VLANs of its own gets one per tag from Proxmox VE.
    pub fn carries(&self, tag: u64) -> bool {
        let Some(vids) = self.vids.as_deref().filter(|_| tag > 0) else { return true };
        vids.split([' ', ',', ';']).filter(|part| !part.is_empty()).any(|part| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            from.parse().is_ok_and(|f: u64| f <= tag) && to.parse().is_ok_and(|t: u64| tag <= t)
        })
    }
}

/// An ISO image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Image {
    /// Where it lies.
    #[serde(default = "local")]
    pub storage: String,
    /// File name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Unix seconds.
    pub created: i64,
}

fn local() -> String {
    "local".to_owned()
}

/// A disk that no guest's configuration names: what is left when a guest goes without it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftDisk {
    /// Where it lies.
    pub storage: String,
    /// The node that has it; of a shared storage all see it.
    pub node: Option<String>,
    /// Its name on the storage (`vm-120-disk-0`).
    pub name: String,
    /// VMID in its name.
    pub vmid: u32,
    /// Bytes.
    pub size: u64,
}

/// A storage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Storage {
    /// Identifier.
    pub id: String,
    /// `dir`, `lvmthin`, `rbd`, …
    pub kind: String,
    /// What it may hold, in the order of the configuration file.
    pub content: Vec<String>,
    /// Whether all nodes see the same.
    pub shared: bool,
    /// Bytes, on each node when not shared.
    pub total: u64,
    /// Bytes used by what is not a disk of a guest of this world.
    pub other_used: u64,
    /// Bytes that are free but not available (reserved for root).
    #[serde(default)]
    pub reserved: u64,
    /// Nodes it is restricted to; empty for all.
    #[serde(default)]
    pub nodes: Vec<String>,
    /// Configured but not working.
    #[serde(default)]
    pub broken: bool,
    /// Switched off in the configuration.
    #[serde(default)]
    pub disabled: bool,
    /// Other keys of `GET /storage`.
    pub config: Map<String, Value>,
}

/// Kind of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuestKind {
    /// A virtual machine.
    Qemu,
    /// A container.
    Lxc,
}

/// A guest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Guest {
    /// Number.
    pub vmid: u32,
    /// Virtual machine or container.
    pub kind: GuestKind,
    /// Where its configuration is.
    pub node: String,
    /// Name.
    pub name: String,
    /// Milliseconds of the world when it was started; absent when stopped. Before the world: with `uptime`.
    pub started: Option<u64>,
    /// Seconds it had been up at `started`.
    #[serde(default)]
    pub uptime: u64,
    /// CPUs.
    pub cpus: u32,
    /// Bytes.
    pub memory: u64,
    /// Bytes of the boot disk.
    pub disk: u64,
    /// Storage of the boot disk.
    pub storage: String,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Why it is locked.
    #[serde(default)]
    pub lock: Option<String>,
    /// Cannot be removed.
    #[serde(default)]
    pub protected: bool,
    /// What the emulator says in place of `running` (`paused`, `io-error`).
    #[serde(default)]
    pub emulator: Option<String>,
    /// Changes that wait for the next power cycle; `null` takes a key away.
    #[serde(default)]
    pub pending: Map<String, Value>,
    /// Keys of its configuration file.
    pub config: Map<String, Value>,
}

impl Guest {
    /// Seconds it has been up.
    pub fn up(&self, now: u64) -> u64 {
        self.started.map_or(0, |s| self.uptime + now.saturating_sub(s) / 1000)
    }
    /// Bytes of memory it uses: a guest touches its memory little by little, in half an hour most of what it will use.
    pub fn used_memory(&self, now: u64) -> u64 {
        if self.started.is_none() {
            return 0;
        }
        match self.kind {
            GuestKind::Lxc => self.memory / 1024 * 196 + 1_048_576,
            GuestKind::Qemu => {
                let minutes = (self.up(now) / 60).min(30);
                self.memory / 1000 * (30 + minutes * 19) + self.memory % 1000 * 3 / 5
            }
        }
    }
    /// `;`-separated tags.
    pub fn tag_text(&self) -> String {
        self.tags.join(";")
    }
}

/// A task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Identifier.
    pub upid: String,
    /// Where it runs.
    pub node: String,
    /// `qmcreate`, …
    pub kind: String,
    /// What it is about.
    pub id: String,
    /// `user@realm!token` or `user@realm`.
    pub principal: String,
    /// Process id.
    pub pid: u32,
    /// Milliseconds of the world; negative for what was before it.
    pub start: i64,
    /// Milliseconds of the world.
    pub end: i64,
    /// `OK`, `WARNINGS: n` or the error.
    pub status: String,
    /// Lines of its log before the last one.
    #[serde(default)]
    pub log: Vec<String>,
    /// What is true once it has ended well.
    #[serde(default)]
    pub effect: Option<Effect>,
}

impl Task {
    /// Whether it did what it was to do.
    pub fn succeeded(&self) -> bool {
        self.status == "OK" || self.status.starts_with("WARNINGS")
    }
}

/// What a task does at its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// An image lies on a storage of the node.
    Image(Image),
    /// A VM runs.
    Started(u32),
    /// A VM is off.
    Stopped(u32),
    /// A VM is gone with its disks.
    Destroyed(u32),
}

impl Cluster {
    /// A node by name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|n| n.name == name)
    }
    /// A node by name, to change.
    pub fn node_mut(&mut self, name: &str) -> Option<&mut Node> {
        self.nodes.iter_mut().find(|n| n.name == name)
    }
    /// A storage by id.
    pub fn storage(&self, id: &str) -> Option<&Storage> {
        self.storages.iter().find(|s| s.id == id)
    }
    /// Guests on a node.
    pub fn guests_on(&self, node: &str) -> impl Iterator<Item = &Guest> {
        self.guests.values().filter(move |g| g.node == node)
    }
    /// Bytes of memory in use on a node.
    pub fn used_memory(&self, node: &Node, now: u64) -> u64 {
        let guests: u64 = self.guests_on(&node.name).map(|g| g.used_memory(now)).sum();
        (node.other_memory + guests).min(node.memory)
    }
    /// Lowest free VMID of the range.
    pub fn next_id(&self) -> u32 {
        (self.lowest_id..HIGHEST).find(|id| !self.guests.contains_key(id)).unwrap_or(HIGHEST)
    }
    /// Whether the storage can be used on the node.
    pub fn usable(&self, storage: &Storage, node: &str) -> bool {
        !storage.broken && self.enabled(storage, node)
    }
    /// Whether the configuration gives the storage to the node.
    pub fn enabled(&self, storage: &Storage, node: &str) -> bool {
        !storage.disabled && (storage.nodes.is_empty() || storage.nodes.iter().any(|n| n == node))
    }
    /// Disks on a storage, as a node sees it, that no guest's configuration names.
    pub fn left_on<'a>(&'a self, storage: &'a Storage, node: &'a str) -> impl Iterator<Item = &'a LeftDisk> {
        let here = move |disk: &&LeftDisk| storage.shared || disk.node.as_deref() == Some(node);
        self.left.iter().filter(|disk| disk.storage == storage.id).filter(here)
    }
    /// Bytes used and available of a storage on a node.
    pub fn space(&self, storage: &Storage, node: &str) -> (u64, u64) {
        let disks: u64 = self
            .guests
            .values()
            .filter(|g| g.storage == storage.id && (storage.shared || g.node == node))
            // Guests that were there when the world began are part of `other_used`.
            .filter(|g| g.uptime == 0)
            // Storages are thin: a fresh disk holds about a twentieth of its size.
            .map(|g| g.disk / 20)
            .sum();
        let left: u64 = self.left_on(storage, node).map(|disk| disk.size / 20).sum();
        let used = (storage.other_used + disks + left).min(storage.total);
        (used, storage.total.saturating_sub(used + storage.reserved))
    }
    /// Notes a task (`kind`, `id`, who) that runs from `start` for `takes` milliseconds, and gives its identifier.
    pub fn task(&mut self, node: &str, what: (&str, &str, &str), time: (u64, u64), status: &str) -> String {
        self.task_with(node, what, time, status, None)
    }
    /// [`Cluster::task`] with something that is true once it has ended well.
    pub fn task_with(
        &mut self,
        node: &str,
        (kind, id, principal): (&str, &str, &str),
        (start, takes): (u64, u64),
        status: &str,
        effect: Option<Effect>,
    ) -> String {
        self.last_pid += 17;
        let pid = self.last_pid;
        let since = super::super::world::EPOCH + (start / 1000) as i64;
        let boot = 0x188A_2F31_u64 + start / 10;
        let upid = format!("UPID:{node}:{pid:08X}:{boot:08X}:{since:08X}:{kind}:{id}:{principal}:");
        let status = match self.fates.get(kind) {
            Some(fate) if status == "OK" => fate.clone(),
            _ => status.to_owned(),
        };
        self.tasks.push(Task {
            upid: upid.clone(),
            node: node.to_owned(),
            kind: kind.to_owned(),
            id: id.to_owned(),
            principal: principal.to_owned(),
            pid,
            start: start as i64,
            end: (start + if self.instant { 0 } else { takes }) as i64,
            status,
            log: Vec::new(),
            effect,
        });
        upid
    }
    /// Lets tasks that have ended by now have their effect.
    pub fn settle(&mut self, now: u64) {
        let mut due = Vec::new();
        for task in self.tasks.iter_mut().filter(|t| t.end <= now as i64 && t.effect.is_some()) {
            let effect = task.effect.take();
            if task.succeeded() {
                due.extend(effect.map(|e| (task.node.clone(), task.end.max(0) as u64, e)));
            }
        }
        for (node, at, effect) in due {
            self.take_effect(&node, at, effect);
        }
    }
    fn take_effect(&mut self, node: &str, at: u64, effect: Effect) {
        match effect {
            Effect::Image(image) => {
                if let Some(node) = self.node_mut(node) {
                    node.images.retain(|i| (&i.storage, &i.name) != (&image.storage, &image.name));
                    node.images.push(image);
                }
            }
            Effect::Started(vmid) => {
                if let Some(guest) = self.guests.get_mut(&vmid) {
                    (guest.started, guest.uptime, guest.emulator) = (Some(at), 0, None);
                }
            }
            Effect::Stopped(vmid) => {
                if let Some(guest) = self.guests.get_mut(&vmid) {
                    (guest.started, guest.emulator) = (None, None);
                }
            }
            Effect::Destroyed(vmid) => {
                self.guests.remove(&vmid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn memory_is_touched_little_by_little() {
        let mut guest = Guest {
            vmid: 101,
            kind: GuestKind::Qemu,
            node: "golf".into(),
            name: "x".into(),
            started: Some(0),
            uptime: 1_205_863,
            cpus: 4,
            memory: 8 * GIB,
            disk: 40 * GIB,
            storage: "local-lvm".into(),
            tags: vec![],
            lock: None,
            protected: false,
            emulator: None,
            pending: Map::new(),
            config: Map::new(),
        };
        assert_eq!(guest.used_memory(0), 5_153_960_755);
        guest.uptime = 0;
        assert!(guest.used_memory(60_000) < GIB / 2, "{}", guest.used_memory(60_000));
        guest.started = None;
        assert_eq!(guest.used_memory(60_000), 0);
    }
}
