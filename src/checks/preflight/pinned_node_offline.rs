//! A class and the node that it names.

use crate::address::Address;
use crate::checks::preflight::survey::{Survey, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::live::NodeStatus;

pub(super) static RULE: Rule = Rule {
    code: "OS0508",
    name: "pinned-node-offline",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "provider, step pickNode: specified node is not online",
    stage: Stage::Plan,
    title: "a class names a node that is offline",
    means: "Machines of the class are made on that node only. The provider does not fall back to another one; it tries again each minute until the node is back.",
    bad: "node: hotel, and hotel is down",
    good: "node: golf, which is up",
    act: "Bring the node back, or name another one in the class; requests that exist keep the node that they were made with.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for landing in &survey.landings {
        let Some(pin) = landing.class.pinned() else { continue };
        let node = survey.nodes_of(landing.proxmox).iter().find(|n| n.name == pin);
        let Some(node) = node.filter(|n| n.status != NodeStatus::Online) else { continue };
        let status = match node.status {
            NodeStatus::Offline => "offline",
            _ => "unknown",
        };
        let cause = format!("it names node {}, which is not online: no machine of it can be made", name(pin));
        out.push(
            Finding::new(&RULE, Address::class(&landing.class.id), cause)
                .fact("node", name(pin))
                .fact("status", status)
                .act("bring the node back, or name another one; requests that exist keep the node that they were made with"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use crate::live::NodeStatus;

    #[test]
    fn a_pinned_node_must_be_online() {
        let mut world = World::new();
        world.class("pinned", "{cores: 1, sockets: 1, memory: 2048, node: golf}");
        world.node("hotel").status = NodeStatus::Offline;
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.node("golf").status = NodeStatus::Unknown;
        assert_eq!(world.found(&super::RULE), ["class/pinned"]);
    }
}
