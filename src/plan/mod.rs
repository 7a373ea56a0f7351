//! The decision: an immutable plan that leaves apply no choice.
//!
//! [`plan`] is a function of values: the same inputs give the same bytes. It holds no client.

mod awaits;
mod check;
mod decide;
mod draft;
pub mod drift;
mod effects;
mod facts;
pub mod file;
pub mod goal;
mod input;
mod machines;
mod model;
mod moves;
mod order;
mod planner;
mod providers;
mod rules;
mod scene;
mod scope;
pub mod status;
mod summary;
mod unread;
mod until;
mod waves;

pub use crate::diff::Cause as ChangeCause;
pub use crate::graph::{Desired, DesiredCluster, DesiredProvider, DesiredResource, Prune, Removal};
pub use check::check;
use draft::Draft;
pub use effects::table as effect_table;
pub use facts::{ClusterFacts, SetFacts, Wanted, facts};
pub use input::{PlanInput, PlanOptions};
pub use model::{
    Action, Affected, Change, EtcdVoters, Gate, Goal, Lifted, Lost, Moved, NotUp, Operation, Plan, Related,
    Scope, Seen, Step, StepId, Summary, Unchanged, UnknownSubtree, Warning, Wave,
};
pub use planner::{phases, plan};
pub use rules::codes;
pub use rules::codes::{ABOUT_SCOPE, KEPT, NOT_MOVED};
pub use rules::pages;
pub use scope::{Choice, Selection, Unmatched, known};
pub use until::until;
