//! The totals add up.

use crate::plan::{Action, Plan};

pub(super) fn check(plan: &Plan, notes: &mut Vec<String>) {
    let rows = |status: &str| plan.unchanged.iter().filter(|u| u.status == status).count();
    let count = |actions: &[Action]| plan.steps.iter().filter(|s| actions.contains(&s.action)).count();
    let s = &plan.summary;
    let totals = [
        ("create", s.create, count(&[Action::Create])),
        ("update", s.update, count(&[Action::Update, Action::AdoptUpdate])),
        ("destroy", s.destroy, count(&[Action::Destroy])),
        ("adopt", s.adopt, count(&[Action::Adopt])),
        ("release", s.release, count(&[Action::Release])),
        ("moved", s.moved, count(&[Action::Move])),
        ("unchanged", s.unchanged, rows("unchanged")),
        ("foreign", s.foreign, rows("foreign")),
        ("lost machines", s.machines_lost, plan.lost.len()),
    ];
    for (what, said, found) in totals {
        if usize::try_from(said) != Ok(found) {
            notes.push(format!("the totals say {said} {what}, and there are {found}"));
        }
    }
    let worst = plan.steps.iter().map(|s| s.effect).max().unwrap_or_default();
    if s.worst != worst {
        notes.push(format!("the totals say worst effect {}, and it is {}", s.worst.word(), worst.word()));
    }
}
