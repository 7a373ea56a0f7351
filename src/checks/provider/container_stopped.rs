//! The container in which a provider runs is off.

use crate::address::Address;
use crate::checks::inventory::sight::{shown, word};
use crate::checks::inventory::{Inventory, place};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::live::GuestKind;

/// `provider-container-stopped`
pub(super) static RULE: Rule = Rule {
    code: "OS0570",
    name: "provider-container-stopped",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "Proxmox VE, status of the container that the spec names",
    stage: Stage::Doctor,
    title: "the container of a provider does not run",
    means: "Nothing is made and nothing removed while the provider's container is off; machines that run are not touched by that. Often its node is down: then the loss of one node stops all provisioning.",
    bad: "CT 200 is stopped",
    good: "CT 200 is running",
    act: "Start the container, and let it start with its node (`onboot`).",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for provider in &inventory.scene.desired.providers {
        let (Some(vmid), Some(name)) = (provider.container_vmid, provider.proxmox.as_deref()) else {
            continue;
        };
        let Some(seen) = inventory.scene.snapshot.proxmox.get(name) else { continue };
        let Some(guests) = seen.guests.known() else { continue };
        let subject = Address::provider(&provider.id).facet("container");
        let Some(guest) = guests.iter().find(|g| g.vmid == vmid) else {
            out.push(
                Finding::new(
                    &RULE,
                    subject,
                    format!("its container {vmid} does not exist in Proxmox cluster {}", shown(name)),
                )
                .fact(
                    "containers",
                    guests
                        .iter()
                        .filter(|g| g.kind == GuestKind::Lxc)
                        .map(|g| g.vmid.to_string())
                        .collect::<Vec<_>>()
                        .join(", "),
                )
                .act("correct `providers` in the spec, or restore the container"),
            );
            continue;
        };
        let down = Inventory::offline(seen, &guest.node);
        if guest.kind != GuestKind::Lxc || (!down && guest.status != "stopped") {
            continue;
        }
        let at = place(&guest.node, vmid);
        let why = if down {
            format!("its container {at} is on a node that is down")
        } else {
            format!("its container {at} is stopped")
        };
        let mut finding = Finding::new(&RULE, subject, format!("{why}: no machine is made or removed"))
            .fact("status", shown(&guest.status));
        if let Some(task) = Inventory::task(&seen.evidence, &["vzstop", "vzshutdown"], vmid) {
            finding = finding.fact(
                "stopped by",
                format!("{} at {}", shown(&task.user), super::super::inventory::sight::time(task.started)),
            );
        }
        out.push(if down {
            finding.act(format!("bring node {} back", shown(&guest.node)))
        } else {
            finding
                .act(format!("`pct start {vmid}` on node {}", word(&guest.node)))
                .act(format!("`pct set {vmid} --onboot 1`, so that it comes back with its node"))
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::live::{Guest, GuestKind};

    fn with(status: &str) -> World {
        let mut world = World::new();
        world.desired.providers[0].container_vmid = Some(200);
        let guest = Guest {
            kind: GuestKind::Lxc,
            vmid: 200,
            status: status.into(),
            tags: Vec::new(),
            ..world.guest(102).clone()
        };
        world.guests().push(guest);
        world
    }

    #[test]
    fn a_container_that_is_off_gone_or_on_a_dead_node_is_told() {
        assert_eq!(with("stopped").subjects(super::check), ["provider/p/container"]);
        let mut world = with("running");
        world.node("b").status = crate::live::NodeStatus::Offline;
        assert!(world.found(super::check)[0].cause.contains("node that is down"));
        let mut world = with("running");
        world.guests().retain(|g| g.vmid != 200);
        assert!(world.found(super::check)[0].cause.contains("does not exist"));
    }

    #[test]
    fn one_that_runs_and_one_that_nobody_named_are_not() {
        assert!(with("running").subjects(super::check).is_empty());
        let mut world = with("stopped");
        world.desired.providers[0].container_vmid = None;
        assert!(world.subjects(super::check).is_empty());
    }
}
