//! Machines that are being made and do not get on: the step that fails, the task that failed, the VM that never joins.

mod cannot_boot;
pub(super) mod causes;
mod config_refused;
mod cpu_too_old;
mod does_not_join;
mod firmware_changed;
mod image_downloads;
mod infer;
mod memory_too_small;
mod request_failed;
mod request_stuck;
mod task_failed;

use super::inventory::sight::{number, seconds};
use super::inventory::{Inventory, Machine};
use super::{Finding, Rule};

/// The rules, by code.
pub(super) const RULES: [&Rule; 10] = [
    &request_stuck::RULE,
    &request_failed::RULE,
    &task_failed::RULE,
    &does_not_join::RULE,
    &config_refused::RULE,
    &cpu_too_old::RULE,
    &cannot_boot::RULE,
    &memory_too_small::RULE,
    &firmware_changed::RULE,
    &image_downloads::RULE,
];

/// Everything that they find.
pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    request_stuck::check(inventory, out);
    request_failed::check(inventory, out);
    task_failed::check(inventory, out);
    does_not_join::check(inventory, out);
    config_refused::check(inventory, out);
    cpu_too_old::check(inventory, out);
    cannot_boot::check(inventory, out);
    memory_too_small::check(inventory, out);
    firmware_changed::check(inventory, out);
    image_downloads::check(inventory, out);
}

/// A request without progress for less than this, in seconds, is at work.
const PATIENCE: u64 = 120;
/// A machine that was made this short a time ago, in seconds, is still starting.
const START: u64 = 300;

/// Seconds since the request or its status was last written.
fn quiet(inventory: &Inventory<'_>, machine: &Machine<'_>) -> Option<u64> {
    let at = match machine.status {
        Some(status) => seconds(&status.updated),
        None => machine.request.and_then(|r| seconds(&r.created)),
    }?;
    Some(inventory.scene.now.saturating_sub(at))
}

/// Whether a machine is made, its VM runs on a node that answers, and it still is not in order: it never joined, is not heard,
/// or is stuck in its start. What would only explain such a machine is not said of one that runs.
fn troubled(inventory: &Inventory<'_>, machine: &Machine<'_>) -> bool {
    let Some((_, seen)) = machine.proxmox else { return false };
    let running = machine
        .found()
        .is_some_and(|f| f.guest.is_some_and(|g| g.status == "running") && !Inventory::offline(seen, f.node));
    if !machine.provisioned()
        || machine.going()
        || !running
        || quiet(inventory, machine).is_none_or(|q| q < START)
    {
        return false;
    }
    let links = inventory.scene.snapshot.omni.types.get("Links.omni.sidero.dev");
    let never =
        machine.machine.is_none() && machine.link.is_none() && links.is_some_and(|l| l.known().is_some());
    // 4 is running; 5 and 9 are on their way out.
    let stage = machine.member_status.map(|s| number(s, &["stage"]));
    never || machine.connected() == Some(false) || stage.is_some_and(|s| !matches!(s, 4 | 5 | 9))
}
