//! From loose steps to numbered ones: waves, needs, reasons.

use std::collections::{BTreeMap, BTreeSet};

use super::scene::Scene;
use super::{Action, Draft, Gate, Goal, Moved, Operation, Seen, Step, StepId};
use crate::address::Address;
use crate::graph::edges::{Item, class_of_set};
use crate::graph::{Cycle, DesiredPhase, Graph, Wave, items, phase_of};

/// Steps in the order in which they are numbered: by phase, by wave, then by address.
pub(super) fn sort(drafts: &mut [Draft<'_>]) {
    drafts.sort_by(|a, b| {
        let key = |d: &Draft<'_>| (d.phase, d.wave, rank(d.action));
        let (x, y) = (key(a), key(b));
        (x.0, x.1, &a.address, x.2).cmp(&(y.0, y.1, &b.address, y.2))
    });
}

/// What the waves are called, and where the gates between them stand.
pub(super) struct Course {
    /// Titles of the waves, each with the key of its phase.
    pub(super) waves: Vec<(String, Option<String>)>,
    /// Gates in order.
    pub(super) gates: Vec<Gate>,
}

/// Numbers the steps, in wave order and then by address, and says what each waits for.
pub(super) fn order(scene: &Scene<'_>, mut drafts: Vec<Draft<'_>>) -> Result<(Vec<Step>, Course), Cycle> {
    sort(&mut drafts);
    let mut needs = self::needs(scene, &drafts)?;
    if phased(scene.phases(), &mut drafts, &needs) {
        sort(&mut drafts);
        needs = self::needs(scene, &drafts)?;
    }
    let mut used: Vec<(usize, Wave)> = drafts.iter().map(|d| (d.phase, d.wave)).collect();
    used.dedup();
    let number = |i: usize| StepId(u32::try_from(i).unwrap_or(u32::MAX));
    let mut steps = Vec::with_capacity(drafts.len());
    for (i, (draft, after)) in drafts.iter().zip(needs).enumerate() {
        let wave = used.iter().position(|w| *w == (draft.phase, draft.wave)).map_or(0, |p| p + 1);
        steps.push(Step {
            id: number(i),
            address: draft.address.clone(),
            action: draft.action,
            wave: u32::try_from(wave).unwrap_or(u32::MAX),
            operation: draft.operation.clone(),
            changes: draft.changes.clone(),
            effect: draft.effect,
            certainty: draft.certainty,
            affects: draft.affects.clone(),
            notes: draft.notes.clone(),
            after: after.into_iter().map(|(j, reason)| (number(j), reason)).collect(),
            source: draft.source.clone(),
            position: scene.position(&draft.address),
            seen: draft.live.map(|live| Seen::of(live, scene.is_member(live, draft.address.cluster_name()))),
            record: draft.record.clone(),
            moved: draft.moved.clone(),
        });
    }
    Ok((steps, course(scene.phases(), &used)))
}

/// Puts steps into phases: what a phase holds into that one, and nothing before what it needs. What goes, and what waits,
/// follows what it needs wherever that stands; what is made cannot ([`crate::graph::out_of_order`]). Says whether any moved.
fn phased(phases: &[DesiredPhase], drafts: &mut [Draft<'_>], needs: &[BTreeMap<usize, String>]) -> bool {
    if phases.is_empty() {
        return false;
    }
    let mut at: Vec<usize> = drafts.iter().map(|d| phase_of(phases, &d.address)).collect();
    // Needs form no circle, so this ends after as many rounds as the longest chain has links.
    for _ in 0..drafts.len() {
        let mut calm = true;
        for (i, needed) in needs.iter().enumerate() {
            let least = needed.keys().filter_map(|j| at.get(*j)).copied().max().unwrap_or(0);
            if let Some(own) = at.get_mut(i).filter(|own| **own < least) {
                *own = least;
                calm = false;
            }
        }
        if calm {
            break;
        }
    }
    for (draft, phase) in drafts.iter_mut().zip(at) {
        draft.phase = phase;
    }
    true
}

/// A gate stands behind every phase that this plan does something in, and before everything where a later phase is all that it
/// touches.
fn course(phases: &[DesiredPhase], used: &[(usize, Wave)]) -> Course {
    let key = |phase: usize| phase.checked_sub(1).and_then(|at| phases.get(at)).map(|p| p.key.clone());
    let waves = used.iter().map(|(phase, wave)| (wave.title().to_owned(), key(*phase))).collect();
    let mut gates = Vec::new();
    for (number, phase) in (1usize..).zip(phases) {
        let done = used.iter().filter(|(p, _)| *p <= number).count();
        let touched = used.iter().any(|(p, _)| *p == number);
        let checked = !phase.criteria.is_empty();
        if (done < used.len() && (touched || checked)) || (touched && checked) {
            gates.push(Gate {
                phase: phase.key.clone(),
                after: u32::try_from(done).unwrap_or(u32::MAX),
                criteria: phase.criteria.clone(),
                source: phase.source.clone(),
            });
        }
    }
    Course { waves, gates }
}

/// For each of the sorted steps, the positions of those that come before it, with the reasons.
pub(super) fn needs(scene: &Scene<'_>, drafts: &[Draft<'_>]) -> Result<Vec<BTreeMap<usize, String>>, Cycle> {
    let users = users(scene, drafts);
    let graph = {
        let mut things = items(scene.input.desired);
        let declared: BTreeSet<Address> = things.iter().map(|i| i.address.clone()).collect();
        for draft in drafts {
            if let Some(live) = draft.live.filter(|_| !declared.contains(&draft.address)) {
                things.push(Item { address: draft.address.clone(), resource: Some(&live.resource) });
            }
        }
        Graph::of(&things)?
    };
    let mut at: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
    for (i, draft) in drafts.iter().enumerate().filter(|(_, d)| d.action != Action::Await) {
        at.entry(&draft.address).or_default().push(i);
    }
    let mut by_cluster: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, draft) in drafts.iter().enumerate() {
        if let Some(cluster) = draft.address.cluster_name() {
            by_cluster.entry(cluster).or_default().push(i);
        }
    }
    let mut all = Vec::with_capacity(drafts.len());
    for (i, draft) in drafts.iter().enumerate() {
        let mut after: BTreeMap<usize, String> = BTreeMap::new();
        let mut need = |j: usize, reason: &str| {
            if j != i {
                after.entry(j).or_insert_with(|| reason.to_owned());
            }
        };
        let here = |address: &Address| at.get(address).into_iter().flatten().copied();
        if draft.action == Action::Await {
            awaited(
                drafts,
                i,
                draft,
                by_cluster.get(draft.address.cluster_name().unwrap_or_default()),
                &mut need,
            );
        } else if draft.is_removal() {
            for (other, _) in graph.needed_by(&draft.address) {
                // What is only forgotten holds nothing up.
                for j in here(other).filter(|j| drafts.get(*j).is_some_and(|d| d.action != Action::Forget)) {
                    need(j, &format!("`{other}` needs it until then"));
                }
            }
            let cluster = draft.address.cluster_name().and_then(|c| by_cluster.get(c));
            for j in cluster.into_iter().flatten().copied() {
                if let Some(other) = drafts.get(j)
                    && let Some(reason) = before_removal(draft, other)
                {
                    need(j, reason);
                }
            }
            if let Some(Moved::MadeAs(now)) = &draft.moved {
                for j in here(now).filter(|j| drafts.get(*j).is_some_and(|d| !d.is_removal())) {
                    need(j, "it is made under its new id first");
                }
            }
            if draft.address.kind() == "class" {
                for j in users.get(draft.address.name()).into_iter().flatten() {
                    need(*j, "Omni keeps a class that machine sets use");
                }
            }
        } else {
            for (other, reason) in graph.needs(&draft.address) {
                for j in here(other).filter(|j| drafts.get(*j).is_some_and(|d| !d.is_removal())) {
                    need(j, reason);
                }
            }
        }
        all.push(after);
    }
    Ok(all)
}

