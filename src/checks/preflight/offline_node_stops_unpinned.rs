//! An early provider and a node that is down.

use crate::address::Address;
use crate::checks::preflight::survey::{Survey, list};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::live::NodeStatus;
use crate::live::placement::Scheduler;

pub(super) static RULE: Rule = Rule {
    code: "OS0507",
    name: "offline-node-stops-unpinned",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "provider before 0.1, step pickNode",
    stage: Stage::Plan,
    title: "one offline node stops every class without a node",
    means: "Providers before 0.1 ask every listed node for its status before they choose one, offline ones included. The answer of an offline node cannot be read (`failed to get node, unexpected end of JSON input`), so no machine of a class without `node:` is made until it is back; it is tried again each minute.",
    bad: "node hotel is offline, and the class names no node",
    good: "node: golf",
    act: "Bring the node back, name a node in the class, or use a provider of 0.1 or newer.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for landing in &survey.landings {
        if landing.scheduler != Scheduler::MostFree || landing.class.pinned().is_some() {
            continue;
        }
        let down: Vec<&str> = survey
            .nodes_of(landing.proxmox)
            .iter()
            .filter(|n| n.status == NodeStatus::Offline)
            .map(|n| n.name.as_str())
            .collect();
        if down.is_empty() {
            continue;
        }
        let (noun, verb) = if down.len() == 1 { ("node", "is") } else { ("nodes", "are") };
        let cause = format!(
            "{noun} {} {verb} offline, and this early provider then makes no machine of a class without `node:`",
            list(&down)
        );
        out.push(
            Finding::new(&RULE, Address::class(&landing.class.id), cause)
                .fact("offline", list(&down))
                .fact("node of the class", "none")
                .act("bring the node back; the provider tries again each minute")
                .act("or name a node in the class (`node:`), or use a provider of 0.1 or newer"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use crate::live::NodeStatus;

    #[test]
    fn only_early_providers_and_classes_without_a_node() {
        let mut world = World::new();
        world.class("pinned", "{cores: 1, sockets: 1, memory: 2048, node: golf}");
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.node("hotel").status = NodeStatus::Offline;
        assert_eq!(world.found(&super::RULE), ["class/worker"]);
        world.provider("v0.1.0", "{}");
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }
}
