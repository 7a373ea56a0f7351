//! A VM without a disk to start from.

use super::troubled;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::{shown, word};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `cannot-boot`
pub(super) static RULE: Rule = Rule {
    code: "OS0582",
    name: "cannot-boot",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "the provider makes disk scsi0; Proxmox VE then starts from `order=scsi0;ide2;net0`",
    stage: Stage::Doctor,
    title: "a VM has no disk to start from",
    means: "The machine does not come up, and its VM has no disk scsi0, does not start from it, or has one that is too small for Talos (5 GiB).",
    bad: "boot: order=ide2;net0",
    good: "boot: order=scsi0;ide2;net0",
    act: "Make the machine anew; or put disk and boot order back.",
};

/// Smallest disk that Talos installs on, in bytes.
const SMALLEST: u64 = 5 << 30;

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.machines.iter().filter(|m| troubled(inventory, m)) {
        let Some(found) = machine.found() else { continue };
        let disk = found.config.devices.get("scsi0");
        let order = found.config.plain.get("boot").map(String::as_str);
        let first =
            order.and_then(|o| o.split_once("order=")).map(|(_, o)| o.split(';').next().unwrap_or_default());
        let size = disk.and_then(crate::live::Device::size);
        let why = if disk.is_none() {
            "its VM has no disk scsi0".to_owned()
        } else if let Some(order) = order.filter(|o| o.contains("order=") && !o.contains("scsi0")) {
            format!("its VM does not start from its disk ({})", shown(order))
        } else if let Some(first) = first.filter(|f| *f != "scsi0") {
            format!("its VM starts from {} before its disk, so it installs again and again", shown(first))
        } else if let Some(size) = size.filter(|s| *s < SMALLEST) {
            format!("its disk has {} MiB; Talos needs 5 GiB", size >> 20)
        } else {
            continue;
        };
        out.push(
            Finding::new(&RULE, machine.address.clone(), format!("it does not come up, and {why}"))
                .fact("boot", shown(order.unwrap_or("not set")))
                .fact("scsi0", disk.map_or_else(|| "none".to_owned(), |d| shown(&d.main)))
                .act(format!(
                    "`qm set {} --boot 'order=scsi0;ide2;net0;ide0'` on node {}, if the disk is there",
                    found.vmid,
                    word(found.node)
                ))
                .act("otherwise make the machine anew: scale its set up by one, then remove this one's Link")
                .cost("a power cycle of a machine that does not run"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn a_missing_a_small_and_a_forgotten_disk_are_told() {
        let breaks: [(fn(&mut World), &str); 4] = [
            (|w| drop(w.config(101).devices.remove("scsi0")), "no disk"),
            (|w| w.set(101, "boot", "order=ide2;net0"), "does not start from its disk"),
            (|w| w.set(101, "boot", "order=ide2;scsi0"), "again and again"),
            (|w| w.option(101, "scsi0", "size", "4G"), "Talos needs"),
        ];
        for (break_it, part) in breaks {
            let mut world = World::new();
            world.disconnect(101);
            break_it(&mut world);
            let found = world.found(super::check);
            assert!(found.len() == 1 && found[0].cause.contains(part), "{found:?}");
        }
    }

    #[test]
    fn a_machine_that_runs_or_has_its_disk_is_not() {
        let mut world = World::new();
        world.set(101, "boot", "order=ide2");
        assert!(world.subjects(super::check).is_empty(), "it runs");
        let mut world = World::new();
        world.disconnect(101);
        assert!(world.subjects(super::check).is_empty());
    }
}
