//! A machine's VM that high availability manages.

use super::Inventory;
use super::sight::word;
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::provider;

/// `vm-in-ha`
pub(super) static RULE: Rule = Rule {
    code: "OS0551",
    name: "vm-in-ha",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "Proxmox VE refuses to remove a VM that is a resource of high availability, unless it is asked to purge; the provider never asks that",
    stage: Stage::Doctor,
    title: "high availability manages the VM of a machine",
    means: "When the machine is removed in Omni, Proxmox refuses to remove its VM (`used in HA resources and purge parameter not set`), and the request is stuck in its teardown. High availability may also move the VM to another node, where the provider does not find it.",
    bad: "`ha-manager add vm:105`",
    good: "VM 105 is no resource of high availability; provider 0.2 and later manage their own with `ha:`",
    act: "Take the VM out of high availability before the machine is removed.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.told() {
        let (Some(found), Some((_, seen))) = (machine.found(), machine.proxmox) else { continue };
        let managed = seen.evidence.ha.known();
        let sid = format!("vm:{}", found.vmid);
        if !managed.is_some_and(|all| all.contains(&sid)) {
            continue;
        }
        // Newer providers register what their data asks for, and purge it themselves.
        let own = inventory
            .scene
            .generation(machine.provider)
            .is_some_and(|g| machine.data().is_some_and(|text| provider::read(text, g).is_ok_and(|d| d.ha)));
        if own {
            continue;
        }
        out.push(
            Finding::new(
                &RULE,
                machine.address.clone(),
                format!("its VM {} is a resource of high availability: removing the machine in Omni would be stuck", super::place(found.node, found.vmid)),
            )
            .fact("resource", sid.clone())
            .act(format!("`ha-manager remove {}` on any node", word(&sid)))
            .cost("the VM is not restarted elsewhere when its node fails; Omni's sets make up for lost workers"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::live::Observation;

    #[test]
    fn a_managed_vm_is_told() {
        let mut world = World::new();
        world.proxmox().evidence.ha = Observation::Known(vec!["vm:101".into()]);
        assert_eq!(world.found(super::check)[0].act[0], "`ha-manager remove vm:101` on any node");
    }

    #[test]
    fn other_guests_and_what_is_unknown_are_not() {
        let mut world = World::new();
        world.proxmox().evidence.ha = Observation::Known(vec!["vm:900".into(), "ct:101".into()]);
        assert!(world.subjects(super::check).is_empty());
        world.proxmox().evidence.ha = Observation::default();
        assert!(world.subjects(super::check).is_empty());
    }
}
