//! A CPU model that Talos does not start on.

use super::troubled;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::{shown, word};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `cpu-too-old`
pub(super) static RULE: Rule = Rule {
    code: "OS0581",
    name: "cpu-too-old",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Talos 1.0 and later need x86-64-v2; Proxmox VE takes kvm64 where a VM names no CPU",
    stage: Stage::Doctor,
    title: "the CPU model of a VM is older than Talos needs",
    means: "The machine does not come up, and its VM has a CPU model below x86-64-v2: Talos restarts in a loop on it. The provider sets x86-64-v2-AES unless the class says otherwise, so either the class names an old model or somebody edited the VM.",
    bad: "cpu: kvm64, or no cpu at all",
    good: "cpu: x86-64-v2-AES",
    act: "Set x86-64-v2-AES (or host, where machines never move between unlike nodes) in the class and make the machine anew.",
};

const OLD: [&str; 16] = [
    "486",
    "athlon",
    "pentium",
    "pentium2",
    "pentium3",
    "coreduo",
    "core2duo",
    "kvm32",
    "kvm64",
    "qemu32",
    "qemu64",
    "phenom",
    "Conroe",
    "Penryn",
    "Opteron_G1",
    "Opteron_G2",
];

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.machines.iter().filter(|m| troubled(inventory, m)) {
        let Some(found) = machine.found() else { continue };
        let cpu = found.config.plain.get("cpu").map(String::as_str);
        let model =
            cpu.unwrap_or("kvm64").split(',').next().unwrap_or_default().trim_start_matches("cputype=");
        if !OLD.contains(&model) && model != "x86-64-v1" {
            continue;
        }
        out.push(
            Finding::new(
                &RULE,
                machine.address.clone(),
                format!("it does not come up, and its CPU model {} is older than Talos needs", shown(model)),
            )
            .fact("cpu", cpu.map_or_else(|| "not set, which is kvm64".to_owned(), shown))
            .act(format!(
                "`qm set {} --cpu x86-64-v2-AES` on node {}, then a power cycle",
                found.vmid,
                word(found.node)
            ))
            .act("if the class names it: correct `cpu_type` there")
            .cost("a power cycle of a machine that does not run"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn an_old_model_explains_a_machine_that_does_not_come_up() {
        for cpu in [Some("kvm64"), Some("cputype=qemu64,flags=+aes"), None] {
            let mut world = World::new();
            world.disconnect(101);
            world.config(101).plain.remove("cpu");
            if let Some(cpu) = cpu {
                world.set(101, "cpu", cpu);
            }
            assert_eq!(world.subjects(super::check), ["machine/c-workers-bbbbb2"], "{cpu:?}");
        }
    }

    #[test]
    fn a_new_model_and_a_machine_that_runs_are_not() {
        let mut world = World::new();
        world.set(101, "cpu", "kvm64");
        assert!(world.subjects(super::check).is_empty(), "it runs");
        let mut world = World::new();
        world.disconnect(101);
        world.set(101, "cpu", "host");
        assert!(world.subjects(super::check).is_empty());
    }
}
