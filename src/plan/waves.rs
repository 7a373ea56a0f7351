//! What happens while a wave is carried out: the worst disruption, the machines disturbed, and the voters of etcd.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Wanted, allocation};
use super::machines::{Machines, is_control_plane};
use super::scene::Scene;
use super::{Affected, EtcdVoters, Goal, Operation, Step, Wave};
use crate::address::Address;
use crate::kinds::Effect;
use crate::resource::{Resource, ResourceId};
use crate::value::Value;

/// Number of the etcd check among the conditions of a ControlPlaneStatus, and of "not ready".
const CHECK: (i128, i128) = (1, 2);

/// The waves of a plan, by its ordered steps and the titles of its waves.
pub(super) fn waves(
    scene: &Scene<'_>,
    machines: &Machines<'_>,
    steps: &[Step],
    titles: Vec<(String, Option<String>)>,
) -> Vec<Wave> {
    let mut by_wave: BTreeMap<u32, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        by_wave.entry(step.wave).or_default().push(step);
    }
    let mut etcd: BTreeMap<String, Etcd> = BTreeMap::new();
    (1u32..)
        .zip(titles)
        .map(|(number, (title, phase))| {
            let steps = by_wave.remove(&number).unwrap_or_default();
            let (mut named, mut nameless) = (BTreeSet::new(), 0);
            for one in steps.iter().flat_map(|s| &s.affects).filter(|a| a.effect >= Effect::Reboot) {
                match &one.machine {
                    Some(name) => _ = named.insert(name.as_str()),
                    None => nameless += 1,
                }
            }
            Wave {
                title,
                disruption: steps.iter().map(|s| s.effect).max().unwrap_or_default(),
                machines: u32::try_from(named.len() + nameless).unwrap_or(u32::MAX),
                etcd: voters(scene, machines, &steps, &mut etcd),
                phase,
            }
        })
        .collect()
}

/// The voters of every cluster whose control planes the steps of one wave touch.
fn voters(
    scene: &Scene<'_>,
    machines: &Machines<'_>,
    steps: &[&Step],
    known: &mut BTreeMap<String, Etcd>,
) -> Vec<EtcdVoters> {
    let mut by_cluster: BTreeMap<&str, Touched<'_>> = BTreeMap::new();
    for step in steps {
        for one in step.affects.iter().filter(|a| a.effect >= Effect::Hot) {
            // A machine that is taken from another cluster is missed there.
            let home = one.machine_set.as_ref().and_then(Address::cluster_name);
            if let Some(cluster) = home.or(step.address.cluster_name()) {
                by_cluster.entry(cluster).or_default().machines.push((step, one));
            }
        }
        if let Some(cluster) = step.address.cluster_name() {
            let touched = by_cluster.entry(cluster).or_default();
            touched.added = touched.added.saturating_add(added(scene, step));
            touched.awaited |= matches!(step.operation, Operation::Await(Goal::ClusterUp { .. }));
        }
    }
    let mut out = Vec::new();
    for (cluster, touched) in by_cluster {
        let etcd = known.entry(cluster.to_owned()).or_insert_with(|| Etcd::seen(scene, machines, cluster));
        out.extend(etcd.wave(cluster, &touched));
        if touched.awaited {
            etcd.joined();
        }
    }
    out
}

/// What the steps of one wave do to the machines of one cluster.
#[derive(Default)]
struct Touched<'p> {
    /// Machines with the step that touches them.
    machines: Vec<(&'p Step, &'p Affected)>,
    /// Control planes that are asked for in addition.
    added: u32,
    /// Whether the cluster is waited for.
    awaited: bool,
}

/// Members of one cluster's etcd as the plan goes on.
struct Etcd {
    /// Named members, and whether Omni says that they run.
    members: BTreeMap<String, Option<bool>>,
    /// Members that this plan adds, which have no name yet.
    new: u32,
    /// How many of those are up: the plan waited for them.
    new_up: u32,
    /// How many members the check of the control plane finds fault with at least, whoever they are.
    faulty: u32,
    /// How many control planes an upgrade may take at once.
    parallel: u32,
}

