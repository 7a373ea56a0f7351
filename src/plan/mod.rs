//! The decision: an immutable plan that leaves apply no choice.

mod input;
mod model;
mod planner;

pub use crate::graph::{Desired, DesiredCluster, DesiredProvider, DesiredResource, Prune};
pub use input::{PlanInput, PlanOptions};
pub use model::{
    Action, Change, ChangeCause, Goal, Lost, Operation, Plan, Step, StepId, Summary, Unchanged, Warning,
};
pub use planner::plan;
