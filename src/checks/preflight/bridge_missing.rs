//! Bridges of the nodes on which a class can land.

use crate::checks::preflight::nets::{Trouble, tell};
use crate::checks::preflight::survey::Survey;
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

pub(super) static RULE: Rule = Rule {
    code: "OS0518",
    name: "bridge-missing",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Proxmox VE 9, start of a VM: a bridge is looked for only then",
    stage: Stage::Plan,
    title: "a bridge is not on every node",
    means: "Proxmox does not look for the bridge when it makes a VM, and fails when it starts it (`bridge does not exist`). The provider logs `stopped` and tries the same task for ever.",
    bad: "network_bridge: vmbr9",
    good: "network_bridge: vmbr0",
    act: "Make the bridge on the node, name another one, or name a node that has it.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    let trouble = Trouble {
        rule: &RULE,
        what: "is not there",
        then: ": the VM is made and does not start",
        act: "make the bridge there, name another one, or name a node that has it",
    };
    tell(survey, &trouble, |_, bridge| bridge.is_none(), out);
}

#[cfg(test)]
mod tests {
    use crate::checks::Severity;
    use crate::checks::preflight::rehearsal::World;
    use crate::live::Observation;

    #[test]
    fn certain_on_a_pinned_node_and_a_warning_elsewhere() {
        let mut world = World::new();
        world.class(
            "pinned",
            "{cores: 1, sockets: 1, memory: 2048, disk_size: 9, node: golf, storage_selector: 'true'}",
        );
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.bridges("golf")[0].name = "vmbr7".to_owned();
        let found = world.findings(&super::RULE);
        let by: Vec<Severity> = found.iter().map(|f| f.severity).collect();
        assert_eq!(by, [Severity::Error, Severity::Warning]);
        // A node that shows none hides them.
        world.seen().evidence.bridges.insert("golf".to_owned(), Observation::Known(Vec::new()));
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }
}
