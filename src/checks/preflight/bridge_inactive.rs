//! Bridges of the nodes on which a class can land.

use crate::checks::preflight::nets::{Trouble, tell};
use crate::checks::preflight::survey::Survey;
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
    let trouble = Trouble {
        rule: &RULE,
        what: "is not up",
        then: "",
        act: "bring it up: `ifup BRIDGE` on the node, or apply its pending configuration",
    };
    tell(survey, &trouble, |_, bridge| bridge.is_some_and(|b| !b.active), out);
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
