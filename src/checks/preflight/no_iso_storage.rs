//! A node on which images cannot be kept.

use crate::checks::preflight::survey::{Survey, list};
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule {
    code: "OS0517",
    name: "no-iso-storage",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "provider, step uploadISO: unable to find the item you are looking for",
    stage: Stage::Plan,
    title: "a node has no storage for ISO images",
    means: "The provider boots each machine from an image that it lets the node download to a storage that holds `iso`. The node has none that is enabled, so no machine can be made there.",
    bad: "storage local of node golf without `iso` in its content",
    good: "content of local: backup,iso,vztmpl",
    act: "Let a storage of the node hold images: `pvesm set local --content iso,…`.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for (proxmox, seen) in survey.seen() {
        let mut certain: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut may: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for landing in survey.landings.iter().filter(|l| l.proxmox == proxmox) {
            let by = if landing.nodes.len() == 1 { &mut certain } else { &mut may };
            for node in &landing.nodes {
                by.entry(node).or_default().push(&landing.class.id);
            }
        }
        for (node, storages) in &seen.storages {
            let Some(storages) = storages.known() else { continue };
            if storages.iter().any(|s| s.enabled && s.content.iter().any(|c| c == "iso")) {
                continue;
            }
            let (certain, may) = (certain.get(node.as_str()), may.get(node.as_str()));
            if certain.is_none() && may.is_none() {
                continue;
            }
            let names: Vec<&str> = storages.iter().map(|s| s.name.as_str()).collect();
            let mut finding = Finding::new(
                &RULE,
                Scene::node_address(proxmox, node),
                "none of its storages that are enabled holds ISO images: no machine can be made on it",
            )
            .fact("storages", list(&names));
            if let Some(classes) = certain {
                finding = finding.fact("classes that land there", list(classes));
            }
            if let Some(classes) = may {
                finding = finding.fact("classes that may land there", list(classes));
            }
            if certain.is_none() {
                finding.severity = Severity::Warning;
            }
            out.push(
                finding.act("let a storage of the node hold images: `pvesm set STORAGE --content iso,…`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    #[test]
    fn each_node_that_a_class_can_land_on_needs_one() {
        let mut world = World::new();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.storage("golf", "local").content.retain(|c| c != "iso");
        assert_eq!(world.found(&super::RULE), ["proxmox/matrix/node/golf"]);
        world.class(
            "worker",
            "{cores: 1, sockets: 1, memory: 2048, disk_size: 9, node: hotel, storage_selector: 'true'}",
        );
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }
}
