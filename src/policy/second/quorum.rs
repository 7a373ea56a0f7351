//! The voters of etcd, wave by wave, worked out anew: who votes, who is well, and how few are left at the worst moment of
//! every order in which the events of one wave can come.

use std::collections::{BTreeMap, BTreeSet};

use super::sight::{Sight, asked, written};
use crate::address::Address;
use crate::kinds::Effect;
use crate::plan::{Affected, EtcdVoters, Goal, Operation, Plan, Step};
use crate::resource::{Phase, Resource, ResourceId};
use crate::value::Value;

/// Most machines of one sort that are told apart in one wave; no etcd has as many voters.
const MOST: u32 = 64;

pub(super) fn check(plan: &Plan, sight: &Sight<'_>, notes: &mut Vec<String>) {
    let found = voters(plan, sight);
    for (number, wave) in (1u32..).zip(&plan.waves) {
        let empty = BTreeMap::new();
        let mine = found.get(&number).unwrap_or(&empty);
        let mut told = BTreeSet::new();
        for said in &wave.etcd {
            let cluster = said.cluster.name();
            told.insert(cluster);
            match mine.get(cluster) {
                Some(found) if found == said => {}
                Some(found) => notes.push(format!(
                    "wave {number} says of etcd of `{cluster}`: {}; it is: {}",
                    words(said),
                    words(found)
                )),
                None => notes.push(format!("wave {number} touches no voter of `{cluster}`, and says so")),
            }
        }
        for cluster in mine.keys().filter(|c| !told.contains(c.as_str())) {
            notes.push(format!("wave {number} touches voters of `{cluster}` and does not say so"));
        }
    }
}

/// The voters of every wave (from 1) by cluster.
pub(super) fn voters(plan: &Plan, sight: &Sight<'_>) -> BTreeMap<u32, BTreeMap<String, EtcdVoters>> {
    let mut waves: BTreeMap<u32, BTreeMap<&str, Vec<(&Step, Option<&Affected>)>>> = BTreeMap::new();
    for step in &plan.steps {
        let clusters = waves.entry(step.wave).or_default();
        if let Some(cluster) = step.address.cluster_name() {
            clusters.entry(cluster).or_default().push((step, None));
        }
        for one in &step.affects {
            // A machine that comes from another cluster is missed there.
            let home = one.machine_set.as_ref().and_then(Address::cluster_name);
            if let Some(cluster) = home.or(step.address.cluster_name()) {
                clusters.entry(cluster).or_default().push((step, Some(one)));
            }
        }
    }
    let mut members: BTreeMap<&str, Members> = BTreeMap::new();
    let mut out: BTreeMap<u32, BTreeMap<String, EtcdVoters>> = BTreeMap::new();
    for (number, clusters) in waves {
        for (cluster, events) in clusters {
            let now = members.entry(cluster).or_insert_with(|| Members::seen(sight, cluster));
            if let Some(voters) = now.wave(cluster, &events, sight) {
                out.entry(number).or_default().insert(cluster.to_owned(), voters);
            }
        }
    }
    out
}

fn words(v: &EtcdVoters) -> String {
    let number = |n: Option<u32>| n.map_or("?".to_owned(), |n| n.to_string());
    format!(
        "{} voters, {} after it, {} healthy, {} at worst of {} needed",
        v.before,
        v.after,
        number(v.healthy),
        number(v.lowest),
        v.quorum
    )
}

/// Who votes.
struct Members {
    /// By name: well, not well, or not known.
    named: BTreeMap<String, Option<bool>>,
    /// Asked for by the plan, without a name as yet.
    coming: u32,
    /// Of these, how many have been waited for.
    came: u32,
    /// At least one is not in step, says the control plane, whoever it is.
    one_is_ill: bool,
    /// How many an upgrade takes at once.
    at_once: u32,
}

