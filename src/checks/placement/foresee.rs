//! From classes, sets and what is live to an [`Outlook`].

use std::collections::{BTreeMap, BTreeSet};

use super::census::Census;
use super::forecast;
use super::outlook::{
    Batch, Failure, Fate, NodeRoom, Outlook, ProviderAt, Room, Stand, StorageRoom, Survival, Without,
};
use crate::address::Address;
use crate::checks::SetView;
use crate::checks::preflight::survey::{Landing, Survey, name};
use crate::live::placement::{NewMachine, Placement, Scheduler, predict};
use crate::live::{GuestKind, NodeStatus, Observation};
use crate::selector::Pick;

/// Machines of one set that are looked at: more than any cluster has.
const MOST: u32 = 10_000;

/// Which machines are to be made.
#[derive(Clone, Debug, Default)]
pub struct Making<'a> {
    /// How many machines each set is to have, where that is not what the files ask for; `None`: it gets none.
    pub counts: BTreeMap<&'a Address, Option<u32>>,
    /// Machines that go, by machine request.
    pub going: BTreeSet<&'a str>,
}

/// The sets that get machines, control planes first: Omni asks for them in one go, and the provider makes one after another.
fn sets<'s>(survey: &'s Survey<'_>) -> Vec<&'s SetView> {
    let mut all: Vec<&SetView> = survey.scene.sets.iter().collect();
    all.sort_by(|a, b| (!a.control_plane, &a.address).cmp(&(!b.control_plane, &b.address)));
    all
}

/// One machine that is to be made.
struct New<'s, 'a> {
    set: &'s SetView,
    landing: &'s Landing<'a>,
    machine: NewMachine,
}

/// Looks ahead.
pub fn foresee<'a>(survey: &Survey<'a>, census: &Census<'_>, making: &Making<'_>) -> Outlook {
    let landings: BTreeMap<&str, &Landing<'a>> =
        survey.landings.iter().map(|l| (l.class.id.as_str(), l)).collect();
    let mut out = Outlook::default();
    // By Proxmox cluster, provider and its way to choose: reservations are those of one provider.
    let mut groups: Vec<((&str, &str, Scheduler), Vec<New<'_, 'a>>)> = Vec::new();
    for set in sets(survey) {
        let count = match making.counts.get(&set.address) {
            Some(count) => *count,
            None => set.count,
        };
        let there = census.of_set(&set.id).iter().filter(|m| !making.going.contains(m.name)).count();
        let new = count.unwrap_or(0).min(MOST).saturating_sub(u32::try_from(there).unwrap_or(u32::MAX));
        if new == 0 {
            continue;
        }
        let Some(landing) = landings.get(set.class.as_str()).copied() else {
            out.machines.push(Batch {
                set: set.address.clone(),
                class: name(&set.class),
                proxmox: None,
                count: new,
                memory: 0,
                pinned: None,
                fate: Fate::Unknown,
                node: None,
                why: Some("the Proxmox cluster of its class was not read".to_owned()),
                failure: None,
            });
            continue;
        };
        let key = (landing.proxmox, landing.class.provider.as_str(), landing.scheduler);
        let machine = NewMachine {
            set: set.id.clone(),
            pinned: landing.class.pinned().map(str::to_owned),
            memory_mib: landing.class.number("memory").unwrap_or(0),
        };
        let all =
            std::iter::repeat_with(|| New { set, landing, machine: machine.clone() }).take(new as usize);
        match groups.iter_mut().find(|(k, _)| *k == key) {
            Some((_, group)) => group.extend(all),
            None => groups.push((key, all.collect())),
        }
    }
    let mut loads = Loads::default();
    let mut places: Places<'_> = BTreeMap::new();
    for ((proxmox, _, scheduler), group) in &groups {
        place(survey, proxmox, *scheduler, group, &mut out, &mut loads, &mut places);
    }
    let proxmoxes: BTreeSet<&str> = groups.iter().map(|((p, ..), _)| *p).collect();
    for proxmox in proxmoxes {
        nodes(survey, proxmox, &loads, &mut out);
    }
    loads.storages(&mut out);
    survival(survey, census, making, &places, &mut out);
    providers(survey, &mut out);
    out
}

/// New machines of each cluster that have a place, or none: whether they are control planes, and where.
type Places<'a> = BTreeMap<&'a str, Vec<(bool, Option<(String, String)>)>>;

