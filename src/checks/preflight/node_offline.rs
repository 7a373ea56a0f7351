//! A node that is down.

use crate::checks::preflight::survey::Survey;
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};
use crate::live::NodeStatus;

pub(super) static RULE: Rule = Rule {
    code: "OS0506",
    name: "node-offline",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "Proxmox VE 9: list of nodes and membership; the worse of both counts",
    stage: Stage::Plan,
    title: "a Proxmox node is offline",
    means: "A node of the cluster is not online. Its VMs do not run, machines that were made on it cannot be removed until it is back, and it takes no new ones.",
    bad: "node hotel: offline",
    good: "all nodes online",
    act: "Bring it back. If it never comes back, remove its machines in Omni one by one before it is taken out of the cluster.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for (proxmox, _) in survey.seen() {
        for node in survey.nodes_of(proxmox).iter().filter(|n| n.status == NodeStatus::Offline) {
            out.push(
                Finding::new(
                    &RULE,
                    Scene::node_address(proxmox, &node.name),
                    "it is offline: its VMs do not run, and machines on it cannot be removed until it is back",
                )
                .fact("status", "offline")
                .act("bring it back"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use crate::live::{Member, NodeStatus, Observation};

    #[test]
    fn the_worse_of_two_lists_counts() {
        let mut world = World::new();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.node("hotel").status = NodeStatus::Offline;
        assert_eq!(world.found(&super::RULE), ["proxmox/matrix/node/hotel"]);
        let mut world = World::new();
        world.seen().evidence.members =
            Observation::Known(vec![Member { name: "golf".to_owned(), online: false, local: false }]);
        assert_eq!(world.found(&super::RULE), ["proxmox/matrix/node/golf"]);
        world.node("hotel").status = NodeStatus::Unknown;
        assert_eq!(world.found(&super::RULE), ["proxmox/matrix/node/golf"]);
    }
}
