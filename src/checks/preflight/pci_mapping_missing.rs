//! PCI mappings that a class names.

use crate::address::Address;
use crate::checks::preflight::devices::mappings;
use crate::checks::preflight::rights::holds;
use crate::checks::preflight::survey::{Survey, list, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::diag::closest;

pub(super) static RULE: Rule = Rule {
    code: "OS0522",
    name: "pci-mapping-missing",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Proxmox VE 9: a `hostpci` of a VM names a mapping of the cluster",
    stage: Stage::Plan,
    title: "a PCI mapping does not exist",
    means: "The class passes a device through by a mapping, and the cluster has no mapping of that id: Proxmox refuses the VM.",
    bad: "pci_devices: [{ mapping: gpu }], and no mapping is called gpu",
    good: "pci_devices: [{ mapping: nvidia-gpu-1 }]",
    act: "Make the mapping (Datacenter, Resource Mappings), or correct the name.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for landing in &survey.landings {
        let Some(known) = landing.seen.evidence.pci_mappings.known() else { continue };
        // An empty list may be what a token without `Mapping.Audit` sees.
        let held = landing.seen.permissions.known();
        let may =
            held.is_some_and(|p| ["Mapping.Audit", "Mapping.Use"].iter().any(|m| holds(p, "/mapping", m)));
        if known.is_empty() && !may {
            continue;
        }
        for mapping in mappings(landing.class).into_iter().filter(|m| known.iter().all(|k| k.id != *m)) {
            let names: Vec<&str> = known.iter().map(|k| k.id.as_str()).collect();
            let cause = format!("the cluster has no PCI mapping `{}`", name(mapping));
            let act = closest(mapping, names.iter().copied()).map_or_else(
                || "make the mapping, or correct the name".to_owned(),
                |near| format!("did you mean `{}`?", name(near)),
            );
            out.push(
                Finding::new(&RULE, Address::class(&landing.class.id), cause)
                    .fact("mappings", list(&names))
                    .act(act),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use crate::live::{Observation, PciMapping};

    #[test]
    fn the_mapping_must_be_there() {
        let mut world = World::new();
        world.class("gpu", "{cores: 1, sockets: 1, memory: 2048, pci_devices: [{mapping: gpu-1}]}");
        let mapping = |id: &str| PciMapping { id: id.to_owned(), nodes: vec!["hotel".to_owned()] };
        world.seen().evidence.pci_mappings = Observation::Known(vec![mapping("gpu-1")]);
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.seen().evidence.pci_mappings = Observation::Known(vec![mapping("gpu-2")]);
        assert_eq!(world.found(&super::RULE), ["class/gpu"]);
        world.seen().evidence.pci_mappings = Observation::default();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }
}
