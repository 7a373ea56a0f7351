//! What the rules of this folder have in common, looked up once: the classes that are declared or used, the nodes on which
//! their machines can be made, and the storage that each selector takes there.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::checks::{ClassView, Scene, Severity};
use crate::live::placement::Scheduler;
use crate::live::{NodeStatus, Observation, ProxmoxSnapshot, PveNode, Storage};
use crate::provider::{DEFAULT_BRIDGE, Generation};
use crate::selector::{self, Pick, Refusal, Selector};
use crate::untrusted::Untrusted;
use crate::value::Value;

/// A disk that a class asks for.
#[derive(Clone, Debug)]
pub struct Disk<'a> {
    /// Which: `storage_selector`, `additional_disks[0].storage_selector`.
    pub key: String,
    /// Selector; empty where there is none.
    pub selector: &'a str,
    /// GiB.
    pub gib: u64,
}

/// A network card that a class asks for.
#[derive(Clone, Debug)]
pub struct Nic<'a> {
    /// Which: `network_bridge`, `additional_nics[0].bridge`.
    pub key: String,
    /// Bridge.
    pub bridge: &'a str,
    /// VLAN tag; 0: none.
    pub vlan: u64,
}

/// A class and where its machines can be made.
pub struct Landing<'a> {
    /// The class.
    pub class: &'a ClassView,
    /// Name of the Proxmox cluster.
    pub proxmox: &'a str,
    /// What was seen of it.
    pub seen: &'a ProxmoxSnapshot,
    /// How the provider chooses.
    pub scheduler: Scheduler,
    /// Nodes that are online and on which a machine can be made: the one that the class names, else all. Empty where nodes
    /// were not read.
    pub nodes: Vec<&'a str>,
    /// Disks.
    pub disks: Vec<Disk<'a>>,
    /// Network cards.
    pub nics: Vec<Nic<'a>>,
}

impl<'a> Landing<'a> {
    /// Storages that a node lists; `None` where that is not known.
    pub fn storages(&self, node: &str) -> Option<&'a [Storage]> {
        self.seen.storages.get(node).and_then(Observation::known).map(Vec::as_slice)
    }

    /// How bad it is that these of its nodes do not do: certain where it can land on no other.
    pub fn severity(&self, bad: usize) -> Severity {
        if bad >= self.nodes.len() { Severity::Error } else { Severity::Warning }
    }

    /// `on node hotel`, `on nodes golf and hotel, where a machine may be made`.
    pub fn on(&self, nodes: &[&str]) -> String {
        let noun = if nodes.len() == 1 { "node" } else { "nodes" };
        let may = if nodes.len() < self.nodes.len() { ", where a machine may be made" } else { "" };
        format!("on {noun} {}{may}", list(nodes))
    }
}

/// Everything that the rules look at.
pub struct Survey<'a> {
    /// The scene.
    pub scene: &'a Scene<'a>,
    /// Declared and used classes of Proxmox clusters that answered, by id.
    pub landings: Vec<Landing<'a>>,
    /// Proxmox clusters that the spec's providers name; `None`: not looked at.
    pub clusters: BTreeMap<&'a str, Option<&'a ProxmoxSnapshot>>,
    /// Nodes of each of them with the worse of what two lists say, by name.
    pub nodes: BTreeMap<&'a str, Vec<PveNode>>,
    /// Each distinct selector is compiled once.
    selectors: RefCell<BTreeMap<&'a str, Result<Selector, Refusal>>>,
    /// And evaluated once for each node.
    picks: RefCell<BTreeMap<(&'a str, &'a str, &'a str), Pick>>,
}

impl<'a> Survey<'a> {
    /// Looks everything up.
    pub fn new(scene: &'a Scene<'a>) -> Self {
        let used: BTreeSet<&str> = scene.sets.iter().map(|s| s.class.as_str()).collect();
        let mut clusters = BTreeMap::new();
        for provider in &scene.desired.providers {
            if let Some(name) = provider.proxmox.as_deref() {
                clusters.insert(name, scene.snapshot.proxmox.get(name));
            }
        }
        let nodes: BTreeMap<&str, Vec<PveNode>> =
            clusters.iter().filter_map(|(name, seen)| Some((*name, worse((*seen)?)?))).collect();
        let online: BTreeMap<&str, Vec<&'a str>> = nodes
            .iter()
            .map(|(name, all)| {
                let up: BTreeSet<&str> =
                    all.iter().filter(|n| n.status == NodeStatus::Online).map(|n| n.name.as_str()).collect();
                let seen = clusters.get(name).copied().flatten().and_then(|s| s.nodes.known());
                let names = seen.into_iter().flatten().map(|n| n.name.as_str());
                (*name, names.filter(|n| up.contains(n)).collect())
            })
            .collect();
        let landings = scene
            .classes
            .values()
            .filter(|class| class.declared || used.contains(class.id.as_str()))
            .filter_map(|class| {
                let (proxmox, seen) = scene.proxmox_of(class)?;
                let up = online.get(proxmox).into_iter().flatten().copied();
                let may = up.filter(|n| class.pinned().is_none_or(|pin| pin == *n)).collect();
                Some(Landing {
                    class,
                    proxmox: class.proxmox.as_deref()?,
                    seen,
                    scheduler: Scheduler::of(
                        scene.generation(&class.provider).unwrap_or(Generation::Early),
                        class.text("placement_strategy"),
                    ),
                    nodes: may,
                    disks: disks(class),
                    nics: nics(class),
                })
            })
            .collect();
        Self { scene, landings, clusters, nodes, selectors: RefCell::default(), picks: RefCell::default() }
    }