impl Members {
    fn seen(sight: &Sight<'_>, cluster: &str) -> Self {
        let bootstrap = sight.find("ClusterBootstrapStatuses", cluster);
        let runs = match bootstrap {
            Some(status) => status.resource.spec.get("bootstrapped").and_then(Value::as_bool) == Some(true),
            None => true,
        };
        let told = sight.read("ClusterMachineStatuses");
        let mut named = BTreeMap::new();
        for node in sight.nodes(cluster).iter().filter(|n| runs && sight.is_control_plane(&n.resource)) {
            let uuid = node.resource.id.id.as_str();
            named.insert(sight.name(uuid), told.then(|| is_well(sight, uuid)));
        }
        let planes = format!("{cluster}-control-planes");
        let number = |c: &Value, key: &str| c.get(key).and_then(Value::as_int);
        let conditions = sight
            .find("ControlPlaneStatuses", &planes)
            .and_then(|s| s.resource.spec.get("conditions")?.as_list());
        let one_is_ill = conditions
            .unwrap_or_default()
            .iter()
            .any(|c| number(c, "type") == Some(1) && number(c, "status") == Some(2));
        Self { named, coming: 0, came: 0, one_is_ill, at_once: at_once(sight, cluster, &planes) }
    }

    fn count(&self) -> u32 {
        small(self.named.len()).saturating_add(self.coming)
    }

    fn well(&self) -> Option<u32> {
        if self.named.values().any(Option::is_none) {
            return None;
        }
        let up = small(self.named.values().filter(|w| **w == Some(true)).count()) + self.came;
        Some(up.min(self.count().saturating_sub(u32::from(self.one_is_ill))))
    }

    fn wave(
        &mut self,
        cluster: &str,
        events: &[(&Step, Option<&Affected>)],
        sight: &Sight<'_>,
    ) -> Option<EtcdVoters> {
        let planes = Address::cluster(cluster).child("machineset", "control-planes");
        let mut leave: Vec<Option<&str>> = Vec::new();
        let mut stay: BTreeMap<Option<&str>, (Effect, bool)> = BTreeMap::new();
        let (mut join, mut waited) = (0u32, false);
        for (step, one) in events {
            let Some(one) = one else {
                join = join.saturating_add(asked_for(step, sight));
                waited |= matches!(step.operation, Operation::Await(Goal::ClusterUp { .. }));
                continue;
            };
            let name = one.machine.as_deref();
            let votes = match name {
                Some(name) => self.named.contains_key(name),
                None => one.machine_set.as_ref() == Some(&planes),
            };
            match one.effect {
                _ if !votes => {}
                Effect::None | Effect::NoEffect => {}
                Effect::Destroy | Effect::Rebuild => {
                    if name.is_none() || !leave.contains(&name) {
                        leave.push(name);
                    }
                }
                Effect::Hot | Effect::Reboot | Effect::Unknown => {
                    let worst = stay.entry(name).or_default();
                    worst.0 = worst.0.max(one.effect);
                    worst.1 |= matches!(step.address.kind(), "cluster" | "extensions");
                }
            }
        }
        let before = self.count();
        let told = if before > 0 && (join > 0 || !leave.is_empty() || !stay.is_empty()) {
            let well = self.well();
            let worst = self.worst(before, well.unwrap_or(before), join, &leave, &stay);
            Some((before, well, worst))
        } else {
            None
        };
        self.coming = self.coming.saturating_add(join);
        if before > 0 {
            for name in leave {
                self.goes(name);
            }
        }
        if waited {
            self.came = self.coming;
        }
        told.map(|(before, healthy, (lowest, quorum))| EtcdVoters {
            cluster: Address::cluster(cluster),
            before,
            after: self.count(),
            healthy,
            lowest: healthy.map(|_| lowest),
            quorum,
        })
    }

