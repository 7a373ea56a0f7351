//! Bridges that the token may not see.

use crate::checks::preflight::survey::{Survey, list};
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule {
    code: "OS0520",
    name: "bridges-not-shown",
    severity: Severity::Info,
    basis: Basis::Source,
    source: "Proxmox VE 9: bridges are listed only with `SDN.Audit` or `SDN.Use` on them",
    stage: Stage::Plan,
    title: "bridges are not shown",
    means: "Nodes show no bridge at all, which a node with VMs has not: the token has neither `SDN.Audit` nor `SDN.Use` there. Whether the bridges of the classes exist is not known. If the provider has the same token, it may not use them either.",
    bad: "PVEVMAdmin without SDN.Use",
    good: "PVESDNUser on /sdn/zones/localnetwork",
    act: "Grant `SDN.Audit` (this program) or `SDN.Use` (the provider) on `/sdn/zones/localnetwork`.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for (proxmox, seen) in survey.seen() {
        // Of a token without any rights this is no news.
        if seen.permissions.known().is_some_and(BTreeMap::is_empty) {
            continue;
        }
        let all = &seen.evidence.bridges;
        let hidden: Vec<&str> = all
            .iter()
            .filter(|(_, bridges)| bridges.known().is_some_and(Vec::is_empty))
            .map(|(node, _)| node.as_str())
            .collect();
        if hidden.is_empty() {
            continue;
        }
        let cause = format!(
            "no bridge is shown on {}: the token has neither `SDN.Audit` nor `SDN.Use` on it, so whether the bridges of the classes are there is not known",
            list(&hidden)
        );
        out.push(
            Finding::new(&RULE, Scene::cluster_address(proxmox), cause)
                .fact("bridges", "none")
                .act("grant `SDN.Audit` on `/sdn/zones/localnetwork`; the provider needs `SDN.Use` there"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use std::collections::BTreeMap;

    use crate::live::Observation;

    #[test]
    fn a_node_without_any_bridge_hides_them() {
        let mut world = World::new();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.bridges("golf").clear();
        assert_eq!(world.found(&super::RULE), ["proxmox/matrix"]);
        world.seen().permissions = Observation::Known(BTreeMap::new());
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }
}