    /// Proxmox clusters that were looked at.
    pub fn seen(&self) -> impl Iterator<Item = (&'a str, &'a ProxmoxSnapshot)> {
        self.clusters.iter().filter_map(|(name, seen)| Some((*name, (*seen)?)))
    }

    /// Nodes of a Proxmox cluster; none where they were not read.
    pub fn nodes_of(&self, proxmox: &str) -> &[PveNode] {
        self.nodes.get(proxmox).map_or(&[], Vec::as_slice)
    }

    /// What comes of a selector on a node; `None` where its storages are not known.
    pub fn pick(&self, landing: &Landing<'a>, node: &'a str, selector: &'a str) -> Option<Pick> {
        let key = (landing.proxmox, node, selector);
        if let Some(pick) = self.picks.borrow().get(&key) {
            return Some(pick.clone());
        }
        let storages: Vec<selector::Storage> = landing
            .storages(node)?
            .iter()
            .map(|s| selector::Storage {
                name: s.name.clone(),
                kind: s.plugin.clone(),
                // An inactive one counts as empty of space, whatever it says of its size.
                available: if s.active && s.enabled { s.avail } else { 0 },
            })
            .collect();
        let mut selectors = self.selectors.borrow_mut();
        let compiled = selectors.entry(selector).or_insert_with(|| Selector::read(selector));
        let pick = selector::pick(compiled, node, &storages);
        self.picks.borrow_mut().insert(key, pick.clone());
        Some(pick)
    }
}

/// The nodes of a cluster, each with the worse of what the list of nodes and the membership say.
fn worse(seen: &ProxmoxSnapshot) -> Option<Vec<PveNode>> {
    let members = seen.evidence.members.known().map_or(&[][..], Vec::as_slice);
    let gone: BTreeSet<&str> = members.iter().filter(|m| !m.online).map(|m| m.name.as_str()).collect();
    let nodes = seen.nodes.known()?.iter().cloned().map(|mut node| {
        if gone.contains(node.name.as_str()) {
            node.status = NodeStatus::Offline;
        }
        node
    });
    Some(nodes.collect())
}

fn whole(value: Option<&Value>) -> u64 {
    value.and_then(Value::as_int).and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

fn disks(class: &ClassView) -> Vec<Disk<'_>> {
    let Some(data) = &class.data else { return Vec::new() };
    let extra = data.get("additional_disks").and_then(Value::as_list).into_iter().flatten();
    let keys = (0..).map(|i| format!("additional_disks[{i}].storage_selector"));
    [("storage_selector".to_owned(), data)]
        .into_iter()
        .chain(keys.zip(extra))
        .map(|(key, of)| Disk {
            key,
            selector: of.get("storage_selector").and_then(Value::as_str).unwrap_or_default(),
            gib: whole(of.get("disk_size")),
        })
        .collect()
}

fn nics(class: &ClassView) -> Vec<Nic<'_>> {
    let Some(data) = &class.data else { return Vec::new() };
    let mut all = vec![Nic {
        key: "network_bridge".to_owned(),
        bridge: class.text("network_bridge").unwrap_or(DEFAULT_BRIDGE),
        vlan: whole(data.get("vlan")),
    }];
    for (i, extra) in data.get("additional_nics").and_then(Value::as_list).into_iter().flatten().enumerate() {
        if let Some(bridge) = extra.get("bridge").and_then(Value::as_str) {
            all.push(Nic {
                key: format!("additional_nics[{i}].bridge"),
                bridge,
                vlan: whole(extra.get("vlan")),
            });
        }
    }
    all
}

/// A name from outside, harmless to print.
pub fn name(text: &str) -> String {
    Untrusted::new(text).line(120)
}

/// `a`, `a and b`, `a, b and c`, `a, b, c and 4 more`; each harmless to print.
pub fn list(names: &[&str]) -> String {
    const MOST: usize = 5;
    let shown: Vec<String> = names.iter().take(MOST).map(|n| name(n)).collect();
    if names.len() > MOST {
        return format!("{} and {} more", shown.join(", "), names.len() - MOST);
    }
    match shown.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => shown.join(""),
    }
}

/// `12 GiB`, `1.5 TiB`.
pub fn bytes(n: u64) -> String {
    let (unit, word) = if n >= 1 << 40 { (40, "TiB") } else { (30, "GiB") };
    let tenths = (u128::from(n) * 10 + (1 << (unit - 1))) >> unit;
    if tenths % 10 == 0 {
        format!("{} {word}", tenths / 10)
    } else {
        format!("{}.{} {word}", tenths / 10, tenths % 10)
    }
}
