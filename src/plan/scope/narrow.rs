//! From all steps to the chosen ones, with what they cannot do without.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::address::Address;
use crate::graph::Cycle;
use crate::graph::edges::class_of_set;
use crate::plan::facts::{Wanted, allocation};
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft, Related, Scope, order};

/// The chosen steps and the others.
pub(in crate::plan) struct Narrowed<'a> {
    /// Steps of the plan.
    pub(in crate::plan) drafts: Vec<Draft<'a>>,
    /// Steps that only the whole plan has.
    pub(in crate::plan) left: Vec<Draft<'a>>,
    /// What the plan says about it; `None` for a whole plan.
    pub(in crate::plan) scope: Option<Scope>,
}

/// Takes the chosen steps out of all.
pub(in crate::plan) fn narrow<'a>(
    scene: &Scene<'a>,
    mut drafts: Vec<Draft<'a>>,
) -> Result<Narrowed<'a>, Cycle> {
    let Some(selection) = scene.selection() else {
        return Ok(Narrowed { drafts, left: Vec::new(), scope: None });
    };
    order::sort(&mut drafts);
    let needs = required(scene, &drafts)?;
    let (left_too, excluded) = excluded(&drafts, &needs, |a| selection.excludes(a));
    let (brought, kept) = kept(&drafts, &needs, &excluded, |a| selection.targets(a));
    let mut scope = selection.scope();
    scope.brought = brought;
    // What was not asked for in the first place is not left out because of something.
    scope.left_too = left_too.into_iter().filter(|r| selection.targets(&r.address)).collect();
    let (mut taken, mut left) = (Vec::new(), Vec::new());
    for (i, draft) in drafts.into_iter().enumerate() {
        if kept.contains(&i) { taken.push(draft) } else { left.push(draft) }
    }
    scope.left_out = u32::try_from(left.len()).unwrap_or(u32::MAX);
    Ok(Narrowed { drafts: taken, left, scope: Some(scope) })
}

/// For each step, the steps that it cannot do without, with the reason.
type Required = Vec<BTreeMap<usize, String>>;

fn required(scene: &Scene<'_>, drafts: &[Draft<'_>]) -> Result<Required, Cycle> {
    let needs = order::needs(scene, drafts)?;
    Ok(drafts
        .iter()
        .zip(needs)
        .map(|(draft, needs)| {
            let requires = |j: &usize| drafts.get(*j).is_some_and(|other| requires(draft, other));
            needs.into_iter().filter(|(j, _)| requires(j)).collect()
        })
        .collect())
}

/// Whether a step is wrong without another one before it, and not only better after it. What is there already is enough for
/// most; but machines are made from their class once and for all, and nothing goes before what takes its place.
fn requires(step: &Draft<'_>, other: &Draft<'_>) -> bool {
    if step.is_removal() {
        let configuration = |d: &Draft<'_>| matches!(d.kind(), "ConfigPatches" | "ExtensionsConfigurations");
        return other.action == Action::Create || !(configuration(step) && configuration(other));
    }
    match other.action {
        Action::Create => true,
        Action::Update | Action::AdoptUpdate => other.kind() == "MachineClasses" && makes_machines(step),
        _ => false,
    }
}

/// Whether machines are made because of a step.
fn makes_machines(step: &Draft<'_>) -> bool {
    if step.kind() != "MachineSets" {
        return false;
    }
    let (Some(live), Some(wanted)) = (step.live.map(|l| &l.resource), step.wanted) else { return true };
    let count = |set| match allocation(set) {
        Some(Wanted::Count(n)) => n,
        Some(Wanted::Unlimited) => u32::MAX,
        None => 0,
    };
    count(wanted) > count(live) || class_of_set(wanted) != class_of_set(live)
}

/// Steps that are excluded, and those that cannot be done without them.
fn excluded(
    drafts: &[Draft<'_>],
    needs: &Required,
    named: impl Fn(&Address) -> bool,
) -> (Vec<Related>, BTreeSet<usize>) {
    let mut out: BTreeSet<usize> =
        (0..).zip(drafts).filter(|(_, d)| named(&d.address)).map(|(i, _)| i).collect();
    let mut too = Vec::new();
    // Steps stand behind what they need but for a few removals, so that few rounds do.
    loop {
        let before = out.len();
        for (i, (draft, needs)) in drafts.iter().zip(needs).enumerate() {
            if out.contains(&i) {
                continue;
            }
            let Some((j, reason)) = needs.iter().find(|(j, _)| out.contains(j)) else { continue };
            out.insert(i);
            let because = drafts.get(*j).map_or_else(String::new, |other| because(&other.address, reason));
            too.push(Related { address: draft.address.clone(), because });
        }
        if out.len() == before {
            return (too, out);
        }
    }
}

/// Steps that are chosen, and those that they cannot be done without.
fn kept(
    drafts: &[Draft<'_>],
    needs: &Required,
    excluded: &BTreeSet<usize>,
    named: impl Fn(&Address) -> bool,
) -> (Vec<Related>, BTreeSet<usize>) {
    let chosen = (0..).zip(drafts).filter(|(i, d)| !excluded.contains(i) && named(&d.address));
    let mut kept: BTreeSet<usize> = chosen.map(|(i, _)| i).collect();
    let mut queue: VecDeque<usize> = kept.iter().copied().collect();
    let mut brought = Vec::new();
    while let Some(i) = queue.pop_front() {
        let Some((draft, needs)) = drafts.get(i).zip(needs.get(i)) else { continue };
        for (j, reason) in needs {
            let Some(other) = drafts.get(*j) else { continue };
            if !kept.insert(*j) {
                continue;
            }
            queue.push_back(*j);
            brought
                .push(Related { address: other.address.clone(), because: because(&draft.address, reason) });
        }
    }
    // The record forgets what lies below something that goes with it; that is no choice.
    for (i, (draft, needs)) in drafts.iter().zip(needs).enumerate() {
        let with = |j: &usize| {
            kept.contains(j) && drafts.get(*j).is_some_and(|other| other.action == Action::Destroy)
        };
        if draft.action == Action::Forget && !excluded.contains(&i) && needs.keys().any(with) {
            kept.insert(i);
        }
    }
    brought.sort_by(|a, b| a.address.cmp(&b.address));
    (brought, kept)
}

fn because(address: &Address, reason: &str) -> String {
    format!("`{address}`: {reason}")
}
