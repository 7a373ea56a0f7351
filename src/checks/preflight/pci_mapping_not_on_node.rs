//! PCI mappings on the nodes of a class.

use crate::address::Address;
use crate::checks::preflight::devices::mappings;
use crate::checks::preflight::survey::{Survey, list, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

pub(super) static RULE: Rule = Rule {
    code: "OS0523",
    name: "pci-mapping-not-on-node",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Proxmox VE 9, start of a VM: the mapping must name a device of the node",
    stage: Stage::Plan,
    title: "a PCI mapping does not cover the node",
    means: "A mapping names devices node by node. It has none for a node on which a machine of the class can be made: the VM does not start there.",
    bad: "a class with the GPU of hotel, and no node",
    good: "node: hotel",
    act: "Name a node that has the device (`node:`), or add the device of the node to the mapping.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for landing in &survey.landings {
        let Some(known) = landing.seen.evidence.pci_mappings.known() else { continue };
        let named = mappings(landing.class);
        for mapping in known.iter().filter(|k| named.contains(&k.id.as_str())) {
            let bad: Vec<&str> =
                landing.nodes.iter().copied().filter(|n| !mapping.nodes.iter().any(|m| m == n)).collect();
            if bad.is_empty() {
                continue;
            }
            let covers: Vec<&str> = mapping.nodes.iter().map(String::as_str).collect();
            let cause = format!("PCI mapping `{}` has no device {}", name(&mapping.id), landing.on(&bad));
            let mut finding = Finding::new(&RULE, Address::class(&landing.class.id), cause)
                .fact("nodes of the mapping", list(&covers));
            finding.severity = landing.severity(bad.len());
            let node = covers.first().map_or_else(String::new, |n| format!(" (`node: {}`)", name(n)));
            out.push(finding.act(format!("name a node that has the device{node}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::Severity;
    use crate::checks::preflight::rehearsal::World;
    use crate::live::{Observation, PciMapping};

    #[test]
    fn each_node_of_the_class_needs_a_device() {
        let mut world = World::new();
        let mapping = PciMapping { id: "gpu".to_owned(), nodes: vec!["hotel".to_owned()] };
        world.seen().evidence.pci_mappings = Observation::Known(vec![mapping]);
        world
            .class("gpu", "{cores: 1, sockets: 1, memory: 2048, node: hotel, pci_devices: [{mapping: gpu}]}");
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.class("gpu", "{cores: 1, sockets: 1, memory: 2048, pci_devices: [{mapping: gpu}]}");
        assert_eq!(world.findings(&super::RULE)[0].severity, Severity::Warning);
        world.class("gpu", "{cores: 1, sockets: 1, memory: 2048, node: golf, pci_devices: [{mapping: gpu}]}");
        assert_eq!(world.findings(&super::RULE)[0].severity, Severity::Error);
    }
}
