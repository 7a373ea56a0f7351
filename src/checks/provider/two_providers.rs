//! Two providers that serve one id.

use crate::checks::inventory::sight::{shown, word};
use crate::checks::inventory::{Inventory, place};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `two-providers`
pub(super) static RULE: Rule = Rule {
    code: "OS0574",
    name: "two-providers",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "names of requests are random, and a provider makes one VM of each",
    stage: Stage::Doctor,
    title: "a machine request was made twice",
    means: "Two VMs bear the name and the tag of one machine request, with different UUIDs. Two providers run with one id and each made one, or a provider lost its record and made a second one.",
    bad: "VMs 105 and 120 are both called c-workers-b2",
    good: "one VM of each request",
    act: "Stop all but one provider; then remove the VM whose UUID Omni does not know.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.told() {
        let (Some(own), Some((_, seen))) = (machine.found(), machine.proxmox) else { continue };
        let others: Vec<_> = seen
            .guests
            .known()
            .into_iter()
            .flatten()
            .filter(|g| g.made_by_provider() && g.vmid != own.vmid && g.name.as_deref() == Some(machine.id))
            .filter_map(|g| Some((g, seen.evidence.configs.get(&g.vmid)?.known()?)))
            .filter(|(_, c)| c.uuid.is_some() && c.uuid != machine.uuid)
            .collect();
        let Some((other, _)) = others.first() else { continue };
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            format!(
                "its request was made twice: {} is another VM of the same name",
                place(&other.node, other.vmid)
            ),
        )
        .fact("known to Omni", place(own.node, own.vmid));
        for (guest, config) in &others {
            finding = finding.fact(
                place(&guest.node, guest.vmid),
                format!("UUID {}", shown(config.uuid.as_deref().unwrap_or_default())),
            );
        }
        out.push(
            finding
                .act(format!("make sure that only one provider runs with the id {}", word(machine.provider)))
                .act(format!("then remove the VM that Omni does not know: `qm stop {0}`, `qm destroy {0} --purge` on node {1}", other.vmid, word(&other.node)))
                .cost("the disks of the second VM are lost"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn a_second_vm_of_a_request_is_told_and_a_renamed_one_is_not() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        world.copy_vm(101, 150);
        world.config(150).uuid = Some("ffffffff-0000-4000-8000-000000000000".into());
        assert_eq!(world.subjects(super::check), ["machine/c-workers-bbbbb2"]);
        world.guest(150).name = Some("other".into());
        assert!(world.subjects(super::check).is_empty());
    }
}
