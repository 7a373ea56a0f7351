//! VMs that a provider made and nobody knows any more.

use super::Inventory;
use super::sight::{shown, time, vm_address, word};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `orphan-vm`
pub(super) static RULE: Rule = Rule {
    code: "OS0555",
    name: "orphan-vm",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "the provider tags its VMs `machine-request.<set>`; what Omni and the provider know is known by UUID",
    stage: Stage::Doctor,
    title: "a VM of a provider that nobody knows",
    means: "The VM has the tag of a machine set, but no request, record, machine or Link in this Omni has its UUID: what a failed or migrated removal left behind. It uses memory and space. The same tags can belong to another Omni that shares this Proxmox cluster.",
    bad: "VM 107, tagged machine-request.c-workers, whose UUID Omni does not know",
    good: "every tagged VM bears the UUID of a machine in Omni",
    act: "Compare UUID and creation time, make sure that no other Omni owns it, then remove it by hand. This program never removes VMs.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    let scene = inventory.scene;
    // Whoever cannot see every machine of Omni calls nothing an orphan.
    let blind = ["MachineRequests", "MachineRequestStatuses", "MachineStatuses"];
    if blind.iter().any(|t| !scene.snapshot.omni.types.contains_key(&format!("{t}.omni.sidero.dev")))
        || blind.iter().any(|t| scene.snapshot.omni.unreadable(t).is_some())
        || !inventory.unrecorded.is_empty()
    {
        return;
    }
    for (name, seen) in
        scene.snapshot.proxmox.iter().filter(|(n, _)| !inventory.untold.contains_key(n.as_str()))
    {
        for guest in seen.guests.known().into_iter().flatten().filter(|g| g.made_by_provider()) {
            let Some(config) = seen.evidence.configs.get(&guest.vmid).and_then(|c| c.known()) else {
                continue;
            };
            let Some(uuid) = config.uuid.as_deref() else { continue };
            if inventory.uuids.contains(uuid) || config.plain.get("template").map(String::as_str) == Some("1")
            {
                continue;
            }
            let tag =
                guest.tags.iter().find(|t| t.starts_with("machine-request.")).map_or("", String::as_str);
            let mut finding = Finding::new(
                &RULE,
                vm_address(name, guest.vmid),
                format!(
                    "a provider made VM {} ({}), and nothing in this Omni knows its UUID",
                    super::place(&guest.node, guest.vmid),
                    shown(guest.name.as_deref().unwrap_or("without a name"))
                ),
            )
            .fact("UUID", shown(uuid))
            .fact("tag", shown(tag))
            .fact("status", shown(&guest.status));
            if let Some(task) = Inventory::task(&seen.evidence, &["qmcreate"], guest.vmid) {
                finding = finding.fact("made by", format!("{} at {}", shown(&task.user), time(task.started)));
            }
            if let Some(created) = config.plain.get("ctime").and_then(|t| t.parse().ok()) {
                finding = finding.fact("made at", time(created));
            }
            out.push(
                finding
                    .act("make sure that no other Omni uses this Proxmox cluster, and that the UUID is none of its machines")
                    .act(format!(
                        "then remove it by hand: `qm stop {0}`, `qm destroy {0} --purge` on node {1}",
                        guest.vmid,
                        word(&guest.node)
                    ))
                    .cost("the VM's disks are lost for good"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::live::{Observation, Reason};

    fn orphan(world: &mut World) {
        world.copy_vm(101, 150);
        world.config(150).uuid = Some("ffffffff-0000-4000-8000-000000000000".into());
    }

    #[test]
    fn a_tagged_vm_that_nobody_knows_is_an_orphan() {
        let mut world = World::new();
        orphan(&mut world);
        assert_eq!(world.subjects(super::check), ["vm/x/150"]);
    }

    #[test]
    fn what_somebody_knows_or_might_is_none() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        // A Link without a request still knows it.
        orphan(&mut world);
        world.add("Links", "ffffffff-0000-4000-8000-000000000000", &[], serde_json::json!({}));
        assert!(world.subjects(super::check).is_empty());
        let mut world = World::new();
        orphan(&mut world);
        world.snapshot.omni.types.insert(
            "MachineRequestStatuses.omni.sidero.dev".into(),
            Observation::Unknown(Reason("x".into())),
        );
        assert!(world.subjects(super::check).is_empty());
        let mut world = World::new();
        orphan(&mut world);
        world.guest(150).tags.clear();
        assert!(world.subjects(super::check).is_empty(), "somebody else's VM");
    }
}
