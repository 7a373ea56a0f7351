//! Bridges of the nodes on which a class can land.

use crate::address::Address;
use crate::checks::preflight::nets::bridges;
use crate::checks::preflight::survey::{Survey, list, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

pub(super) static RULE: Rule = Rule {
    code: "OS0519",
    name: "bridge-inactive",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Proxmox VE 9, start of a VM: a bridge is looked for only then",
    stage: Stage::Plan,
    title: "a bridge of a node is down",
    means: "The bridge is configured and not up. A VM on it starts and has no network, or does not start.",
    bad: "vmbr1 without `auto`",
    good: "vmbr0 that is up",
    act: "Bring it up: `ifup BRIDGE` on the node, or apply its pending configuration.",
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
                        bridge.is_some_and(|b| !b.active)
                    })
                })
                .collect();
            if bad.is_empty() {
                continue;
            }
            let cause = format!("bridge {} ({}) is not up {}", name(nic.bridge), nic.key, landing.on(&bad));
            let mut finding = Finding::new(&RULE, Address::class(&landing.class.id), cause);
            for node in bad.iter().take(3) {
                let names: Vec<&str> =
                    bridges(landing, node).into_iter().flatten().map(|b| b.name.as_str()).collect();
                finding = finding.fact(format!("bridges of node {}", name(node)), list(&names));
            }
            finding.severity = landing.severity(bad.len());
            out.push(
                finding.act("bring it up: `ifup BRIDGE` on the node, or apply its pending configuration"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    #[test]
    fn a_bridge_that_is_down() {
        let mut world = World::new();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.bridges("golf")[0].active = false;
        assert_eq!(world.found(&super::RULE), ["class/worker"]);
    }
}
