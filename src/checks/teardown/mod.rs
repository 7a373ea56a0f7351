//! Machines that are to go and do not: who waits for whom.
//!
//! First Omni takes the machine out of its cluster, for which it must reach it; only then the provider removes the VM.
//! `Waiting for the infra provider to finish teardown` is shown in both cases, so it is never passed on as a cause.

mod dead_end;
mod link_left_behind;
mod waits_for_etcd;
mod waits_for_machine;
mod waits_for_provider;
mod without_provider;

pub(super) use waits_for_etcd::against;

use super::inventory::sight::{number, seconds};
use super::inventory::{Inventory, Machine};
use super::{Finding, Rule};
use crate::resource::Phase;

/// The rules, by code.
pub(super) const RULES: [&Rule; 6] = [
    &waits_for_machine::RULE,
    &waits_for_etcd::RULE,
    &waits_for_provider::RULE,
    &without_provider::RULE,
    &dead_end::RULE,
    &link_left_behind::RULE,
];

/// Everything that they find.
pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    waits_for_machine::check(inventory, out);
    waits_for_etcd::check(inventory, out);
    waits_for_provider::check(inventory, out);
    without_provider::check(inventory, out);
    dead_end::check(inventory, out);
    link_left_behind::check(inventory, out);
}

/// Who is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    /// Omni waits for the machine, or for etcd, to leave its cluster.
    Machine,
    /// The provider has to act.
    Provider,
}

/// Who a removal waits for; nothing if the machine is not to go.
fn waits(machine: &Machine<'_>) -> Option<Waits> {
    let leaving = machine.member.is_some_and(|m| m.phase == Phase::TearingDown)
        || machine.member_status.is_some_and(|s| matches!(number(s, &["stage"]), 5 | 9));
    if leaving {
        return Some(Waits::Machine);
    }
    // The status goes before the provider acts, and only the provider takes it away: where it stays although no member of a
    // cluster is left, nobody acts.
    machine.going().then_some(Waits::Provider)
}

/// Seconds since anything of the removal was last written.
fn quiet(inventory: &Inventory<'_>, machine: &Machine<'_>) -> Option<u64> {
    let all = [machine.member, machine.member_status, machine.status, machine.request];
    let last = all.into_iter().flatten().filter_map(|r| seconds(&r.updated)).max()?;
    Some(inventory.scene.now.saturating_sub(last))
}
