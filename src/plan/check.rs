//! A second opinion on a finished plan. It shares no code with the planner: it reads the plan, the record and the files only.
//! A note is a bug of ours, never of the files.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Desired, Operation, Plan};
use crate::state::model::Record;

/// What is wrong with a plan; empty for every plan that may be shown or applied.
pub fn check(plan: &Plan, record: Option<&Record>, desired: &Desired) -> Vec<String> {
    let mut notes = Vec::new();
    let written: BTreeSet<_> = desired
        .classes
        .iter()
        .chain(desired.clusters.iter().flat_map(|c| &c.resources))
        .map(|d| &d.address)
        .collect();
    let waves: BTreeMap<_, _> = plan.steps.iter().map(|s| (s.id, s.wave)).collect();
    let like_sync: BTreeSet<&str> = desired
        .clusters
        .iter()
        .filter(|c| c.prune == super::Prune::Template)
        .map(|c| c.name.as_str())
        .collect();
    let mut sent = BTreeSet::new();
    let mut last = 0;
    for (position, step) in plan.steps.iter().enumerate() {
        let name = format!("step {} ({} {})", step.id.0, step.action.word(), step.address);
        if usize::try_from(step.id.0).ok() != Some(position) {
            notes.push(format!("{name} stands at position {position}"));
        }
        if step.wave < last || step.wave == 0 || step.wave as usize > plan.waves.len() {
            notes.push(format!("{name} is in wave {} after wave {last}", step.wave));
        }
        last = step.wave;
        for (need, reason) in &step.after {
            match waves.get(need) {
                None => notes.push(format!("{name} needs step {}, which does not exist", need.0)),
                Some(wave) if *wave > step.wave => notes.push(format!("{name} needs a later wave")),
                Some(_) if need == &step.id => notes.push(format!("{name} needs itself")),
                Some(_) if reason.is_empty() => {
                    notes.push(format!("{name} needs step {} without a reason", need.0));
                }
                Some(_) => {}
            }
        }
        let id = match &step.operation {
            Operation::Create(r) => Some(&r.id),
            Operation::Update { before, after } => {
                if before.id != after.id {
                    notes.push(format!("{name} changes the identity"));
                }
                Some(&before.id)
            }
            Operation::Teardown { id, .. } => Some(id),
            Operation::Record(_) | Operation::Drop | Operation::Await(_) => None,
        };
        if let Some(id) = id
            && !sent.insert(id.clone())
        {
            notes.push(format!("{name} writes `{id}` a second time"));
        }
        let fits = matches!(
            (step.action, &step.operation),
            (Action::Create, Operation::Create(_))
                | (Action::Update | Action::AdoptUpdate | Action::Release, Operation::Update { .. })
                | (Action::Adopt | Action::Move, Operation::Record(_))
                | (Action::Destroy, Operation::Teardown { .. })
                | (Action::Forget, Operation::Drop)
                | (Action::Await, Operation::Await(_))
        );
        if !fits {
            notes.push(format!("{name} does not send what it says"));
        }
        let declared = written.contains(&step.address);
        let template = step.address.cluster_name().is_some_and(|c| like_sync.contains(c));
        if matches!(step.action, Action::Destroy | Action::Release) {
            let ours = record.is_some_and(|r| r.entries.contains_key(&step.address));
            let named = desired.removal.as_ref().is_some_and(|r| r.covers(&step.address));
            if !ours && !template && !named {
                notes.push(format!("{name} removes what is not in the record"));
            }
            if declared {
                notes.push(format!("{name} removes what the files declare"));
            }
        }
        if matches!(step.action, Action::Create | Action::Update | Action::AdoptUpdate) && !declared {
            notes.push(format!("{name} writes what the files do not declare"));
        }
        let keeps = matches!(
            step.action,
            Action::Create | Action::Update | Action::AdoptUpdate | Action::Adopt | Action::Move
        );
        if desired.removal.as_ref().is_some_and(|r| !r.covers(&step.address)) && step.action.is_change() {
            notes.push(format!("{name} changes what was not named for removal"));
        }
        if keeps != step.record.is_some() {
            notes.push(format!("{name} leaves the record wrong"));
        }
        if step.changes.iter().any(|c| c.effect > step.effect) {
            notes.push(format!("{name} hides the effect of a field"));
        }
        if step.affects.iter().any(|m| m.effect > step.effect) {
            notes.push(format!("{name} hides the effect on a machine"));
        }
        if (step.wave as usize)
            .checked_sub(1)
            .and_then(|w| plan.waves.get(w))
            .is_some_and(|w| w.disruption < step.effect)
        {
            notes.push(format!("{name} is worse than its wave says"));
        }
    }
    let touched: BTreeSet<_> =
        plan.steps.iter().flat_map(|s| &s.affects).filter_map(|m| m.machine.as_deref()).collect();
    for lost in plan.lost.iter().filter_map(|l| l.machine.as_deref()).filter(|m| !touched.contains(m)) {
        notes.push(format!("no step takes the lost machine `{lost}`"));
    }
    // Needs form no circle: every step can be taken off once what it needs is off.
    let mut done = BTreeSet::new();
    loop {
        let before = done.len();
        for step in &plan.steps {
            if step.after.iter().all(|(n, _)| done.contains(n)) {
                done.insert(step.id);
            }
        }
        if done.len() == before {
            break;
        }
    }
    if done.len() != plan.steps.len() {
        notes.push("some steps need each other in a circle".to_owned());
    }
    if plan.summary.machines_lost as usize != plan.lost.len() {
        notes.push("the count of lost machines is wrong".to_owned());
    }
    notes
}