/// What is known of a moment: members, and how many are healthy.
#[derive(Clone, Copy)]
struct Moment {
    members: u32,
    healthy: u32,
}

impl Moment {
    /// A majority; none of nothing.
    fn quorum(self) -> u32 {
        if self.members == 0 { 0 } else { self.members / 2 + 1 }
    }
    /// What is more dangerous sorts first.
    fn rank(self) -> (i64, u32) {
        (i64::from(self.healthy) - i64::from(self.quorum()), self.healthy)
    }
}

impl Etcd {
    /// What a refresh saw.
    fn seen(scene: &Scene<'_>, machines: &Machines<'_>, cluster: &str) -> Self {
        let started = scene
            .live(&ResourceId::default_ns("ClusterBootstrapStatuses", cluster))
            .is_none_or(|b| b.resource.spec.get("bootstrapped").and_then(Value::as_bool) == Some(true));
        let members: BTreeMap<String, Option<bool>> = machines
            .control_planes(scene, cluster)
            .filter(|_| started)
            .map(|m| (m.name.clone(), m.healthy))
            .collect();
        let set = format!("{cluster}-control-planes");
        let checks = scene.live(&ResourceId::default_ns("ControlPlaneStatuses", &set));
        let conditions = checks.and_then(|c| c.resource.spec.get("conditions")).and_then(Value::as_list);
        let number = |c: &Value, key| c.get(key).and_then(Value::as_int).unwrap_or(0);
        let fails =
            conditions.unwrap_or_default().iter().any(|c| (number(c, "type"), number(c, "status")) == CHECK);
        Self {
            members,
            new: 0,
            new_up: 0,
            faulty: u32::from(fails),
            parallel: parallel(scene, cluster, &set),
        }
    }

    fn count(&self) -> u32 {
        u32::try_from(self.members.len()).unwrap_or(u32::MAX).saturating_add(self.new)
    }

    /// Healthy members; `None` when somebody's health was not seen. A failing check means one less than all at best.
    fn healthy(&self) -> Option<u32> {
        let mut up = self.new_up;
        for state in self.members.values() {
            up += u32::from((*state)?);
        }
        Some(up.min(self.count().saturating_sub(self.faulty)))
    }

    /// The plan waited until the cluster was up.
    fn joined(&mut self) {
        self.new_up = self.new;
    }

