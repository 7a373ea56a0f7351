//! Sets that want machines and get none, and clusters whose etcd holds everything up.

mod etcd_not_healthy;
mod no_request;

use super::inventory::Inventory;
use super::{Finding, Rule};

/// The rules, by code.
pub(super) const RULES: [&Rule; 2] = [&no_request::RULE, &etcd_not_healthy::RULE];

/// Everything that they find.
pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    no_request::check(inventory, out);
    etcd_not_healthy::check(inventory, out);
}
