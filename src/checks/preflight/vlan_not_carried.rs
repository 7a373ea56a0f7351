//! Bridges of the nodes on which a class can land.

use crate::address::Address;
use crate::checks::preflight::nets::{bridges, carries};
use crate::checks::preflight::survey::{Survey, list, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

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
    for landing in &survey.landings {
        for nic in &landing.nics {
            let bad: Vec<&str> = landing
                .nodes
                .iter()
                .copied()
                .filter(|node| {
                    // A node that shows no bridge at all hides them.
                    let shown = bridges(landing, node).filter(|all| !all.is_empty());
                    shown.is_some_and(|all| {
                        let bridge = all.iter().find(|b| b.name == nic.bridge);
                        nic.vlan > 0 && bridge.is_some_and(|b| b.vlan_aware && !carries(b, nic.vlan))
                    })
                })
                .collect();
            if bad.is_empty() {
                continue;
            }
            let cause = format!(
                "bridge {} ({}) does not carry the VLAN of the class {}: the VM starts and has no network",
                name(nic.bridge),
                nic.key,
                landing.on(&bad)
            );
            let mut finding = Finding::new(&RULE, Address::class(&landing.class.id), cause);
            for node in bad.iter().take(3) {
                let names: Vec<&str> =
                    bridges(landing, node).into_iter().flatten().map(|b| b.name.as_str()).collect();
                finding = finding.fact(format!("bridges of node {}", name(node)), list(&names));
            }
            finding.severity = landing.severity(bad.len());
            out.push(finding.act("add the VLAN to `bridge-vids` there, or correct the tag"));
        }
    }
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
