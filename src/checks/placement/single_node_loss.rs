//! Control planes on one node.

use crate::checks::placement::Outlook;
use crate::checks::preflight::survey::Survey;
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

pub(super) static RULE: Rule = Rule {
    code: "OS0530",
    name: "single-node-loss",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "etcd: more than half of the members must be up; provider before 0.2: all machines of a set land on one node",
    stage: Stage::Plan,
    title: "the loss of one Proxmox node stops etcd",
    means: "So many control planes of the cluster are on one Proxmox node that without it etcd has no majority: the cluster takes no changes, and what fails is not replaced. A template has one class for control planes, so naming a node in it puts all of them on that node.",
    bad: "three control planes on node golf",
    good: "one control plane on each of three nodes",
    act: "A provider of 0.2 or newer spreads the machines of a set: with it, replace the control planes one at a time. Never migrate VMs instead: the provider removes a machine only where it made it.",
};

pub(super) fn check(survey: &Survey<'_>, outlook: &Outlook, out: &mut Vec<Finding>) {
    for cluster in &outlook.clusters {
        let grows = cluster.after != cluster.now;
        let stand = if grows { &cluster.after } else { &cluster.now };
        // A single control plane survives nothing by design.
        let Some(worst) = stand.fatal().filter(|_| stand.control_planes > 1) else { continue };
        let on_it = stand.control_planes.saturating_sub(worst.control_planes);
        let already =
            cluster.now.fatal().is_some_and(|w| (&w.node, &w.proxmox) == (&worst.node, &worst.proxmox));
        let (are, sure) = if grows && !already { ("will be", " (predicted)") } else { ("are", "") };
        let also = if stand.down > 0 && stand.down < on_it { " or on nodes that are offline" } else { "" };
        let cause = format!(
            "{on_it} of {} control planes {are} on node {}{also}{sure}: without it etcd stops",
            stand.control_planes, worst.node
        );
        let mut finding =
            Finding::new(&RULE, cluster.cluster.clone(), cause).fact("node", worst.node.clone()).fact(
                "control planes left without it",
                format!("{} of {}", worst.control_planes, stand.control_planes),
            );
        let nodes = survey.nodes_of(&worst.proxmox).len();
        if nodes == 1 {
            finding.severity = Severity::Info;
            out.push(finding.act("nothing: the Proxmox cluster has one node"));
            continue;
        }
        if !also.is_empty() {
            finding = finding.act("bring back the nodes that are offline first");
        }
        out.push(
            finding
                .act(if grows && !already {
                    "use a provider of 0.2 or newer first: it spreads the machines of a set over the nodes; `node:` does not help, for a template has one class for all its control planes"
                } else {
                    "with a provider of 0.2 or newer, which spreads the machines of a set, replace control planes one at a time, each after etcd is whole again; `node:` does not help, for a template has one class for all its control planes"
                })
                .act("do not migrate VMs: the provider removes a machine only where it made it"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    #[test]
    fn two_of_three_on_one_node_are_too_many() {
        let mut world = World::new();
        world.size("c-workers", 0);
        for (i, node) in ["foxtrot", "golf", "hotel"].into_iter().enumerate() {
            world.machine("c-control-planes", &format!("c-control-planes-{i}"), node, 100 + i as u32);
        }
        world.size("c-control-planes", 3);
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        for guest in world.guests() {
            guest.node = "golf".to_owned();
        }
        let found = world.findings(&super::RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].subject.to_string(), "cluster/c");
        assert_eq!(found[0].cause, "3 of 3 control planes are on node golf: without it etcd stops");
        world.size("c-control-planes", 1);
    }

    #[test]
    fn what_the_provider_would_do_is_told_before() {
        let mut world = World::new();
        world.size("c-control-planes", 3);
        let found = world.findings(&super::RULE);
        assert_eq!(
            found[0].cause,
            "3 of 3 control planes will be on node hotel (predicted): without it etcd stops"
        );
        world.provider("v0.2.0", "{}");
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.provider("", "{}");
        world.size("c-control-planes", 1);
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }
    #[test]
    fn machines_on_their_way_stay_where_the_provider_put_them() {
        let mut world = World::new();
        world.size("c-workers", 0);
        world.size("c-control-planes", 3);
        world.list("MachineSets", "c-control-planes", serde_json::json!({}));
        let label = |name: &str| format!("{}{name}", crate::resource::OMNI_PREFIX);
        let set = &mut world.types("MachineSets").last_mut().unwrap().resource;
        set.labels = [(label("cluster"), "c".to_owned()), (label("role-controlplane"), String::new())].into();
        for (i, node) in ["foxtrot", "golf", "hotel"].into_iter().enumerate() {
            let request = format!("c-control-planes-{i}");
            world.machine("c-control-planes", &request, node, 100 + i as u32);
            world.list("MachineRequests", &request, serde_json::json!({}));
            let request = &mut world.types("MachineRequests").last_mut().unwrap().resource;
            request.labels.insert(label("machine-request-set"), "c-control-planes".to_owned());
        }
        // None of them has joined: they are no nodes of the cluster yet.
        world.types("MachineSetNodes").clear();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        for guest in world.guests() {
            guest.node = "golf".to_owned();
        }
        assert!(
            world.findings(&super::RULE)[0].cause.contains("on node golf"),
            "not where the next ones would go"
        );
    }
}
