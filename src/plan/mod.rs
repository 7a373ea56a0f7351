//! The decision: an immutable plan that leaves apply no choice.

mod model;

pub use model::{
    Action, Change, ChangeCause, Goal, Lost, Operation, Plan, Step, StepId, Summary, Unchanged, Warning,
};
