//! A storage that a selector takes and that cannot do it.

use crate::address::Address;
use crate::checks::preflight::matching::{state, taken};
use crate::checks::preflight::survey::{Survey, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

pub(super) static RULE: Rule = Rule {
    code: "OS0515",
    name: "storage-without-images",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "provider, step syncVM: content, enabled and active are not looked at",
    stage: Stage::Plan,
    title: "a storage that a selector takes holds no disks of VMs",
    means: "The provider takes the first storage by id for which the selector is true, and does not look at what it holds. This one does not hold `images`: Proxmox refuses the VM (`storage does not support vm images`). A selector such as `true` takes `local`.",
    bad: "storage_selector: true",
    good: "storage_selector: name == \"vm_ssd\"",
    act: "Select a storage for disks by its name, or let the storage hold them: `pvesm set STORAGE --content images,…`.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for landing in &survey.landings {
        for disk in &landing.disks {
            for (storage, nodes) in taken(survey, landing, disk, |s| {
                s.active && s.enabled && !s.content.iter().any(|c| c == "images")
            }) {
                let cause = format!(
                    "`{}` ({}) takes storage {}, which does not hold disks of VMs (`images`), {}",
                    name(disk.selector),
                    disk.key,
                    name(&storage),
                    landing.on(&nodes)
                );
                let mut finding = Finding::new(&RULE, Address::class(&landing.class.id), cause);
                for node in nodes.iter().take(3) {
                    let seen = landing.storages(node).into_iter().flatten().find(|s| s.name == storage);
                    if let Some(seen) = seen {
                        finding =
                            finding.fact(format!("{} on node {}", name(&storage), name(node)), state(seen));
                    }
                }
                finding.severity = landing.severity(nodes.len());
                out.push(finding.act("select a storage for disks by its name, or let this one hold them: `pvesm set STORAGE --content images,…`"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    #[test]
    fn the_first_by_id_wins_whatever_it_holds() {
        let mut world = World::new();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.class("worker", "{cores: 1, sockets: 1, memory: 2048, disk_size: 9, storage_selector: 'true'}");
        let found = world.findings(&super::RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].cause.contains("takes storage local,"), "{}", found[0].cause);
    }
}