fn place<'s, 'a>(
    survey: &Survey<'a>,
    proxmox: &str,
    scheduler: Scheduler,
    group: &[New<'s, 'a>],
    out: &mut Outlook,
    loads: &mut Loads,
    places: &mut Places<'s>,
) {
    let machines: Vec<NewMachine> = group.iter().map(|n| n.machine.clone()).collect();
    let seen = group.first().map(|n| n.landing.seen);
    let known = seen.is_some_and(|s| s.nodes.known().is_some());
    let predicted = if known {
        let guests = seen.and_then(|s| s.guests.known()).map(Vec::as_slice);
        predict(scheduler, survey.nodes_of(proxmox), guests, &machines)
    } else {
        vec![Placement::Unknown("the nodes could not be read".to_owned()); machines.len()]
    };
    let mut failures: BTreeMap<(&str, Option<String>), Option<Failure>> = BTreeMap::new();
    for (new, placement) in group.iter().zip(predicted) {
        let on = match &placement {
            Placement::Node(node) => Some(node.clone()),
            _ => None,
        };
        let failure = failures
            .entry((new.landing.class.id.as_str(), on))
            .or_insert_with(|| failure(survey, new.landing, &placement))
            .clone();
        let (fate, node, why) = match placement {
            Placement::Node(node) if new.machine.pinned.is_some() => (Fate::Pinned, Some(node), None),
            Placement::Node(node) => (Fate::Predicted, Some(node), None),
            Placement::Fails(why) => (Fate::Fails, None, Some(name(&why))),
            Placement::Unknown(why) => (Fate::Unknown, None, Some(name(&why))),
        };
        let at = node.as_ref().map(|n| (proxmox.to_owned(), n.clone()));
        places.entry(&new.set.cluster).or_default().push((new.set.control_plane, at));
        let memory = new.machine.memory_mib.saturating_mul(1 << 20);
        if let Some(node) = &node {
            loads.add(survey, new.landing, proxmox, node, memory);
        }
        let shown = node.as_deref().map(name);
        match out.machines.last_mut() {
            Some(last)
                if last.set == new.set.address
                    && last.node == shown
                    && last.why == why
                    && last.failure == failure =>
            {
                last.count += 1;
            }
            _ => out.machines.push(Batch {
                set: new.set.address.clone(),
                class: name(&new.set.class),
                proxmox: Some(name(proxmox)),
                count: 1,
                memory,
                pinned: new.landing.class.pinned().map(name),
                fate,
                node: shown,
                why,
                failure,
            }),
        }
    }
}

fn failure<'a>(survey: &Survey<'a>, landing: &Landing<'a>, placement: &Placement) -> Option<Failure> {
    forecast::before(survey, landing).or_else(|| match placement {
        Placement::Node(node) => {
            let node = landing.nodes.iter().copied().find(|n| n == node)?;
            forecast::on_node(survey, landing, node)
        }
        _ => forecast::unplaced(survey, landing, placement),
    })
}

/// What nodes and storages get.
#[derive(Default)]
struct Loads {
    /// Machines, bytes of memory and threads, by Proxmox cluster and node.
    nodes: BTreeMap<(String, String), (u32, u64, u64)>,
    /// By Proxmox cluster, storage and the node that it belongs to.
    storages: BTreeMap<(String, String, Option<String>), StorageRoom>,
}

impl Loads {
    fn add<'a>(
        &mut self,
        survey: &Survey<'a>,
        landing: &Landing<'a>,
        proxmox: &str,
        node: &str,
        memory: u64,
    ) {
        let threads = landing
            .class
            .number("cores")
            .unwrap_or(0)
            .saturating_mul(landing.class.number("sockets").unwrap_or(1).max(1));
        let load = self.nodes.entry((proxmox.to_owned(), node.to_owned())).or_default();
        load.0 = load.0.saturating_add(1);
        load.1 = load.1.saturating_add(memory);
        load.2 = load.2.saturating_add(threads);
        let Some(node) = landing.nodes.iter().copied().find(|n| *n == node) else { return };
        for disk in &landing.disks {
            let Some(Pick::Storage(storage)) = survey.pick(landing, node, disk.selector) else { continue };
            let listed = landing.storages(node).into_iter().flatten().find(|s| s.name == storage);
            let Some(listed) = listed.filter(|s| s.active && s.enabled) else { continue };
            let own = (!listed.shared).then(|| node.to_owned());
            let used = listed.total.saturating_sub(listed.avail);
            let room = self.storages.entry((proxmox.to_owned(), storage, own)).or_insert_with_key(|key| {
                StorageRoom {
                    proxmox: name(&key.0),
                    storage: name(&key.1),
                    node: key.2.as_deref().map(name),
                    thick: forecast::thick(&listed.plugin),
                    disks: 0,
                    bytes: Room { before: used, after: used, limit: listed.total },
                }
            });
            room.disks = room.disks.saturating_add(1);
            room.bytes.after = room.bytes.after.saturating_add(disk.gib.saturating_mul(1 << 30));
        }
    }

    fn storages(self, out: &mut Outlook) {
        out.storages = self.storages.into_values().collect();
    }
}

