//! A machine's VM that Proxmox protects from removal.

use super::sight::word;
use super::{Inventory, Vm};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `vm-protected`
pub(super) static RULE: Rule = Rule {
    code: "OS0552",
    name: "vm-protected",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "Proxmox VE: `can't remove VM - protection mode enabled`",
    stage: Stage::Doctor,
    title: "the VM of a machine is protected",
    means: "When the machine is removed in Omni, Proxmox refuses to remove its VM, and the request is stuck in its teardown until the protection is taken off. The provider tries again by itself.",
    bad: "protection: 1",
    good: "machines are protected in Omni and in the spec (`lifecycle.protect`), not in Proxmox",
    act: "Take the protection off before the machine is removed, unless it is meant to stop exactly that.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.told() {
        let Vm::One(found) = &machine.vm else { continue };
        if found.config.plain.get("protection").map(String::as_str) != Some("1") {
            continue;
        }
        out.push(
            Finding::new(
                &RULE,
                machine.address.clone(),
                format!(
                    "its VM {} is protected: removing the machine in Omni would be stuck",
                    super::place(found.node, found.vmid)
                ),
            )
            .fact("protection", "1")
            .act(format!(
                "`qm set {} --protection 0` on node {}, when the machine is to go",
                found.vmid,
                word(found.node)
            )),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn a_protected_vm_is_told_and_another_is_not() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        world.set(101, "protection", "0");
        assert!(world.subjects(super::check).is_empty());
        world.set(101, "protection", "1");
        assert_eq!(world.subjects(super::check), ["machine/c-workers-bbbbb2"]);
    }
}
