//! A VM with less memory than Talos needs.

use super::troubled;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::word;
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `memory-too-small`
pub(super) static RULE: Rule = Rule {
    code: "OS0583",
    name: "memory-too-small",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Talos: 2 GiB for a control plane, 1 GiB for a worker",
    stage: Stage::Doctor,
    title: "a VM has less memory than Talos needs",
    means: "The machine does not come up, and its VM has less memory than Talos asks for: Talos restarts, or its services are killed.",
    bad: "memory: 1024 on a control plane",
    good: "memory: 4096",
    act: "Set more in the class and make the machine anew.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.machines.iter().filter(|m| troubled(inventory, m)) {
        let Some(found) = machine.found() else { continue };
        let memory = found
            .config
            .plain
            .get("memory")
            .map_or(Some(512), |m| m.trim_start_matches("current=").parse::<u64>().ok());
        let least = if machine.control_plane { 2048 } else { 1024 };
        let Some(memory) = memory.filter(|m| *m < least) else { continue };
        out.push(
            Finding::new(
                &RULE,
                machine.address.clone(),
                format!(
                    "it does not come up, and its VM has {memory} MiB of memory; Talos needs {least} MiB"
                ),
            )
            .fact("memory", format!("{memory} MiB"))
            .act(format!(
                "`qm set {} --memory {least}` on node {}, then a power cycle",
                found.vmid,
                word(found.node)
            ))
            .act("and in the machine class, for machines to come"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn too_little_memory_explains_a_machine_that_does_not_come_up() {
        let mut world = World::new();
        for vmid in [101, 103] {
            world.disconnect(vmid);
            world.set(vmid, "memory", "1500");
        }
        assert_eq!(world.subjects(super::check), ["machine/c-control-planes-ddddd4"]);
        world.set(101, "memory", "1000");
        assert_eq!(world.subjects(super::check).len(), 2);
    }

    #[test]
    fn a_machine_that_runs_has_enough() {
        let mut world = World::new();
        world.set(103, "memory", "512");
        assert!(world.subjects(super::check).is_empty());
    }
}
