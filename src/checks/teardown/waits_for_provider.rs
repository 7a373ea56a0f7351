//! A removal that waits for the provider.

use super::{Waits, quiet, waits};
use crate::checks::inventory::sight::{said, shown, span};
use crate::checks::inventory::{Inventory, Machine, Vm};
use crate::checks::provisioning::causes::cause;
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `teardown-waits-for-provider`
pub(super) static RULE: Rule = Rule {
    code: "OS0590",
    name: "teardown-waits-for-provider",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "once Omni has let the machine go, only the provider's finalizer holds the request; failed removals are tried again for ever and say so only in the log",
    stage: Stage::Doctor,
    title: "a removal waits for the provider",
    means: "Omni is done with the machine. The provider has to remove the VM and cannot, or does not run. Why is told by Proxmox where it is seen there, else only by the provider's log.",
    bad: "the VM is protected; the provider is down",
    good: "the request is gone a minute after the machine",
    act: "Mend the cause; the provider tries again by itself.",
};

/// A provider that works needs less.
const PATIENCE: u64 = 180;

/// Why the provider does not remove it, with what to do; nothing where nothing shows it.
fn why(inventory: &Inventory<'_>, machine: &Machine<'_>) -> Option<(String, String)> {
    if inventory.provider_connected(machine.provider) == Some(false) {
        return Some((
            "the provider is not heard by Omni".to_owned(),
            format!(
                "bring provider {} back: only it takes the machine's status and VM away",
                shown(machine.provider)
            ),
        ));
    }
    let (_, seen) = machine.proxmox?;
    let record = machine.record.as_ref();
    if let Some(node) = record.and_then(|r| r.node) {
        if Inventory::has_node(seen, node) == Some(false) {
            return Some((
                format!(
                    "the provider recorded node {}, which the Proxmox cluster does not have",
                    shown(node)
                ),
                "give the node its name back, or use provider 0.3 or later".to_owned(),
            ));
        }
        if Inventory::offline(seen, node) {
            return Some((format!("node {} is down", shown(node)), "bring the node back".to_owned()));
        }
    }
    if seen.quorate.known() == Some(&false) {
        return Some((
            "the Proxmox cluster has no quorum".to_owned(),
            "bring back enough nodes for a majority".to_owned(),
        ));
    }
    let (vmid, node, lock, protected) = match &machine.vm {
        Vm::One(found) => {
            let plain = |key: &str| found.config.plain.get(key).map(String::as_str);
            let lock = plain("lock").or_else(|| found.guest.and_then(|g| g.lock.as_deref()));
            (found.vmid, found.node, lock, plain("protection") == Some("1"))
        }
        _ => return None,
    };
    let node = shown(node);
    if seen.evidence.ha.known().is_some_and(|all| all.contains(&format!("vm:{vmid}"))) {
        return Some((
            "high availability manages its VM, so Proxmox does not remove it".to_owned(),
            format!("`ha-manager remove vm:{vmid}`"),
        ));
    }
    if protected {
        return Some((
            "its VM is protected, so Proxmox does not remove it".to_owned(),
            format!("`qm set {vmid} --protection 0` on node {node}"),
        ));
    }
    if let Some(lock) = lock.filter(|l| !l.is_empty()) {
        return Some((
            format!("its VM is locked ({})", shown(lock)),
            format!("wait for the task; if none runs, `qm unlock {vmid}` on node {node}"),
        ));
    }
    None
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.machines.iter().filter(|m| waits(m) == Some(Waits::Provider)) {
        let Some(age) = quiet(inventory, machine).filter(|q| *q >= PATIENCE) else { continue };
        if super::without_provider::missing(inventory, machine) || super::dead_end::dead(inventory, machine) {
            continue;
        }
        let failure = inventory.logs.and_then(|l| l.of(machine.id)).and_then(|s| s.failure.as_ref());
        let shown_cause = why(inventory, machine);
        // One removal after the other.
        if shown_cause.is_none() && failure.is_none() && inventory.busy(machine, PATIENCE).is_some() {
            continue;
        }
        let logged = failure.map(|f| cause(None, &f.error));
        let what = match (&shown_cause, &logged) {
            (Some((why, _)), _) => why.clone(),
            (None, Some(Some(cause))) => cause.what.clone(),
            (None, Some(None)) => "the provider's log has an error that is not known here".to_owned(),
            (None, None) => "nothing in Proxmox or Omni shows why".to_owned(),
        };
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            format!("its removal waits for the provider: {what}"),
        )
        .fact("without progress for", span(age))
        .fact(
            "status of the request",
            if machine.status.is_some() { "still there" } else { "gone: Omni is done" },
        );
        if let Some(found) = machine.found() {
            finding = finding.fact("VM", super::super::inventory::place(found.node, found.vmid));
        }
        if let Some(failure) = failure {
            finding = finding.fact("error in the log", said(&failure.error));
        }
        finding = match (shown_cause, logged) {
            (Some((_, act)), _) => finding.act(act),
            (None, Some(Some(cause))) => cause.act.into_iter().fold(finding, Finding::act),
            _ => finding.act("read the provider's log: `docker logs CONTAINER 2>&1 | omni-scale doctor --logs -`; a removal that fails says `reconcile failed` with this request"),
        };
        out.push(finding.act("the provider tries again by itself; nothing has to be removed in Omni"));
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::{World, uuid};
    use crate::checks::logs::Logs;
    use crate::live::Observation;

    const ID: &str = "c-workers-bbbbb2";

    fn going() -> World {
        let mut world = World::new();
        for kind in
            ["ClusterMachines", "ClusterMachineStatuses", "MachineSetNodes", "MachineStatuses", "Links"]
        {
            world.gone(kind, &uuid(1));
        }
        world.gone("MachineRequestStatuses", ID);
        world.tearing_down("MachineRequests", ID);
        world.live("MachineRequests", ID).finalizers = vec!["p.ProvisionController".into()];
        world
    }

    #[test]
    fn each_cause_is_told_apart() {
        let breaks: [(fn(&mut World), &str); 7] = [
            (
                |w| {
                    w.spec(
                        "InfraProviderCombinedStatuses",
                        "p",
                        serde_json::json!({"health": {"initialized": true}}),
                    );
                },
                "not heard",
            ),
            (|w| w.node("a").status = crate::live::NodeStatus::Offline, "node a is down"),
            (|w| w.node("a").name = "z".into(), "does not have"),
            (|w| w.proxmox().evidence.ha = Observation::Known(vec!["vm:101".into()]), "high availability"),
            (|w| w.set(101, "protection", "1"), "protected"),
            (|w| w.guest(101).lock = Some("backup".into()), "locked (backup)"),
            (
                |w| {
                    w.logs = Some(Logs::read(&format!(
                        "{{\"msg\":\"reconcile failed\",\"id\":\"{ID}\",\"error\":\"not authorized to access endpoint\"}}"
                    )));
                },
                "Datastore.Allocate on the storage",
            ),
        ];
        for (break_it, part) in breaks {
            let mut world = going();
            break_it(&mut world);
            let found = world.found(super::check);
            assert!(found.len() == 1 && found[0].cause.contains(part), "{part}: {found:?}");
        }
        assert!(going().found(super::check)[0].cause.contains("nothing in Proxmox or Omni shows why"));
    }

    #[test]
    fn a_status_that_stays_with_a_provider_that_is_down_is_the_providers_too() {
        let mut world = going();
        world.add(
            "MachineRequestStatuses",
            ID,
            &[("infra-provider-id", "p")],
            serde_json::json!({"id": uuid(1), "stage": 2}),
        );
        world.spec(
            "InfraProviderCombinedStatuses",
            "p",
            serde_json::json!({"health": {"initialized": true}}),
        );
        assert!(world.found(super::check)[0].cause.contains("not heard"));
    }

    #[test]
    fn a_young_removal_and_one_behind_another_are_not() {
        assert!(World::new().subjects(super::check).is_empty());
        let mut world = going();
        world.written("MachineRequests", ID, 30);
        assert!(world.subjects(super::check).is_empty());
        let mut world = going();
        world.tearing_down("MachineRequests", "c-workers-ccccc3");
        world.written("MachineRequestStatuses", "c-workers-ccccc3", 5);
        assert!(world.subjects(super::check).is_empty());
    }
}