fn nodes(survey: &Survey<'_>, proxmox: &str, loads: &Loads, out: &mut Outlook) {
    let seen = survey.clusters.get(proxmox).copied().flatten();
    let guests = seen.and_then(|s| s.guests.known());
    let mut promised: BTreeMap<&str, u64> = BTreeMap::new();
    for guest in guests.into_iter().flatten().filter(|g| g.status == "running") {
        *promised.entry(&guest.node).or_default() += guest.maxcpu.unwrap_or(0);
    }
    for node in survey.nodes_of(proxmox) {
        let (new, memory, threads) =
            loads.nodes.get(&(proxmox.to_owned(), node.name.clone())).copied().unwrap_or_default();
        let room =
            |before: u64, more: u64, limit: u64| Room { before, after: before.saturating_add(more), limit };
        out.nodes.push(NodeRoom {
            proxmox: name(proxmox),
            node: name(&node.name),
            new,
            memory: node.mem.zip(node.maxmem).map(|(used, total)| room(used, memory, total)),
            cores: guests
                .and(node.maxcpu)
                .map(|total| room(promised.get(node.name.as_str()).copied().unwrap_or(0), threads, total)),
        });
    }
}

/// What the loss of one node costs each declared cluster.
fn survival(
    survey: &Survey<'_>,
    census: &Census<'_>,
    making: &Making<'_>,
    places: &Places<'_>,
    out: &mut Outlook,
) {
    let mut sets: BTreeMap<&str, Vec<&SetView>> = BTreeMap::new();
    for set in &survey.scene.sets {
        sets.entry(&set.cluster).or_default().push(set);
    }
    let offline: BTreeSet<(&str, &str)> = survey
        .nodes
        .iter()
        .flat_map(|(proxmox, nodes)| nodes.iter().map(move |n| (*proxmox, n)))
        .filter(|(_, n)| n.status == NodeStatus::Offline)
        .map(|(proxmox, n)| (proxmox, n.name.as_str()))
        .collect();
    for (cluster, sets) in sets {
        let mut now = Tally::default();
        let mut after = Tally::default();
        for set in sets {
            for machine in census.of_set(&set.id) {
                now.count(set.control_plane, machine.at);
                if !making.going.contains(machine.name) {
                    after.count(set.control_plane, machine.at);
                }
            }
        }
        for (control_plane, at) in places.get(cluster).into_iter().flatten() {
            after.count(*control_plane, at.as_ref().map(|(p, n)| (p.as_str(), n.as_str())));
        }
        out.clusters.push(Survival {
            cluster: Address::cluster(cluster),
            now: now.stand(&offline),
            after: after.stand(&offline),
        });
    }
}

/// Machines by node.
#[derive(Default)]
struct Tally<'a> {
    control_planes: u32,
    workers: u32,
    unplaced: u32,
    nodes: BTreeMap<(&'a str, &'a str), (u32, u32)>,
}

impl<'a> Tally<'a> {
    fn count(&mut self, control_plane: bool, at: Option<(&'a str, &'a str)>) {
        *(if control_plane { &mut self.control_planes } else { &mut self.workers }) += 1;
        match at {
            Some(at) => {
                let here = self.nodes.entry(at).or_default();
                *(if control_plane { &mut here.0 } else { &mut here.1 }) += 1;
            }
            None => self.unplaced += u32::from(control_plane),
        }
    }

    fn stand(self, offline: &BTreeSet<(&str, &str)>) -> Stand {
        let gone = self.nodes.iter().filter(|(at, _)| offline.contains(*at));
        let (down, idle) = gone.fold((0, 0), |(p, w), (_, here)| (p + here.0, w + here.1));
        let quorum = self.control_planes / 2 + 1;
        let mut without: Vec<Without> = self
            .nodes
            .into_iter()
            .map(|((proxmox, node), (planes, workers))| {
                // A node that is offline is counted for itself; what it takes is gone for every other one.
                let (also, too) = if offline.contains(&(proxmox, node)) { (0, 0) } else { (down, idle) };
                let left = self.control_planes.saturating_sub(planes + also);
                Without {
                    proxmox: name(proxmox),
                    node: name(node),
                    control_planes: left,
                    workers: self.workers.saturating_sub(workers + too),
                    etcd: planes == 0 || left >= quorum,
                }
            })
            .collect();
        without.sort_by(|a, b| {
            (a.control_planes, a.workers, &a.proxmox, &a.node).cmp(&(
                b.control_planes,
                b.workers,
                &b.proxmox,
                &b.node,
            ))
        });
        Stand {
            control_planes: self.control_planes,
            workers: self.workers,
            unplaced: self.unplaced,
            down,
            without,
        }
    }
}

/// The containers of providers, where the spec names them and they were found.
fn providers(survey: &Survey<'_>, out: &mut Outlook) {
    for provider in &survey.scene.desired.providers {
        let (Some(proxmox), Some(vmid)) = (provider.proxmox.as_deref(), provider.container_vmid) else {
            continue;
        };
        let seen = survey.clusters.get(proxmox).copied().flatten();
        let guests = seen.and_then(|s| Observation::known(&s.guests));
        let found = guests.into_iter().flatten().find(|g| g.kind == GuestKind::Lxc && g.vmid == vmid);
        if let Some(container) = found {
            out.providers.push(ProviderAt {
                provider: name(&provider.id),
                proxmox: name(proxmox),
                node: name(&container.node),
            });
        }
    }
}
