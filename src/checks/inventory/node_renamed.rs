//! The provider's record names a Proxmox node that is not there any more.

use super::Inventory;
use super::sight::shown;
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `node-renamed`
pub(super) static RULE: Rule = Rule {
    code: "OS0549",
    name: "node-renamed",
    severity: Severity::Error,
    basis: Basis::Reported,
    source: "the provider asks the node of its record by name; Proxmox answers `hostname lookup failed` for one that it does not have",
    stage: Stage::Doctor,
    title: "the node of a machine is not in the Proxmox cluster",
    means: "A node was renamed or taken out of the cluster. The machine may run on, but the provider before 0.3 cannot remove it: it asks a node that does not exist, for ever.",
    bad: "the record says golf; the cluster has foxtrot, golf-new and hotel",
    good: "the record's node is one of the cluster's",
    act: "Give the node its name back before machines are removed, or use provider 0.3 or later, which forgives this.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.told() {
        let Some((_, seen)) = machine.proxmox else { continue };
        let Some(node) = machine.record.as_ref().and_then(|r| r.node) else { continue };
        let asked = machine.record.as_ref().is_some_and(|r| r.vmid.is_some());
        if !asked || Inventory::has_node(seen, node) != Some(false) {
            continue;
        }
        let all: Vec<String> = seen.nodes.known().into_iter().flatten().map(|n| shown(&n.name)).collect();
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            format!(
                "the provider recorded its VM on node {}, which the Proxmox cluster does not have",
                shown(node)
            ),
        )
        .fact("nodes", all.join(", "));
        if let Some(found) = machine.found() {
            finding = finding.fact("VM now", super::place(found.node, found.vmid));
        }
        out.push(
            finding
                .act(format!("give the node its name {} back before the machine is removed in Omni", shown(node)))
                .act("or run provider 0.3 or later: it takes a node that is not there for a VM that is gone, and the VM is then to be removed by hand"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn a_recorded_node_that_is_not_there_is_told() {
        let mut world = World::new();
        world.node("a").name = "a-new".into();
        world.guest(101).node = "a-new".into();
        let found = world.found(super::check);
        assert_eq!(found[0].subject.to_string(), "machine/c-workers-bbbbb2");
        assert!(found[0].evidence.iter().any(|f| f.value == "a-new/101"), "{found:?}");
    }

    #[test]
    fn nodes_that_are_there_or_unknown_are_not() {
        assert!(World::new().subjects(super::check).is_empty());
        let mut world = World::new();
        world.proxmox().nodes = crate::live::Observation::Unknown(crate::live::Reason("x".into()));
        assert!(world.subjects(super::check).is_empty());
    }
}
