//! A second opinion on a finished plan, by somebody who did not make it: it reads the plan, the files, the record and what was
//! seen, works out by itself what must come before what, who votes in etcd at the worst moment of every wave, whose things
//! are touched and what is locked, and shares no code with the planner (`tests/architecture.rs` holds it to that).

mod effects;
mod form;
mod locks;
mod losses;
mod order;
mod ownership;
mod quorum;
mod shown;
mod sight;
mod spoken;
mod texts;
mod totals;
mod whole;

use crate::plan::{Plan, PlanInput};
use sight::Sight;

/// What is wrong with a plan that was reviewed; empty for every plan that may be shown or applied. A note is a bug of ours.
pub fn check(plan: &Plan, input: &PlanInput<'_>) -> Vec<String> {
    let sight = Sight::new(input);
    let mut notes = made(plan, input, &sight);
    spoken::check(plan, &sight, &mut notes);
    notes
}

/// What is wrong with a plan of which guards have not spoken yet: for commands that plan and never apply.
pub fn unreviewed(plan: &Plan, input: &PlanInput<'_>) -> Vec<String> {
    made(plan, input, &Sight::new(input))
}

fn made(plan: &Plan, input: &PlanInput<'_>, sight: &Sight<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    form::check(plan, &mut notes);
    order::check(plan, sight, &mut notes);
    quorum::check(plan, sight, &mut notes);
    ownership::check(plan, input, &mut notes);
    locks::check(plan, input, sight, &mut notes);
    whole::check(plan, input, sight, &mut notes);
    shown::check(plan, &mut notes);
    losses::check(plan, input, &mut notes);
    effects::check(plan, sight, &mut notes);
    totals::check(plan, &mut notes);
    notes
}

/// What a step is called in notes.
fn name(step: &crate::plan::Step) -> String {
    format!("step {} ({} {})", step.id.0, step.action.word(), step.address)
}
