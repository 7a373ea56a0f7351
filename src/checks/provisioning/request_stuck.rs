//! A request whose provisioning makes no progress, and nobody says why.

use super::infer::infer;
use super::{PATIENCE, quiet};
use crate::checks::inventory::sight::{raw, said, shown, span};
use crate::checks::inventory::{Inventory, Machine};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `request-stuck`
pub(super) static RULE: Rule = Rule {
    code: "OS0576",
    name: "request-stuck",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "the provider before Omni's library of mid-2026 writes no error: its status names the last step that passed",
    stage: Stage::Doctor,
    title: "a machine is not made, and its provider says no reason",
    means: "The request has made no progress for two minutes, and the provider works on no other request. The step that fails is the one after the step in the status; the reason is only in the provider's log, unless Proxmox shows it.",
    bad: "status `Running Step: \"uploadISO\" (3/5)` for ten minutes: step syncVM fails",
    good: "a request that waits while the provider makes another machine: it works on one at a time",
    act: "Read the provider's log: `docker logs CONTAINER 2>&1 | omni-scale doctor --logs -`.",
};

/// The steps of the provider whose status counts five.
const STEPS: [&str; 5] = ["pickNode", "createSchematic", "uploadISO", "syncVM", "startVM"];

/// The step after the one in a status; the first one where the status is empty.
fn failing(status: &str) -> Option<&'static str> {
    if status.is_empty() {
        return STEPS.first().copied();
    }
    let name = status.split('"').nth(1)?;
    let at = STEPS.iter().position(|s| *s == name)?;
    // The last step polls its own task.
    STEPS.get(at + 1).or(STEPS.last()).copied()
}

