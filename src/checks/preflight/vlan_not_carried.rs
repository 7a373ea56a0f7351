//! Bridges of the nodes on which a class can land.

use crate::checks::preflight::nets::{Trouble, carries, tell};
use crate::checks::preflight::survey::{Nic, Survey};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::live::Bridge;

pub(super) static RULE: Rule = Rule {
    code: "OS0521",
    name: "vlan-not-carried",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Proxmox VE 9, start of a VM: a bridge is looked for only then",
    stage: Stage::Plan,
    title: "a bridge does not carry the VLAN of a class",
    means: "The bridge lists the VLANs that it carries, and the tag is not among them. The VM starts and has no network: it never joins Omni.",
    bad: "vlan: 300 on a bridge with bridge-vids 2-100",
    good: "vlan: 30",
    act: "Add the VLAN to `bridge-vids` on each node, or correct the tag.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    let trouble = Trouble {
        rule: &RULE,
        what: "does not carry the VLAN of the class",
        then: ": the VM starts and has no network",
        act: "add the VLAN to `bridge-vids` there, or correct the tag",
    };
    let bad = |nic: &Nic<'_>, bridge: Option<&Bridge>| {
        nic.vlan > 0 && bridge.is_some_and(|b| b.vlan_aware && !carries(b, nic.vlan))
    };
    tell(survey, &trouble, bad, out);
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    #[test]
    fn a_tag_that_is_not_among_those_of_the_bridge() {
        let mut world = World::new();
        world.class("worker", "{cores: 1, sockets: 1, memory: 2048, vlan: 30}");
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.bridges("golf")[0].vids = Some("2-20 40".to_owned());
        assert_eq!(world.found(&super::RULE), ["class/worker"]);
        // A bridge that is not aware of VLANs gets one beside it.
        world.bridges("golf")[0].vlan_aware = false;
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }
}
