//! Name servers of the nodes: advice only.

use crate::checks::preflight::survey::{Survey, list, name};
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};

pub(super) static RULE: Rule = Rule {
    code: "OS0525",
    name: "resolvers-public",
    severity: Severity::Info,
    basis: Basis::Reported,
    source: "deployments with split-horizon DNS; whether machines take the resolver of their host depends on the network",
    stage: Stage::Plan,
    title: "nodes ask public name servers",
    means: "A node asks a public resolver. Where the name of Omni has another answer inside than outside, a resolver from outside gives an address that machines cannot reach. Machines do not take the resolver of their node, but what DHCP hands out; both are most often the same, and only the node can be asked.",
    bad: "dns1: 1.1.1.1",
    good: "dns1: 192.168.3.1",
    act: "Look at what DHCP hands out on the network of the machines; let nodes and DHCP name the resolver that knows the inner answer.",
};

/// Resolvers that everybody knows, without the part that differs.
const PUBLIC: [&str; 14] = [
    "1.1.1.1",
    "1.0.0.1",
    "8.8.8.8",
    "8.8.4.4",
    "9.9.9.9",
    "149.112.112.112",
    "208.67.222.222",
    "208.67.220.220",
    "2606:4700:4700::1111",
    "2606:4700:4700::1001",
    "2001:4860:4860::8888",
    "2001:4860:4860::8844",
    "2620:fe::fe",
    "2620:fe::9",
];

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for (proxmox, seen) in survey.seen() {
        let mut finding: Option<Finding> = None;
        for (node, servers) in &seen.evidence.resolvers {
            let public: Vec<&str> = servers
                .known()
                .into_iter()
                .flatten()
                .map(String::as_str)
                .filter(|s| PUBLIC.contains(&s.to_ascii_lowercase().as_str()))
                .collect();
            if public.is_empty() {
                continue;
            }
            let told = finding.take().unwrap_or_else(|| {
                Finding::new(
                    &RULE,
                    Scene::cluster_address(proxmox),
                    "nodes ask public name servers: where the name of Omni has another answer inside, machines that do the same do not find it",
                )
                .act("look at what DHCP hands out on the network of the machines, for machines take that and not what their node has")
            });
            finding = Some(told.fact(format!("name servers of node {}", name(node)), list(&public)));
        }
        out.extend(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use crate::live::Observation;

    #[test]
    fn public_resolvers_are_advice() {
        let mut world = World::new();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        for node in ["golf", "hotel"] {
            let servers = vec!["192.168.3.1".to_owned(), "1.1.1.1".to_owned()];
            world.seen().evidence.resolvers.insert(node.to_owned(), Observation::Known(servers));
        }
        let found = world.findings(&super::RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].evidence.len(), 2);
    }
}
