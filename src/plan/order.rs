//! From loose steps to numbered ones: waves, needs, reasons.

use std::collections::{BTreeMap, BTreeSet};

use super::scene::Scene;
use super::{Action, Draft, Goal, Operation, Seen, Step, StepId};
use crate::address::Address;
use crate::graph::edges::{Item, class_of_set};
use crate::graph::{Cycle, Graph, Wave, items};

/// Steps in the order in which they are numbered: by wave, then by address.
pub(super) fn sort(drafts: &mut [Draft<'_>]) {
    drafts.sort_by(|a, b| (a.wave, &a.address, rank(a.action)).cmp(&(b.wave, &b.address, rank(b.action))));
}

/// Numbers the steps, in wave order and then by address, and says what each waits for.
pub(super) fn order(
    scene: &Scene<'_>,
    mut drafts: Vec<Draft<'_>>,
) -> Result<(Vec<Step>, Vec<String>), Cycle> {
    sort(&mut drafts);
    let used: Vec<Wave> = Wave::ALL.into_iter().filter(|w| drafts.iter().any(|d| d.wave == *w)).collect();
    let needs = needs(scene, &drafts)?;
    let number = |i: usize| StepId(u32::try_from(i).unwrap_or(u32::MAX));
    let mut steps = Vec::with_capacity(drafts.len());
    for (i, (draft, after)) in drafts.iter().zip(needs).enumerate() {
        let wave = used.iter().position(|w| *w == draft.wave).map_or(0, |p| p + 1);
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
        });
    }
    Ok((steps, used.into_iter().map(|w| w.title().to_owned()).collect()))
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
        Action::Adopt | Action::Create | Action::Update | Action::AdoptUpdate => 0,
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
