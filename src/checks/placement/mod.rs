//! Where new machines will be, what they leave free, and what the loss of one Proxmox node costs.
//!
//! One direction: `outlook` is plain data and knows nobody; `forecast` tells what becomes of one machine on one node;
//! `foresee` goes through all machines in the order in which they are made, and fills the outlook.

mod census;
mod forecast;
mod foresee;
mod outlook;
mod single_node_loss;

pub use census::{Census, Machine};
pub use forecast::{Removal, removal};
pub use foresee::{Making, foresee};
pub use outlook::{
    Batch, Failure, Fate, NodeRoom, Outlook, ProviderAt, Room, Stand, Step, StorageRoom, Survival, Without,
};

use super::preflight::survey::Survey;
use super::{Finding, Rule};

/// The rules, by code.
pub(super) const RULES: [&Rule; 1] = [&single_node_loss::RULE];

/// Every rule.
pub(super) fn check(survey: &Survey<'_>, outlook: &Outlook, out: &mut Vec<Finding>) {
    single_node_loss::check(survey, outlook, out);
}
