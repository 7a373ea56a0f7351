//! A Proxmox cluster without a majority.

use crate::checks::preflight::survey::Survey;
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};

pub(super) static RULE: Rule = Rule {
    code: "OS0505",
    name: "quorum-lost",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Proxmox VE 9: the cluster file system is read-only without a majority of the nodes",
    stage: Stage::Plan,
    title: "a Proxmox cluster has no quorum",
    means: "The node that was asked does not hear a majority of the cluster. Proxmox then refuses every write (`cluster not ready - no quorum?`): no VM is made, started or removed. What it shows of other nodes is old.",
    bad: "two of three nodes are down",
    good: "a majority of the nodes hears each other",
    act: "Bring nodes back until a majority is up, or look at the network between them; `pvecm status` on a node.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for (proxmox, seen) in survey.seen() {
        if seen.quorate.known() != Some(&false) {
            continue;
        }
        out.push(
            Finding::new(
                &RULE,
                Scene::cluster_address(proxmox),
                "it has no quorum, as the node that was asked sees it: no VM is made, started or removed, and what it shows of other nodes is old",
            )
            .fact("quorate", "0")
            .act("bring nodes back until a majority of them is up; `pvecm status` on a node shows who hears whom"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use crate::live::Observation;

    #[test]
    fn a_minority_is_told_of() {
        let mut world = World::new();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.seen().quorate = Observation::default();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.seen().quorate = Observation::Known(false);
        assert_eq!(world.found(&super::RULE), ["proxmox/matrix"]);
    }
}