/// Whether something else tells the cause, or nothing is wrong.
fn explained(inventory: &Inventory<'_>, machine: &Machine<'_>, age: u64) -> bool {
    let omni = &inventory.scene.snapshot.omni;
    let heard = inventory.provider_connected(machine.provider);
    // A provider that is not there or not heard of is told once, not for each of its requests.
    if heard != Some(true) && omni.unreadable("InfraProviderCombinedStatuses").is_none() {
        return true;
    }
    let text = machine.status.and_then(|s| raw(s, &["error"])).is_some();
    let logged =
        inventory.logs.and_then(|l| l.of(machine.id)).is_some_and(|s| s.failure.is_some() || s.downloads > 2);
    if text || logged || super::task_failed::failed(machine).is_some() {
        return true;
    }
    let begun = machine.status.and_then(|s| raw(s, &["status"])).is_some();
    if inventory.busy(machine, PATIENCE).is_some() && (!begun || age < 5 * PATIENCE) {
        return true;
    }
    let Some((_, seen)) = machine.proxmox else { return false };
    let record = machine.record.as_ref();
    let tasks = record.map(|r| [r.vm_create_task, r.vm_start_task, r.volume_upload_task]).unwrap_or_default();
    tasks
        .into_iter()
        .flatten()
        .any(|t| Inventory::task_of(&seen.evidence, t).is_some_and(|t| t.ended.is_none()))
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.machines.iter().filter(|m| m.request.is_some() && !m.provisioned() && !m.going())
    {
        let Some(age) = quiet(inventory, machine).filter(|q| *q >= PATIENCE) else { continue };
        if explained(inventory, machine, age) {
            continue;
        }
        let status = machine.status.and_then(|s| raw(s, &["status"])).unwrap_or_default();
        let step = failing(status);
        let cause = step.and_then(|s| infer(inventory, machine, s));
        let doing = match (step, &cause) {
            (_, Some(cause)) => format!("it is not made: {}", cause.what),
            (Some(step), None) => format!("it is not made, and step {step} makes no progress"),
            (None, None) => "it is not made, and its provider makes no progress".to_owned(),
        };
        let mut finding = Finding::new(&RULE, machine.address.clone(), doing)
            .fact("status", if status.is_empty() { "none".to_owned() } else { said(status) })
            .fact("without progress for", span(age));
        if let Some(step) = step {
            finding = finding.fact("failing step", step);
        }
        if let Some(node) = machine.record.as_ref().and_then(|r| r.node) {
            finding = finding.fact("chosen node", shown(node));
        }
        finding = match cause {
            Some(cause) => {
                let (what, value) = cause.fact;
                cause.act.into_iter().fold(finding.fact(what, value), Finding::act)
            }
            None => finding
                .act("read the provider's log: `docker logs CONTAINER 2>&1 | omni-scale doctor --logs -`"),
        };
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::{World, task, uuid};
    use crate::live::{NodeStatus, Observation};

    /// The first worker is being made, and has stood still for `ago` seconds.
    fn stuck(status: &str, ago: u64) -> World {
        let mut world = World::new();
        let id = "c-workers-bbbbb2";
        for kind in [
            "Links",
            "MachineStatuses",
            "MachineStatusSnapshots",
            "MachineSetNodes",
            "ClusterMachines",
            "ClusterMachineStatuses",
        ] {
            world.gone(kind, &uuid(1));
        }
        world.remove_vm(101);
        world.spec(
            "Machine.p.infraprovider.sidero.dev",
            id,
            serde_json::json!({"uuid": uuid(1), "node": "a"}),
        );
        world.spec("MachineRequestStatuses", id, serde_json::json!({"stage": 1, "status": status}));
        world.written("MachineRequestStatuses", id, ago);
        world
    }

    #[test]
    fn the_failing_step_is_the_one_after_the_status() {
        for (status, step) in [
            ("", "pickNode"),
            ("Running Step: \"uploadISO\" (3/5)", "syncVM"),
            ("Running Step: \"startVM\" (5/5)", "startVM"),
        ] {
            let found = stuck(status, 600).found(super::check);
            assert_eq!(found.len(), 1, "{status}");
            assert!(found[0].evidence.iter().any(|f| f.value == step), "{found:?}");
        }
    }

    #[test]
    fn what_proxmox_shows_is_told_as_the_cause() {
        let mut world = stuck("Running Step: \"uploadISO\" (3/5)", 600);
        let data = "sockets: 1\nstorage_selector: name == \"nope\"\n";
        world.spec("MachineRequests", "c-workers-bbbbb2", serde_json::json!({"provider_data": data}));
        assert!(world.found(super::check)[0].cause.contains("true for no storage of node a"));
        world.spec("MachineRequests", "c-workers-bbbbb2", serde_json::json!({"provider_data": "cores: 1\n"}));
        assert!(world.found(super::check)[0].cause.contains("no `sockets`"));
        let mut world = stuck("", 600);
        world.node("d").status = NodeStatus::Offline;
        assert!(world.found(super::check)[0].cause.contains("node d is down"));
        world.spec("InfraProviderStatuses", "p", serde_json::json!({"version": "v0.2.0"}));
        assert!(!world.found(super::check)[0].cause.contains("is down"), "newer providers skip it");
    }

    #[test]
    fn a_provider_at_work_is_not_stuck() {
        assert!(World::new().subjects(super::check).is_empty());
        assert!(stuck("", 60).subjects(super::check).is_empty());
        // It makes another machine.
        let mut world = stuck("", 600);
        world.spec(
            "MachineRequestStatuses",
            "c-workers-ccccc3",
            serde_json::json!({"stage": 1, "status": "Running Step: \"pickNode\" (1/5)"}),
        );
        world.written("MachineRequestStatuses", "c-workers-ccccc3", 20);
        assert!(world.subjects(super::check).is_empty());
        // Its task runs.
        let mut world = stuck("Running Step: \"uploadISO\" (3/5)", 600);
        let upload = task("download", 0, None);
        world.spec(
            "Machine.p.infraprovider.sidero.dev",
            "c-workers-bbbbb2",
            serde_json::json!({"node": "a", "volume_upload_task": upload.upid}),
        );
        world.proxmox().evidence.tasks = Observation::Known(vec![upload]);
        assert!(world.subjects(super::check).is_empty());
        // Nobody serves it: that is another finding.
        let mut world = stuck("", 600);
        world.spec(
            "InfraProviderCombinedStatuses",
            "p",
            serde_json::json!({"health": {"initialized": true}}),
        );
        assert!(world.subjects(super::check).is_empty());
    }
}
