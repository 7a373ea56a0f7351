//! A machine's VM that a task of Proxmox holds, or held when it died.

use super::Inventory;
use super::sight::{shown, word};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `vm-locked`
pub(super) static RULE: Rule = Rule {
    code: "OS0553",
    name: "vm-locked",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "Proxmox VE: `VM is locked (backup)`; a task that dies leaves its lock behind",
    stage: Stage::Doctor,
    title: "the VM of a machine is locked",
    means: "A task holds the VM (backup, snapshot, migration, clone). As long as it does the VM cannot be changed or removed. That is ordinary while the task runs; a lock without a task was left behind by one that died.",
    bad: "VM 105 has been locked (backup) since the node was restarted in the middle of a backup",
    good: "no lock, or one whose task runs",
    act: "Wait for the task. If none runs, unlock the VM by hand.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.told() {
        let (Some(found), Some((_, seen))) = (machine.found(), machine.proxmox) else { continue };
        let lock = found.config.plain.get("lock").or_else(|| found.guest.and_then(|g| g.lock.as_ref()));
        let Some(lock) = lock.filter(|l| !l.is_empty()) else { continue };
        let id = found.vmid.to_string();
        let tasks = seen.evidence.tasks.known().into_iter().flatten();
        let running = tasks.into_iter().find(|t| t.id == id && t.ended.is_none());
        let place = super::place(found.node, found.vmid);
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            format!("its VM {place} is locked ({})", shown(lock)),
        )
        .fact("lock", shown(lock));
        if let Some(task) = running {
            finding.severity = Severity::Info;
            finding = finding
                .fact("running task", format!("{} by {}", shown(&task.kind), shown(&task.user)))
                .act("wait for the task: it takes its lock away");
        } else {
            finding = finding
                .act(format!("look whether a task of VM {} runs; if one does, wait for it", found.vmid))
                .act(format!("if none runs: `qm unlock {}` on node {}", found.vmid, word(found.node)))
                .cost("unlocking under a running task can spoil a backup or a disk");
        }
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::Severity;
    use crate::checks::inventory::tests::{World, task};
    use crate::live::Observation;

    #[test]
    fn a_lock_is_told_and_matters_less_while_its_task_runs() {
        let mut world = World::new();
        world.guest(101).lock = Some("backup".into());
        assert_eq!(world.found(super::check)[0].severity, Severity::Warning);
        world.proxmox().evidence.tasks = Observation::Known(vec![task("vzdump", 101, None)]);
        assert_eq!(world.found(super::check)[0].severity, Severity::Info);
    }

    #[test]
    fn a_vm_without_a_lock_is_not() {
        let mut world = World::new();
        world.guest(101).lock = Some(String::new());
        assert!(world.subjects(super::check).is_empty());
    }
}
