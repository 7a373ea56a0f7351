//! A task of Proxmox that failed, and for which the provider waits for ever.

use super::causes::ANEW;
use crate::checks::inventory::sight::{said, shown};
use crate::checks::inventory::{Inventory, Machine};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::live::Task;

/// `task-failed`
pub(super) static RULE: Rule = Rule {
    code: "OS0578",
    name: "task-failed",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "the provider keeps the id of its task and asks for it every minute; a task that ended with warnings counts as failed",
    stage: Stage::Doctor,
    title: "the task that makes or starts a VM failed",
    means: "The task in Proxmox did not end well. The provider logs only `stopped`, asks the dead task again every minute, and never makes another.",
    bad: "qmcreate: no space left on thin pool",
    good: "the task ended with OK",
    act: "Read the task's log, mend what it says, and make the request anew.",
};

/// The task of an unfinished machine that did not end well.
pub(super) fn failed<'a>(machine: &Machine<'a>) -> Option<&'a Task> {
    if machine.provisioned() || machine.going() {
        return None;
    }
    let (_, seen) = machine.proxmox?;
    let record = machine.record.as_ref()?;
    // Only the last one counts: a VM that is being started was created.
    let upid = record.vm_start_task.or(record.vm_create_task)?;
    let task = Inventory::task_of(&seen.evidence, upid)?;
    (task.ended.is_some() && task.status.as_deref().is_some_and(|s| s != "OK")).then_some(task)
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in &inventory.machines {
        let Some(task) = failed(machine) else { continue };
        let status = task.status.as_deref().unwrap_or_default();
        let warned = status.starts_with("WARNINGS");
        let doing = if task.kind == "qmstart" { "starts" } else { "makes" };
        let what = if warned {
            format!(
                "the task that {doing} its VM ended with warnings, which the provider takes for a failure"
            )
        } else {
            format!("the task that {doing} its VM failed: {}", said(status))
        };
        out.push(
            Finding::new(&RULE, machine.address.clone(), what)
                .fact("task", shown(&task.upid))
                .fact("ended with", said(status))
                .act(format!(
                    "`pvenode task log {}` on node {}, and mend what it says",
                    shown(&task.upid),
                    shown(&task.node)
                ))
                .act(ANEW)
                .cost("nothing is lost: the machine never ran"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::{World, task, uuid};
    use crate::live::Observation;

    fn with(status: Option<&str>) -> World {
        let mut world = World::new();
        let start = task("qmstart", 101, status);
        let record = serde_json::json!({"uuid": uuid(1), "node": "a", "vmid": 101, "vm_create_task": "x", "vm_start_task": start.upid});
        world.spec("Machine.p.infraprovider.sidero.dev", "c-workers-bbbbb2", record);
        world.spec("MachineRequestStatuses", "c-workers-bbbbb2", serde_json::json!({"stage": 1}));
        world.proxmox().evidence.tasks = Observation::Known(vec![start]);
        world
    }

    #[test]
    fn a_failed_task_and_one_with_warnings_are_told() {
        assert!(with(Some("bridge 'vmbr9' does not exist")).found(super::check)[0].cause.contains("vmbr9"));
        assert!(with(Some("WARNINGS: 1")).found(super::check)[0].cause.contains("warnings"));
    }

    #[test]
    fn a_task_that_runs_or_ended_well_is_not() {
        for status in [None, Some("OK")] {
            assert!(with(status).subjects(super::check).is_empty(), "{status:?}");
        }
        // The machine was made all the same: whatever became of old tasks does not matter.
        let mut world = with(Some("failed"));
        world.spec("MachineRequestStatuses", "c-workers-bbbbb2", serde_json::json!({"stage": 2}));
        assert!(world.subjects(super::check).is_empty());
    }
}
