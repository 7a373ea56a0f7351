//! A VM whose firmware cannot start what was installed with another.

use super::troubled;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::{shown, word};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::provider;

/// `firmware-changed`
pub(super) static RULE: Rule = Rule {
    code: "OS0584",
    name: "firmware-changed",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "providers before 0.2 make every VM with SeaBIOS, on which Talos starts; what was installed under one firmware does not start under the other",
    stage: Stage::Doctor,
    title: "the firmware of a VM was changed",
    means: "The machine does not come up, and its VM has another firmware than it was made with, or UEFI without a disk for its settings. The advice to set UEFI on such a VM, which is often given, makes an installed system unbootable.",
    bad: "bios: ovmf without efidisk0 on a VM that was made with SeaBIOS",
    good: "the firmware that the provider set",
    act: "Set it back.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.machines.iter().filter(|m| troubled(inventory, m)) {
        let Some(found) = machine.found() else { continue };
        let Some(generation) = inventory.scene.generation(machine.provider) else { continue };
        let data = machine.data().and_then(|text| provider::read(text, generation).ok());
        let made = data.as_ref().map(|d| d.bios.as_str()).filter(|b| !b.is_empty()).unwrap_or("seabios");
        let now = found.config.plain.get("bios").map_or("seabios", String::as_str);
        let bare = now == "ovmf" && !found.config.devices.contains_key("efidisk0");
        if made == now && !bare {
            continue;
        }
        let why = if made == now {
            "UEFI without a disk for its settings".to_owned()
        } else {
            format!("firmware {}, and was made with {}", shown(now), shown(made))
        };
        out.push(
            Finding::new(
                &RULE,
                machine.address.clone(),
                format!("it does not come up, and its VM has {why}"),
            )
            .fact("bios", shown(now))
            .fact("efidisk0", if bare { "none" } else { "there or not needed" })
            .act(format!(
                "`qm set {} --bios {}` on node {}, then a power cycle",
                found.vmid,
                word(made),
                word(found.node)
            ))
            .cost("a power cycle of a machine that does not run"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn another_firmware_explains_a_machine_that_does_not_come_up() {
        let mut world = World::new();
        world.disconnect(101);
        world.set(101, "bios", "ovmf");
        let found = world.found(super::check);
        assert!(found[0].act[0].contains("--bios seabios"), "{found:?}");
    }

    #[test]
    fn the_own_firmware_and_a_machine_that_runs_are_not() {
        let mut world = World::new();
        world.set(101, "bios", "ovmf");
        assert!(world.subjects(super::check).is_empty(), "it runs");
        let mut world = World::new();
        world.disconnect(101);
        assert!(world.subjects(super::check).is_empty());
    }
}