/// Two steps of one address in one wave keep a fixed order: first the change, then the wait.
fn rank(action: Action) -> u8 {
    match action {
        Action::Adopt | Action::Move | Action::Create | Action::Update | Action::AdoptUpdate => 0,
        Action::Release | Action::Destroy => 1,
        Action::Forget => 2,
        Action::Await => 3,
    }
}

fn awaited(
    drafts: &[Draft<'_>],
    at: usize,
    draft: &Draft<'_>,
    cluster: Option<&Vec<usize>>,
    need: &mut impl FnMut(usize, &str),
) {
    for j in cluster.into_iter().flatten().copied().filter(|j| *j != at) {
        let Some(other) = drafts.get(j) else { continue };
        let relevant = match &draft.operation {
            Operation::Await(Goal::MachinesGone { .. }) => {
                other.address == draft.address && other.action != Action::Await
            }
            _ => {
                (other.action.is_change() || other.action == Action::Await)
                    && (other.wave, j) < (draft.wave, at)
            }
        };
        if relevant {
            need(j, "the wait is for what this starts");
        }
    }
}

/// Why a removal waits for another step of its cluster, besides what the graph says.
fn before_removal(removal: &Draft<'_>, other: &Draft<'_>) -> Option<&'static str> {
    if other.action == Action::Await {
        return (other.wave < removal.wave).then_some("what replaces it is up first");
    }
    if removal.action == Action::Forget {
        let parent = matches!(other.action, Action::Destroy)
            && other.address != removal.address
            && (matches!(other.kind(), "Clusters")
                || other.kind() == "MachineSets" && removal.address.kind() == "node");
        return parent.then_some("goes with it");
    }
    if other.action == Action::Release && other.kind() == "KernelArgs" && removal.address.kind() == "cluster"
    {
        return Some("kernel arguments are released before their cluster goes");
    }
    if removal.kind() == "MachineInstallDiskConfigs" {
        let leaves = other.action == Action::Destroy && matches!(other.kind(), "Clusters" | "MachineSets");
        return leaves.then_some("the machine leaves with its disk as it is");
    }
    if other.is_removal() || !other.action.is_change() {
        return None;
    }
    let both = |a: &[&str], b: &[&str]| a.contains(&removal.kind()) && b.contains(&other.kind());
    if both(&["ConfigPatches"], &["ConfigPatches"]) {
        return Some("new patches first, so that no machine misses configuration");
    }
    if both(&["ExtensionsConfigurations"], &["ExtensionsConfigurations"]) {
        return Some("new extensions first, so that no machine misses one");
    }
    if both(&["MachineSets", "MachineSetNodes"], &["MachineSets", "MachineSetNodes"]) {
        return Some("new machines are asked for before others go");
    }
    None
}

/// Steps by the classes of the machine sets that they change or remove, alone or with their cluster.
fn users<'d>(scene: &Scene<'d>, drafts: &[Draft<'d>]) -> BTreeMap<&'d str, BTreeSet<usize>> {
    let mut out: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (i, draft) in drafts.iter().enumerate().filter(|(_, d)| d.action != Action::Await) {
        let Some(live) = draft.live.map(|l| &l.resource) else { continue };
        let sets = match live.id.short_kind() {
            "MachineSets" => class_of_set(live).into_iter().collect(),
            "Clusters" if draft.action == Action::Destroy => {
                let sets = scene.in_cluster("MachineSets", &live.id.id);
                sets.iter().filter_map(|s| class_of_set(&s.resource)).collect()
            }
            _ => Vec::new(),
        };
        for class in sets {
            out.entry(class).or_default().insert(i);
        }
    }
    out
}