    /// How few are well, and how many are needed then, at the worst of all moments: whoever joins may have joined or not,
    /// whoever leaves may have left or not, and as many as are taken at once may be away.
    fn worst(
        &self,
        members: u32,
        well: u32,
        join: u32,
        leave: &[Option<&str>],
        stay: &BTreeMap<Option<&str>, (Effect, bool)>,
    ) -> (u32, u32) {
        let state = |name: Option<&str>| name.and_then(|n| self.named.get(n)).copied().flatten();
        let ill_leave = small(leave.iter().filter(|n| state(**n) == Some(false)).count());
        let well_leave = small(leave.len()).saturating_sub(ill_leave);
        let away: Vec<bool> = stay
            .iter()
            .filter(|(name, (effect, _))| {
                *effect != Effect::Hot
                    && state(**name) != Some(false)
                    && (name.is_none() || !leave.contains(name))
            })
            .map(|(_, (_, upgrade))| *upgrade)
            .collect();
        let at_once = if away.contains(&true) { self.at_once } else { 1 };
        let away = small(away.len()).min(at_once);
        let mut worst = (i64::MAX, 0, 0);
        for joined in 0..=join.min(MOST) {
            for gone in 0..=well_leave.min(MOST) {
                for ill_gone in 0..=ill_leave.min(MOST) {
                    for down in 0..=away {
                        let members = (members + joined).saturating_sub(gone + ill_gone);
                        let well = (well + joined).saturating_sub(gone).saturating_sub(down);
                        let needed = if members == 0 { 0 } else { members / 2 + 1 };
                        let moment = (i64::from(well) - i64::from(needed), well, needed);
                        worst = worst.min(moment);
                    }
                }
            }
        }
        (worst.1, worst.2)
    }

    /// One leaves; where nobody knows which, one that is well.
    fn goes(&mut self, name: Option<&str>) {
        if name.is_some_and(|n| self.named.remove(n).is_some()) {
            return;
        }
        let rank = |well: &Option<bool>| match well {
            Some(true) => 2,
            Some(false) => 1,
            None => 0,
        };
        let best = self.named.iter().max_by_key(|(_, well)| rank(well)).map(|(name, _)| name.clone());
        match best {
            Some(name) => _ = self.named.remove(&name),
            None => self.coming = self.coming.saturating_sub(1),
        }
    }
}

/// Omni says that it runs and that it is connected; whether Kubernetes calls it ready is no matter of etcd's.
fn is_well(sight: &Sight<'_>, uuid: &str) -> bool {
    let Some(status) = sight.find("ClusterMachineStatuses", uuid) else { return false };
    let runs = status.phase == Phase::Running
        && status.resource.spec.get("stage").and_then(Value::as_int) == Some(4);
    let by_machine = sight.find("MachineStatuses", uuid).is_some_and(|m| {
        m.resource.omni_label("disconnected").is_none()
            && m.resource.spec.get("connected").and_then(Value::as_bool) == Some(true)
    });
    runs && (by_machine || status.resource.omni_label("connected").is_some())
}

fn at_once(sight: &Sight<'_>, cluster: &str, planes: &str) -> u32 {
    let id = ResourceId::default_ns("MachineSets", planes);
    let wanted = sight.input.desired.clusters.iter().filter(|c| c.name == cluster).flat_map(|c| &c.resources);
    let wanted = wanted.map(|d| &d.resource).filter(|r| r.id == id);
    let sets = sight.live(&id).map(|l| &l.resource).into_iter().chain(wanted);
    let of = |r: &Resource| {
        let n = r.spec.at(&["upgrade_strategy_config", "rolling", "max_parallelism"])?.as_int()?;
        u32::try_from(n).ok()
    };
    sets.filter_map(of).max().unwrap_or(1).max(1)
}

/// Control planes that a step asks for beyond those that are there or asked for already.
fn asked_for(step: &Step, sight: &Sight<'_>) -> u32 {
    let Some(after) = written(step).filter(|r| r.omni_label("role-controlplane").is_some()) else { return 0 };
    match (&step.operation, after.id.short_kind()) {
        (Operation::Create(_), "MachineSetNodes") => 1,
        (Operation::Create(_), "MachineSets") => asked(after).unwrap_or(0),
        (Operation::Update { before, .. }, "MachineSets") => {
            let cluster = after.omni_label("cluster").unwrap_or_default();
            let there = sight
                .nodes(cluster)
                .iter()
                .filter(|n| n.resource.omni_label("machine-set") == Some(after.id.id.as_str()))
                .count();
            asked(after).unwrap_or(0).saturating_sub(asked(before).unwrap_or(0).max(small(there)))
        }
        _ => 0,
    }
}

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
