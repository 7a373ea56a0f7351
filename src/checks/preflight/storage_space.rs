//! New disks and the room for them.

use crate::checks::placement::{Outlook, Room};
use crate::checks::preflight::survey::bytes;
use crate::checks::{Basis, Finding, Rule, Scene, Severity, Stage};

pub(super) static RULE: Rule = Rule {
    code: "OS0516",
    name: "storage-space",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Proxmox VE 9: LVM and ZFS take the whole size of a disk when it is made, other storages what is written",
    stage: Stage::Plan,
    title: "a storage has less room than the new disks ask for",
    means: "The disks of the new machines together are larger than what is free. On LVM and ZFS the creation fails, and is never tried again; on storages that take what is written (LVM-thin, Ceph, files) it succeeds, and all VMs on the storage stop with I/O errors on the day that it is full.",
    bad: "three machines of 400 GiB on a storage with 1 TiB free",
    good: "disks that fit, all of them together",
    act: "Make room, ask for smaller disks, or select another storage. A storage that nodes share is counted once.",
};

pub(super) fn check(outlook: &Outlook, out: &mut Vec<Finding>) {
    for storage in outlook.storages.iter().filter(|s| s.disks > 0 && s.bytes.over(100)) {
        let cluster = Scene::cluster_address(&storage.proxmox);
        let subject = match &storage.node {
            Some(node) => cluster.child("node", node),
            None => cluster,
        };
        let Room { before, after, limit } = storage.bytes;
        let fails = if storage.thick {
            "the creation of a disk fails where it does not fit, and is not tried again"
        } else {
            "disks take what is written to them, so it fills up later, and then every VM on it stops"
        };
        let disks =
            if storage.disks == 1 { "1 new disk asks" } else { &format!("{} new disks ask", storage.disks) };
        let cause = format!(
            "{disks} for {}, and {} of {} are free: {fails}",
            bytes(after.saturating_sub(before)),
            bytes(limit.saturating_sub(before)),
            bytes(limit)
        );
        let mut finding = Finding::new(&RULE, subject.child("storage", &storage.storage), cause)
            .fact("in use", bytes(before))
            .fact("with the new disks", bytes(after))
            .fact("size", bytes(limit))
            .act("make room, ask for smaller disks, or select another storage");
        if !storage.thick {
            finding.severity = Severity::Warning;
        }
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::Severity;
    use crate::checks::preflight::rehearsal::World;

    #[test]
    fn all_new_disks_count_together_and_a_shared_storage_once() {
        let mut world = World::new();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        for node in ["foxtrot", "golf", "hotel"] {
            let storage = world.storage(node, "vm_ssd");
            (storage.total, storage.avail) = (400 << 30, 150 << 30);
        }
        let found = world.findings(&super::RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].subject.to_string(), "proxmox/matrix/storage/vm_ssd");
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(found[0].cause.starts_with("2 new disks ask for 200 GiB, and 150 GiB of 400 GiB are free"));
        world.storage("hotel", "vm_ssd").plugin = "lvm".to_owned();
        world.storage("hotel", "vm_ssd").shared = false;
        let found = world.findings(&super::RULE);
        assert_eq!(found[0].subject.to_string(), "proxmox/matrix/node/hotel/storage/vm_ssd");
        assert_eq!(found[0].severity, Severity::Error);
    }
}
