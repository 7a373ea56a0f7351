//! The decision: an immutable plan that leaves apply no choice.

mod input;
mod model;
mod planner;

pub use crate::diff::Cause as ChangeCause;
pub use crate::graph::{Desired, DesiredCluster, DesiredProvider, DesiredResource, Prune};
pub use input::{PlanInput, PlanOptions};
pub use model::{Action, Change, Goal, Lost, Operation, Plan, Step, StepId, Summary, Unchanged, Warning};
pub use planner::plan;
