//! The totals add up.

use crate::plan::{Action, Plan};

pub(super) fn check(plan: &Plan, notes: &mut Vec<String>) {
    let count = |actions: &[Action]| plan.steps.iter().filter(|s| actions.contains(&s.action)).count();
    let s = &plan.summary;
    let rows = [
        ("create", s.create, count(&[Action::Create])),
        ("update", s.update, count(&[Action::Update, Action::AdoptUpdate])),
        ("destroy", s.destroy, count(&[Action::Destroy])),
        ("adopt", s.adopt, count(&[Action::Adopt])),
        ("release", s.release, count(&[Action::Release])),
        ("moved", s.moved, count(&[Action::Move])),
        ("lost machines", s.machines_lost, plan.lost.len()),
    ];
    for (what, said, found) in rows {
        if usize::try_from(said) != Ok(found) {
            notes.push(format!("the totals say {said} {what}, and there are {found}"));
        }
    }
    let worst = plan.steps.iter().map(|s| s.effect).max().unwrap_or_default();
    if s.worst != worst {
        notes.push(format!("the totals say worst effect {}, and it is {}", s.worst.word(), worst.word()));
    }
}
