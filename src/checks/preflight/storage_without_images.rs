//! A storage that a selector takes and that cannot do it.

use crate::checks::preflight::matching::tell_taken;
use crate::checks::preflight::survey::{Landing, Survey};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::live::Storage;

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
    let act = "select a storage for disks by its name, or let this one hold them: `pvesm set STORAGE --content images,…`";
    let bad =
        |_: &Landing<'_>, s: &Storage| s.active && s.enabled && !s.content.iter().any(|c| c == "images");
    tell_taken(survey, (&RULE, "does not hold disks of VMs (`images`)", act), bad, out);
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
