//! Absence is believed only where everything was seen.

use super::Inventory;
use super::sight::said;
use crate::address::Address;
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};

/// `drift-cannot-be-told`
pub(super) static RULE: Rule = Rule {
    code: "OS0540",
    name: "drift-cannot-be-told",
    severity: Severity::Warning,
    basis: Basis::Design,
    source: "Proxmox VE hides guests that a token may not see, and a node without quorum sees an old state; the provider's records alone tell VMID and node",
    stage: Stage::Doctor,
    title: "what became of the VMs cannot be told",
    means: "Something that is needed to tell a deleted VM from one that is only not seen was not read: the guests of the Proxmox cluster (`VM.Audit` on `/vms`), its quorum, or the provider's records in Omni. No rule about drift speaks about these machines.",
    bad: "a token without VM.Audit on /vms",
    good: "a token with PVEAuditor on /, a cluster with quorum, an Omni key with the role Reader",
    act: "Give the tool's token PVEAuditor on `/`, its Omni key the role Reader, and ask a node that has quorum. Then look again.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for (name, reasons) in &inventory.untold {
        let mut finding = Finding::new(
            &RULE,
            Scene::cluster_address(name),
            "what became of the VMs of this Proxmox cluster cannot be told",
        );
        for why in reasons {
            finding = finding.fact("why", said(why));
        }
        out.push(
            finding.act("give the token PVEAuditor on `/`, or ask a node that has quorum, and look again"),
        );
    }
    for (provider, why) in &inventory.unrecorded {
        let finding = Finding::new(
            &RULE,
            Address::provider(provider),
            "the records of this provider cannot be read, so VMs that were replaced under the same VMID are not seen",
        );
        out.push(finding.fact("why", said(why)).act("give the Omni key the role Reader at least"));
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::live::{Observation, Reason};

    #[test]
    fn unseen_guests_lost_quorum_and_unread_records_are_told() {
        let mut world = World::new();
        world.proxmox().guests = Observation::Unknown(Reason("no VM.Audit".into()));
        assert_eq!(world.subjects(super::check), ["proxmox/x"]);
        let mut world = World::new();
        world.proxmox().quorate = Observation::Known(false);
        assert_eq!(world.subjects(super::check), ["proxmox/x"]);
        let mut world = World::new();
        world.snapshot.omni.types.insert(
            "Machine.p.infraprovider.sidero.dev".into(),
            Observation::Unknown(Reason("denied".into())),
        );
        assert_eq!(world.subjects(super::check), ["provider/p"]);
        let mut world = World::new();
        world.snapshot.proxmox.clear();
        assert_eq!(world.subjects(super::check), ["proxmox/x"]);
    }

    #[test]
    fn a_whole_look_is_silent_and_so_is_an_unknown_quorum() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        world.proxmox().quorate = Observation::Unknown(Reason("403".into()));
        assert!(world.subjects(super::check).is_empty());
    }
}
