//! Disks of VMs that are gone.

use super::Inventory;
use super::left::{left, names, size};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::live::{Observation, ProxmoxSnapshot, Volume};

/// `orphan-disk`
pub(super) static RULE: Rule = Rule {
    code: "OS0557",
    name: "orphan-disk",
    severity: Severity::Info,
    basis: Basis::Source,
    source: "the provider removes a VM without `destroy-unreferenced-disks`",
    stage: Stage::Doctor,
    title: "disks of VMs that are gone",
    means: "A storage has disks whose VMID no guest has: disks that were detached before their VM was removed, or of a removal that failed halfway. They use space. Proxmox VE shows such disks to a token with `Datastore.Audit` on the storage and `VM.Config.Disk` on `/vms`, or with `Datastore.Allocate` on the storage; `PVEAuditor` alone sees none.",
    bad: "vm_ssd:vm-120-disk-0, and no VM 120",
    good: "every disk belongs to a guest",
    act: "Compare, then remove them by hand. Another Proxmox cluster may share the storage.",
};

/// Whether it is a VM's, and nothing stands on it.
fn counts(seen: &ProxmoxSnapshot, volume: &Volume) -> bool {
    let name = volume.name();
    if ["subvol-", "basevol-"].iter().any(|of_containers| name.starts_with(of_containers)) {
        return false;
    }
    // A linked clone bears the name of its base image before its own, whichever storage shows it.
    let own = |id: &str| id.split_once(':').map_or("", |(_, own)| own).to_owned();
    let clones = format!("{}/", own(&volume.id));
    let mut all = seen.evidence.disks.values().filter_map(Observation::known).flatten();
    !name.starts_with("base-") || !all.any(|other| own(&other.id).starts_with(&clones))
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for left in left(inventory, |evidence| &evidence.disks, counts) {
        let many = if left.volumes.len() == 1 { "a disk" } else { "disks" };
        let mut finding = Finding::new(&RULE, left.storage, format!("it has {many} of VMs that are gone"))
            .fact("disks", names(&left.volumes));
        if let Some(size) = size(&left.volumes) {
            finding = finding.fact("size", size);
        }
        out.push(
            finding
                .act("make sure that no other Proxmox cluster shares the storage, then remove them by hand (`pvesm free VOLUME`)")
                .cost("what is on the disks is lost"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::live::{Observation, Reason, Volume};

    fn volume(id: &str, vmid: u32) -> Volume {
        Volume { id: id.into(), vmid: Some(vmid), size: 1 << 30 }
    }

    fn with(at: &str, volumes: &[(&str, u32)]) -> World {
        let mut world = World::new();
        let volumes = volumes.iter().map(|(id, vmid)| volume(id, *vmid)).collect();
        world.proxmox().evidence.disks.insert(at.into(), Observation::Known(volumes));
        world
    }

    #[test]
    fn a_disk_without_its_guest_is_told_once_and_others_are_not() {
        assert!(with("a/s", &[("s:vm-101-disk-0", 101)]).subjects(super::check).is_empty());
        let mut world = with("a/s", &[("s:vm-101-disk-0", 101), ("s:vm-120-disk-0", 120)]);
        let again = world.proxmox().evidence.disks["a/s"].clone();
        world.proxmox().evidence.disks.insert("b/s".into(), again);
        let found = world.found(super::check);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].subject.to_string(), "proxmox/x/storage/s");
        assert_eq!(found[0].evidence[0].value, "s:vm-120-disk-0");
        assert_eq!(found[0].evidence[1].value, "1 GiB");
    }

    #[test]
    fn a_disk_on_a_storage_of_one_node_is_told_of_that_node() {
        let mut world = with("a/own", &[("own:vm-120-disk-0", 120)]);
        let again = world.proxmox().evidence.disks["a/own"].clone();
        world.proxmox().evidence.disks.insert("b/own".into(), again);
        assert_eq!(
            world.subjects(super::check),
            ["proxmox/x/node/a/storage/own", "proxmox/x/node/b/storage/own"]
        );
    }

    #[test]
    fn nothing_is_gone_that_may_only_be_unseen() {
        let gone = || with("a/s", &[("s:vm-120-disk-0", 120)]);
        let unknown = || Reason("x".into());
        let mut world = gone();
        world.proxmox().guests = Observation::Unknown(unknown());
        assert!(world.subjects(super::check).is_empty());
        let mut world = gone();
        world.proxmox().quorate = Observation::Known(false);
        assert!(world.subjects(super::check).is_empty());
        // Made since the guests were listed, or being removed then.
        let mut world = gone();
        world.proxmox().evidence.vmids = Observation::Known(vec![120]);
        assert!(world.subjects(super::check).is_empty());
        world.proxmox().evidence.vmids = Observation::Unknown(unknown());
        assert!(world.subjects(super::check).is_empty());
        let mut world = gone();
        world.proxmox().evidence.disks.insert("a/s".into(), Observation::Unknown(unknown()));
        assert!(world.subjects(super::check).is_empty());
        // Its machine's record still names it.
        let mut world = with("a/s", &[("s:vm-101-disk-0", 101)]);
        world.remove_vm(101);
        assert!(world.subjects(super::check).is_empty());
    }

    #[test]
    fn containers_devices_and_what_clones_stand_on_are_passed_over() {
        let others = [
            ("s:subvol-120-disk-0", 120),
            ("s:basevol-120-disk-0", 120),
            ("s:base-120-disk-0", 120),
            ("s:base-120-disk-0/vm-101-disk-0", 101),
            ("f:120/base-120-disk-0.qcow2", 120),
            ("f:120/base-120-disk-0.qcow2/101/vm-101-disk-0.qcow2", 101),
        ];
        assert!(with("a/s", &others).subjects(super::check).is_empty());
        let mut world = with("a/san", &[]);
        let device = Volume { id: "san:0.0.1.scsi-36001405".into(), vmid: None, size: 1 };
        world.proxmox().evidence.disks.insert("a/san".into(), Observation::Known(vec![device]));
        assert!(world.subjects(super::check).is_empty());
        for alone in
            ["s:base-120-disk-0", "s:vm-120-cloudinit", "s:vm-120-state-x", "s:base-9-disk-0/vm-120-disk-0"]
        {
            let mut world = with("a/s", &[(alone, 120), ("s:base-120-disk-01/vm-101-disk-0", 101)]);
            assert_eq!(world.subjects(super::check), ["proxmox/x/storage/s"], "{alone}");
        }
    }

    #[test]
    fn a_hostile_name_is_harmless() {
        let found = with("a/s", &[("s:vm-120-\u{1b}[2Jx\n::error::", 120)]).found(super::check);
        assert!(!found[0].evidence[0].value.contains(['\u{1b}', '\n']), "{:?}", found[0].evidence);
    }
}