    /// One wave, from the machines that its steps touch, add and take away; `None` if no voter is concerned.
    fn wave(&mut self, cluster: &str, wave: &Touched<'_>) -> Option<EtcdVoters> {
        let planes = Address::cluster(cluster).child("machineset", "control-planes");
        let mut touched: BTreeMap<Option<&str>, (Effect, bool)> = BTreeMap::new();
        let mut leaving: Vec<&Affected> = Vec::new();
        let mut named = BTreeSet::new();
        for (step, one) in &wave.machines {
            let name = one.machine.as_deref();
            let voter = name.is_some_and(|n| self.members.contains_key(n))
                || name.is_none() && one.machine_set.as_ref() == Some(&planes);
            if !voter {
                continue;
            }
            if matches!(one.effect, Effect::Destroy | Effect::Rebuild) {
                if name.is_none_or(|n| named.insert(n)) {
                    leaving.push(one);
                }
            } else {
                let image = matches!(step.address.kind(), "cluster" | "extensions");
                let (effect, upgrade) = touched.entry(name).or_default();
                *effect = (*effect).max(one.effect);
                *upgrade |= image;
            }
        }
        let added = wave.added;
        let before = self.count();
        if before == 0 {
            self.new = self.new.saturating_add(added);
            return None;
        }
        if touched.is_empty() && leaving.is_empty() && added == 0 {
            return None;
        }
        let healthy = self.healthy();
        let mut now = Moment { members: before, healthy: healthy.unwrap_or(before) };
        let mut worst = now;
        // Machines that stay are disturbed at any moment: before others join, and after others left.
        let standing =
            |name: Option<&str>| name.and_then(|n| self.members.get(n)).copied().flatten() != Some(false);
        let disturbed: Vec<bool> = touched
            .iter()
            .filter(|(name, (effect, _))| {
                matches!(effect, Effect::Reboot | Effect::Unknown)
                    && standing(**name)
                    && name.is_none_or(|n| !named.contains(n))
            })
            .map(|(_, (_, upgrade))| *upgrade)
            .collect();
        let at_once = if disturbed.iter().any(|upgrade| *upgrade) { self.parallel } else { 1 };
        let away = u32::try_from(disturbed.len()).unwrap_or(u32::MAX).min(at_once);
        let mut consider = |moment: Moment| {
            let moment = Moment { healthy: moment.healthy.saturating_sub(away), ..moment };
            if moment.rank() < worst.rank() {
                worst = moment;
            }
        };
        consider(now);
        // Within a wave nobody knows who comes first: at worst those that are well leave before the others, and before
        // anybody joins.
        let health =
            |one: &Affected| one.machine.as_deref().and_then(|n| self.members.get(n)).copied().flatten();
        leaving.sort_by_key(|one| health(one) == Some(false));
        for one in &leaving {
            let known = one.machine.as_deref().and_then(|n| self.members.get(n)).copied().flatten();
            let healthy = now.healthy.saturating_sub(u32::from(known != Some(false)));
            now = Moment { members: now.members.saturating_sub(1), healthy };
            consider(now);
        }
        // A new member votes once it is in step, so that it never weakens the others.
        for _ in 0..added.min(64) {
            now = Moment { members: now.members + 1, healthy: now.healthy + 1 };
            consider(now);
        }
        let quorum = worst.quorum();
        let lowest = healthy.map(|_| worst.healthy);
        self.new = self.new.saturating_add(added);
        for one in leaving {
            if one.machine.as_deref().and_then(|n| self.members.remove(n)).is_none() {
                self.forget_one();
            }
        }
        Some(EtcdVoters {
            cluster: Address::cluster(cluster),
            before,
            after: self.count(),
            healthy,
            lowest,
            quorum,
        })
    }

    /// A member goes and nobody knows which: one that is up, to be on the safe side.
    fn forget_one(&mut self) {
        let name = self.members.iter().max_by_key(|(_, up)| **up).map(|(name, _)| name.clone());
        match name {
            Some(name) => _ = self.members.remove(&name),
            None => self.new = self.new.saturating_sub(1),
        }
    }
}

/// Control planes that a step asks for in addition.
fn added(scene: &Scene<'_>, step: &Step) -> u32 {
    let count = |r: &Resource| match allocation(r) {
        Some(Wanted::Count(n)) => n,
        Some(Wanted::Unlimited) | None => 0,
    };
    match &step.operation {
        Operation::Create(r) if is_control_plane(r) => match r.id.short_kind() {
            "MachineSets" => count(r),
            "MachineSetNodes" => 1,
            _ => 0,
        },
        Operation::Update { before, after }
            if is_control_plane(after) && after.id.short_kind() == "MachineSets" =>
        {
            // What was asked for already and is still on its way joins as well.
            let there =
                scene.machines_of_set(after.omni_label("cluster").unwrap_or_default(), &after.id.id).len();
            count(after).saturating_sub(count(before).max(u32::try_from(there).unwrap_or(u32::MAX)))
        }
        _ => 0,
    }
}

/// How many control planes an upgrade may take at once: one, unless the upgrade strategy of their set says more. Omni may
/// well take one all the same; a plan counts with what it was allowed.
fn parallel(scene: &Scene<'_>, cluster: &str, set: &str) -> u32 {
    let id = ResourceId::default_ns("MachineSets", set);
    let path = ["upgrade_strategy_config", "rolling", "max_parallelism"];
    let of = |r: &Resource| r.spec.at(&path).and_then(Value::as_int).and_then(|n| u32::try_from(n).ok());
    let live = scene.live(&id).map(|l| &l.resource);
    let address = Address::cluster(cluster).child("machineset", "control-planes");
    let wanted = scene.desired.get(&address).map(|d| &d.resource);
    live.into_iter().chain(wanted).filter_map(of).max().unwrap_or(1).max(1)
}
