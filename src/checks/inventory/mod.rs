//! Drift and inventory: what became of the machines outside of Omni. Requests, machines, the provider's records and VMs are
//! joined by UUID.

mod class_changed_later;
mod disk_not_used;
mod drift_cannot_be_told;
pub(in crate::checks) mod expected;
mod hostname_differs;
mod join;
mod left;
mod machine_locked;
mod machine_not_connected;
mod machine_on_offline_node;
mod node_renamed;
mod orphan_disk;
mod orphan_iso;
mod orphan_vm;
pub(in crate::checks) mod sight;
#[cfg(test)]
pub(in crate::checks) mod tests;
mod vm_deleted;
mod vm_duplicated;
mod vm_edited;
mod vm_in_ha;
mod vm_locked;
mod vm_migrated;
mod vm_not_running;
mod vm_protected;
mod vmid_reused;

pub(super) use join::place;
pub use join::{Found, Inventory, Machine, Vm};

use super::{Finding, Rule};

/// The rules, by code.
pub(super) const RULES: [&Rule; 20] = [
    &drift_cannot_be_told::RULE,
    &vm_deleted::RULE,
    &vmid_reused::RULE,
    &vm_migrated::RULE,
    &vm_duplicated::RULE,
    &vm_not_running::RULE,
    &vm_edited::RULE,
    &class_changed_later::RULE,
    &machine_not_connected::RULE,
    &node_renamed::RULE,
    &hostname_differs::RULE,
    &vm_in_ha::RULE,
    &vm_protected::RULE,
    &vm_locked::RULE,
    &machine_on_offline_node::RULE,
    &orphan_vm::RULE,
    &orphan_iso::RULE,
    &orphan_disk::RULE,
    &machine_locked::RULE,
    &disk_not_used::RULE,
];

/// Everything that they find.
pub fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    drift_cannot_be_told::check(inventory, out);
    vm_deleted::check(inventory, out);
    vmid_reused::check(inventory, out);
    vm_migrated::check(inventory, out);
    vm_duplicated::check(inventory, out);
    vm_not_running::check(inventory, out);
    vm_edited::check(inventory, out);
    class_changed_later::check(inventory, out);
    machine_not_connected::check(inventory, out);
    node_renamed::check(inventory, out);
    hostname_differs::check(inventory, out);
    vm_in_ha::check(inventory, out);
    vm_protected::check(inventory, out);
    vm_locked::check(inventory, out);
    machine_on_offline_node::check(inventory, out);
    orphan_vm::check(inventory, out);
    orphan_iso::check(inventory, out);
    orphan_disk::check(inventory, out);
    machine_locked::check(inventory, out);
    disk_not_used::check(inventory, out);
}
