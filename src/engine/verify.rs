//! The proof afterwards: from a fresh look, planning again finds nothing.

use crate::live::Snapshot;
use crate::plan::{Action, Desired, Plan, PlanInput, PlanOptions, plan};
use crate::policy::second;
use crate::secret::DigestKey;
use crate::state::model::Record;

/// What was left to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Verified {
    /// Nothing.
    Empty,
    /// This.
    Left(Box<Plan>),
    /// It could not be found out.
    Unknown(String),
}

/// Plans again. Health is what the run waited for, twice in a row; a flicker since is nothing to change.
pub fn verify(
    desired: &Desired,
    snapshot: &Snapshot,
    record: Option<&Record>,
    key: Option<&DigestKey>,
    options: PlanOptions<'_>,
) -> Verified {
    let input = PlanInput { desired, snapshot, record, key, options };
    let checked = plan(&input).map(|plan| (second::unreviewed(&plan, &input), plan));
    match checked {
        // A proof that contradicts itself proves nothing.
        Ok((notes, _)) if !notes.is_empty() => {
            Verified::Unknown(format!("the plan contradicts itself: {}", notes.join("; ")))
        }
        Ok((_, plan)) if !plan.unknown.is_empty() => Verified::Unknown(plan.unknown.join("; ")),
        Ok((_, plan)) if plan.steps.iter().all(|s| s.action == Action::Await) => Verified::Empty,
        Ok((_, plan)) => Verified::Left(Box::new(plan)),
        Err(problems) => {
            Verified::Unknown(problems.into_iter().map(|d| d.message).collect::<Vec<_>>().join("; "))
        }
    }
}
