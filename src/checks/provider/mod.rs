//! The providers themselves: not running, never registered, of another id, without access to Proxmox, twice.

mod container_stopped;
mod id_unknown;
mod log_error;
mod never_registered;
mod old_source;
mod two_providers;
mod without_proxmox;

use super::inventory::Inventory;
use super::logs::Logs;
use super::{Finding, Rule};

/// The rules, by code.
pub(super) const RULES: [&Rule; 6] = [
    &container_stopped::RULE,
    &id_unknown::RULE,
    &never_registered::RULE,
    &without_proxmox::RULE,
    &two_providers::RULE,
    &old_source::RULE,
];
/// The rules about what only a log tells.
pub(super) const LOG_RULES: [&Rule; 1] = [&log_error::RULE];

/// Everything that they find.
pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    container_stopped::check(inventory, out);
    id_unknown::check(inventory, out);
    never_registered::check(inventory, out);
    without_proxmox::check(inventory, out);
    two_providers::check(inventory, out);
    old_source::check(inventory, out);
    log_error::check(inventory, out);
}

/// The types that show a provider.
const SHOWN: [&str; 2] = ["InfraProviderCombinedStatuses", "InfraProviderStatuses"];

/// Whether Omni has no provider of this id; false where that was not read.
pub(super) fn unknown(inventory: &Inventory<'_>, id: &str) -> bool {
    let omni = &inventory.scene.snapshot.omni;
    let read = SHOWN
        .iter()
        .all(|t| omni.types.get(&format!("{t}.omni.sidero.dev")).is_some_and(|s| s.known().is_some()));
    read && !id.is_empty() && SHOWN.iter().all(|t| omni.find(t, id).is_none())
}

/// Ids of all providers that Omni has.
fn ids<'a>(inventory: &Inventory<'a>) -> Vec<&'a str> {
    let omni = &inventory.scene.snapshot.omni;
    let mut all: Vec<&str> =
        SHOWN.iter().flat_map(|t| omni.list(t)).map(|r| r.resource.id.id.as_str()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Everything that a log tells by itself.
pub(super) fn in_logs(logs: &Logs, out: &mut Vec<Finding>) {
    without_proxmox::in_logs(logs, out);
    old_source::in_logs(logs, out);
    log_error::in_logs(logs, &|_| false, out);
}
