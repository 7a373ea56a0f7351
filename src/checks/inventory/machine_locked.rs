//! A machine that is locked in Omni.

use super::Inventory;
use super::sight::word;
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::diff::is_locked;

/// `machine-locked`
pub(super) static RULE: Rule = Rule {
    code: "OS0558",
    name: "machine-locked",
    severity: Severity::Info,
    basis: Basis::Observed,
    source: "Omni holds configuration and upgrades back from a machine with the annotation `omni.sidero.dev/locked`; a smaller set may still take it",
    stage: Stage::Doctor,
    title: "a machine is locked in Omni",
    means: "The machine takes no configuration and no upgrade until it is unlocked, so a cluster never comes to an end of an upgrade. The lock does not keep it from being chosen when its set is made smaller.",
    bad: "a worker that somebody locked a month ago and forgot",
    good: "locks are taken off when the work is done",
    act: "Unlock it when nobody needs the lock any more.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in &inventory.machines {
        let Some(node) = machine.node.filter(|n| is_locked(&n.resource)) else { continue };
        let held = machine.member_status.is_some_and(|s| s.resource.omni_label("locked-update").is_some());
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            if held { "it is locked in Omni, and changes wait for it" } else { "it is locked in Omni" },
        )
        .fact("changes held back", if held { "yes" } else { "no" });
        if held {
            finding.severity = Severity::Warning;
        }
        out.push(
            finding
                .act(format!(
                    "`omnictl cluster machine unlock {} -c {}` when nobody needs the lock any more",
                    word(&node.resource.id.id),
                    word(machine.cluster.unwrap_or("CLUSTER"))
                ))
                .cost("what was held back is applied at once, and may reboot the machine"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::{World, uuid};

    #[test]
    fn a_locked_machine_is_told_and_another_is_not() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        let node = world.live("MachineSetNodes", &uuid(1));
        node.resource.annotations.insert("omni.sidero.dev/locked".into(), String::new());
        assert_eq!(world.subjects(super::check), ["machine/c-workers-bbbbb2"]);
    }
}
