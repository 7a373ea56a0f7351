//! A storage that some nodes have and others have not.

use crate::address::Address;
use crate::checks::preflight::matching::{Verdict, elsewhere, taken, verdict};
use crate::checks::preflight::survey::{Survey, list, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

pub(super) static RULE: Rule = Rule {
    code: "OS0513",
    name: "storage-not-on-node",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "provider, step syncVM: the selector is read on the node that was chosen before",
    stage: Stage::Plan,
    title: "a storage is not on every node",
    means: "The node of a machine is chosen first, and then the selector is evaluated on that node. There it is true for no storage, though it is on other nodes: machines that land there are never made, and the node is not chosen again.",
    bad: "node: hotel with a storage that is enabled on foxtrot and golf only",
    good: "node: golf",
    act: "Enable the storage on the node (`pvesm set STORAGE --nodes A,B`), or name a node that has it.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for landing in &survey.landings {
        for disk in &landing.disks {
            // A node lists a storage that is not meant for it as not enabled; the provider takes it all the same.
            for (storage, nodes) in
                taken(survey, landing, disk, |s| !s.enabled && elsewhere(landing, &s.name))
            {
                let cause = format!(
                    "`{}` ({}) takes storage {}, which is not enabled {}",
                    name(disk.selector),
                    disk.key,
                    name(&storage),
                    landing.on(&nodes)
                );
                let mut finding = Finding::new(&RULE, Address::class(&landing.class.id), cause)
                    .fact("storage", name(&storage))
                    .act(format!("enable the storage on {} too, or select another one", list(&nodes)));
                finding.severity = landing.severity(nodes.len());
                out.push(finding);
            }
            let Verdict::Lacking { lacking, having } = verdict(survey, landing, disk) else { continue };
            let cause = format!(
                "`{}` ({}) is true for no storage {}; on {} it is",
                name(disk.selector),
                disk.key,
                landing.on(&lacking),
                list(&having)
            );
            let mut finding = Finding::new(&RULE, Address::class(&landing.class.id), cause);
            for node in lacking.iter().take(3) {
                let names: Vec<&str> =
                    landing.storages(node).into_iter().flatten().map(|s| s.name.as_str()).collect();
                finding = finding.fact(format!("storages of node {}", name(node)), list(&names));
            }
            finding.severity = landing.severity(lacking.len());
            let one = having.first().map_or_else(String::new, |n| format!(" (`node: {}`)", name(n)));
            out.push(finding.act(format!(
                "enable the storage on {} too, or name a node that has it{one}",
                list(&lacking)
            )));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::Severity;
    use crate::checks::preflight::rehearsal::World;

    #[test]
    fn certain_where_the_class_names_the_node_and_a_warning_where_it_may_land_elsewhere() {
        let mut world = World::new();
        world.class(
            "pinned",
            "{cores: 1, sockets: 1, memory: 2048, disk_size: 9, node: hotel, storage_selector: 'name == \"vm_ssd\"'}",
        );
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.storages("hotel").retain(|s| s.name != "vm_ssd");
        let found = world.findings(&super::RULE);
        let by: Vec<(String, Severity)> = found.iter().map(|f| (f.subject.to_string(), f.severity)).collect();
        assert_eq!(
            by,
            [("class/pinned".to_owned(), Severity::Error), ("class/worker".to_owned(), Severity::Warning)]
        );
        assert!(found[0].cause.contains("on foxtrot and golf it is"), "{}", found[0].cause);
    }
}
