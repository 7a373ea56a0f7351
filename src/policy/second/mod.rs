//! A second opinion on a finished plan, by somebody who did not make it: it reads the plan, the files, the record and what was
//! seen, and shares no code with the planner (`tests/architecture.rs` holds it to that).

mod losses;
mod ownership;
mod shown;
mod spoken;
mod totals;

use crate::plan::{Plan, PlanInput};

/// What is wrong with a plan; empty for every plan that may be shown or applied. A note is a bug of ours.
pub fn check(plan: &Plan, input: &PlanInput<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    ownership::check(plan, input, &mut notes);
    shown::check(plan, &mut notes);
    losses::check(plan, input, &mut notes);
    spoken::check(plan, &mut notes);
    totals::check(plan, &mut notes);
    notes
}
