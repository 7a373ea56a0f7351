//! Where new machines will be, what they leave free, and what the loss of one Proxmox node costs.

mod census;
mod forecast;
mod foresee;
mod outlook;
mod single_node_loss;

pub use census::{Census, Machine};
pub use forecast::{Failure, Removal, Step, removal};
pub use foresee::{Making, foresee};
pub use outlook::{Batch, Fate, NodeRoom, Outlook, ProviderAt, Room, Stand, StorageRoom, Survival, Without};

use super::preflight::survey::Survey;
use super::{Finding, Rule};

/// The rules, by code.
pub(super) const RULES: [&Rule; 1] = [&single_node_loss::RULE];

/// Every rule.
pub(super) fn check(survey: &Survey<'_>, outlook: &Outlook, out: &mut Vec<Finding>) {
    single_node_loss::check(survey, outlook, out);
}
