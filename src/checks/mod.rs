//! What can be known of classes, placement, drift and faults before somebody reads the log of a container: rules over
//! evidence, one rule a file. A rule is pure: it reads a [`Scene`] and gives [`Finding`]s; the same findings are shown by
//! `plan` and by `doctor`.

pub mod alike;
mod examine;
pub mod explain;
pub mod inventory;
pub mod logs;
mod model;
pub mod placement;
pub mod preflight;
mod provider;
mod provisioning;
mod registry;
mod scaling;
mod scene;
mod teardown;

pub use examine::{Examination, examine, examine_logs, to_ask};
pub use model::{Basis, Fact, Finding, Rule, Severity, Stage};
pub use registry::{all, by_code, by_name};
pub use scene::{ClassView, Scene, SetView, count_of};
