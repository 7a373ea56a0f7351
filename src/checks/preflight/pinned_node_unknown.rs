//! A class and the node that it names.

use crate::address::Address;
use crate::checks::preflight::survey::{Survey, list, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::diag::closest;

pub(super) static RULE: Rule = Rule {
    code: "OS0509",
    name: "pinned-node-unknown",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "provider, step pickNode: specified node not found in cluster",
    stage: Stage::Plan,
    title: "a class names a node that the cluster has not",
    means: "The name must be that of the list of nodes, letter by letter and in lower case. The provider does not fall back to another node.",
    bad: "node: Golf",
    good: "node: golf",
    act: "Write the name as Proxmox has it.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for landing in &survey.landings {
        let Some(pin) = landing.class.pinned() else { continue };
        let names: Vec<&str> = survey.nodes_of(landing.proxmox).iter().map(|n| n.name.as_str()).collect();
        if names.is_empty() || names.contains(&pin) {
            continue;
        }
        let cause = format!(
            "it names node {}, which Proxmox cluster {} has not: no machine of it can be made",
            name(pin),
            name(landing.proxmox)
        );
        let near = names.iter().find(|n| n.eq_ignore_ascii_case(pin)).copied();
        let near = near.or_else(|| closest(pin, names.iter().copied()));
        let act = near.map_or_else(
            || "name one of the nodes that are there".to_owned(),
            |near| format!("did you mean `{}`?", name(near)),
        );
        out.push(
            Finding::new(&RULE, Address::class(&landing.class.id), cause)
                .fact("nodes", list(&names))
                .act(act),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    #[test]
    fn the_name_must_be_there_letter_by_letter() {
        let mut world = World::new();
        world.class("pinned", "{cores: 1, sockets: 1, memory: 2048, node: golf}");
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.class("pinned", "{cores: 1, sockets: 1, memory: 2048, node: Golf}");
        let found = world.findings(&super::RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].act, ["did you mean `golf`?"]);
        world.seen().nodes = crate::live::Observation::default();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }
}
