//! A machine whose VM is gone: Omni has no watch on Proxmox and never notices.

use super::sight::{shown, time, word};
use super::{Inventory, Vm};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `vm-deleted`
pub(super) static RULE: Rule = Rule {
    code: "OS0541",
    name: "vm-deleted",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "the provider never looks at a VM again once it is made, and Omni asks the provider nothing",
    stage: Stage::Doctor,
    title: "the VM of a machine is gone",
    means: "Omni and the provider have a machine of which Proxmox has no VM: no VM bears its UUID. Omni goes on counting it, so that its set is one machine short and nobody makes another.",
    bad: "somebody removed VM 105 in the Proxmox interface",
    good: "machines are removed by lowering the size of their set",
    act: "Remove the machine's Link in Omni. Its request is then torn down, the provider finds no VM and is done, and Omni makes the replacement by itself: do not scale up besides.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.told().filter(|m| m.vm == Vm::Gone && !m.going()) {
        let record = machine.record.as_ref();
        // Between the order and the first listing of a VM some seconds pass.
        if !machine.provisioned() && record.is_none_or(|r| r.vm_start_task.is_none()) {
            continue;
        }
        let uuid = machine.uuid.as_deref().unwrap_or_default();
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            "Omni has this machine, and no VM bears its UUID: it was deleted outside of Omni",
        )
        .fact("UUID", shown(uuid));
        if let Some(status) = machine.status {
            let status = super::sight::raw(status, &["status"]).unwrap_or("none");
            finding = finding.fact("status of the request", super::sight::said(status));
        }
        let vmid = record.and_then(|r| r.vmid);
        if let (Some(node), Some(vmid)) = (record.and_then(|r| r.node), vmid) {
            finding = finding.fact("recorded as", super::place(node, vmid));
        }
        if let (Some((_, seen)), Some(vmid)) = (machine.proxmox, vmid) {
            let guests = seen.guests.known().into_iter().flatten();
            let now = guests.into_iter().find(|g| g.vmid == vmid);
            let now = now.map_or_else(
                || "nothing".to_owned(),
                |g| {
                    format!(
                        "another guest, {} on {}",
                        shown(g.name.as_deref().unwrap_or("without a name")),
                        shown(&g.node)
                    )
                },
            );
            finding = finding.fact("its VMID now", now);
            if let Some(task) = Inventory::task(&seen.evidence, &["qmdestroy"], vmid) {
                finding =
                    finding.fact("removed by", format!("{} at {}", shown(&task.user), time(task.started)));
            }
        }
        if machine.control_plane {
            finding = finding.act(format!(
                "first make sure that the other control planes are healthy, since this one is still a member of etcd: `omnictl cluster status {}`; remove one at a time",
                word(machine.cluster.unwrap_or("CLUSTER"))
            ));
        }
        finding = finding
            .act(machine.replacement())
            .cost("the disk of the machine is lost already; the replacement joins as a new node");
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::live::{Observation, Reason};

    #[test]
    fn a_vm_that_is_nowhere_was_deleted() {
        let mut world = World::new();
        world.remove_vm(101);
        let found = world.found(super::check);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].subject.to_string(), "machine/c-workers-bbbbb2");
        assert!(found[0].act[0].contains("omnictl delete link 00000001"), "{:?}", found[0].act);
    }

    #[test]
    fn what_never_joined_has_no_link_to_delete() {
        let mut world = World::new();
        world.remove_vm(101);
        for kind in ["Links", "MachineStatuses"] {
            world.gone(kind, &crate::checks::inventory::tests::uuid(1));
        }
        assert!(world.found(super::check)[0].act[0].starts_with("it never joined"));
    }

    #[test]
    fn what_is_there_is_not_seen_or_is_leaving_was_not_deleted() {
        assert!(World::new().subjects(super::check).is_empty());
        // Another VM of the provider could not be read: it might be the one.
        let mut world = World::new();
        world.remove_vm(101);
        world.guest(102).name = Some("renamed".into());
        world.proxmox().evidence.configs.insert(102, Observation::Unknown(Reason("403".into())));
        assert!(world.subjects(super::check).is_empty());
        let mut world = World::new();
        world.remove_vm(101);
        world.tearing_down("MachineRequests", "c-workers-bbbbb2");
        assert!(world.subjects(super::check).is_empty());
        let mut world = World::new();
        world.remove_vm(101);
        world.proxmox().quorate = Observation::Known(false);
        assert!(world.subjects(super::check).is_empty());
    }
}
