//! The planner: desired, live and remembered state in, an ordered plan out.

use super::{Plan, PlanInput};
use crate::diag::Diagnostic;

/// Makes the plan. Same inputs, same bytes.
///
/// # Errors
/// Contradictions in the files that the loader cannot see (two declarations of one address).
pub fn plan(input: &PlanInput<'_>) -> Result<Plan, Vec<Diagnostic>> {
    let _ = input;
    Err(vec![Diagnostic::error(901, "planning is not built yet")])
}
