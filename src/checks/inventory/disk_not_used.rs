//! Disks of a machine's VM that the VM does not use.

use std::collections::BTreeMap;

use super::left::{names, shared, size};
use super::sight::{shown, word};
use super::{Found, Inventory};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::live::{Device, ProxmoxSnapshot, Volume};

/// `disk-not-used`
pub(super) static RULE: Rule = Rule {
    code: "OS0559",
    name: "disk-not-used",
    severity: Severity::Info,
    basis: Basis::Source,
    source: "`qm disk rescan` finds unused disks in the same way; the provider removes a VM without `destroy-unreferenced-disks`",
    stage: Stage::Doctor,
    title: "a VM has disks that it does not use",
    means: "A storage has disks with the VMID of a machine's VM, and the VM's configuration names them as unused (`unused0`) or not at all: disks that were detached by hand, that a move to another storage left behind, or of an earlier VM with the same VMID. They use space. A disk that the configuration does not name stays when the provider removes the VM.",
    bad: "vm_ssd:vm-105-disk-1, and the configuration of VM 105 names vm-105-disk-0 only",
    good: "every disk with the VMID of a VM is in its configuration",
    act: "Look at what is on them, then remove them by hand.",
};

/// Whether a slot holds a disk that the VM uses, or a medium.
fn in_use(slot: &str) -> bool {
    ["efidisk", "ide", "sata", "scsi", "tpmstate", "virtio"].iter().any(|kind| {
        slot.strip_prefix(kind).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// What Proxmox VE makes beside the disks of a VM, and what is a container's or a template's.
fn special(name: &str) -> bool {
    let own = name.strip_prefix("vm-").map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    own.is_none_or(|own| ["-state-", "-fleece-", "-cloudinit"].iter().any(|kind| own.starts_with(kind)))
}

/// Whether nothing works on the VM, and its configuration says what it uses.
fn settled(found: &Found<'_>) -> bool {
    let config = found.config;
    let locked = config.plain.contains_key("lock") || found.guest.is_none_or(|guest| guest.lock.is_some());
    let disk = |key: &String| in_use(key) || key.starts_with("unused");
    !locked && config.pending_unknown.is_none() && !config.pending.iter().any(disk)
}

/// Kind of a storage. Two storages of one kind can be the same place under two names.
fn kind<'a>(seen: &'a ProxmoxSnapshot, storage: &str) -> Option<&'a str> {
    let listed = seen.storages.values().filter_map(|s| s.known()).flatten();
    listed.into_iter().find(|s| s.name == storage).map(|s| s.plugin.as_str())
}

/// Disks of the VM that its configuration does not name.
fn unnamed<'a>(found: &Found<'a>, seen: &'a ProxmoxSnapshot) -> BTreeMap<&'a str, &'a Volume> {
    let named = || found.config.devices.values();
    let elsewhere = |volume: &Volume, used: &Device| {
        let storage = volume.id.split(':').next().unwrap_or_default();
        let other = used.storage().unwrap_or_default();
        let name = used.main.rsplit(['/', ':']).next().unwrap_or_default();
        name == volume.name() && kind(seen, storage) == kind(seen, other)
    };
    let mut out = BTreeMap::new();
    for (place, volumes) in &seen.evidence.disks {
        let Some((node, storage)) = place.split_once('/') else { continue };
        // On another node it can be a replica.
        if node != found.node && !shared(seen, storage) {
            continue;
        }
        for volume in volumes.known().into_iter().flatten() {
            let own = volume.vmid == Some(found.vmid) && !special(volume.name());
            if own && !named().any(|used| used.main == volume.id || elsewhere(volume, used)) {
                out.insert(volume.id.as_str(), volume);
            }
        }
    }
    out
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.told() {
        let (Some(found), Some((_, seen))) = (machine.found(), machine.proxmox) else { continue };
        if !settled(found) {
            continue;
        }
        let detached: Vec<String> = found
            .config
            .devices
            .iter()
            .filter(|(slot, device)| slot.starts_with("unused") && !device.main.is_empty())
            .map(|(slot, device)| format!("{} ({})", shown(&device.main), shown(slot)))
            .collect();
        // A snapshot may use what the configuration does not name.
        let unnamed = if found.config.snapshots { BTreeMap::new() } else { unnamed(found, seen) };
        let volumes: Vec<&Volume> = unnamed.into_values().collect();
        let many = match detached.len() + volumes.len() {
            0 => continue,
            1 => "a disk",
            _ => "disks",
        };
        let place = super::place(found.node, found.vmid);
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            format!("its VM {place} has {many} that it does not use"),
        );
        if !detached.is_empty() {
            finding = finding.fact("detached", detached.join(", "));
        }
        if !volumes.is_empty() {
            finding = finding.fact("not in its configuration", names(&volumes));
            if let Some(size) = size(&volumes) {
                finding = finding.fact("size of these", size);
            }
            finding = finding.act(format!(
                "`qm disk rescan --vmid {}` on node {} writes them into the configuration as unused disks: from then on they go with the VM",
                found.vmid,
                word(found.node)
            ));
        }
        out.push(
            finding
                .act("look at what is on them, then remove them in the VM's hardware list in Proxmox")
                .cost("what is on the disks is lost"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::live::{Device, Observation, Reason, Volume};

    /// VM 101 on node a, whose disk is `s:vm-101-disk-0`, and what lies on storages.
    fn with(lists: &[(&str, &[&str])]) -> World {
        let mut world = World::new();
        for (at, ids) in lists {
            let volume = |id: &&str| Volume { id: (*id).into(), vmid: Some(101), size: 2 << 30 };
            let volumes = ids.iter().map(volume).collect();
            world.proxmox().evidence.disks.insert((*at).into(), Observation::Known(volumes));
        }
        world
    }

    fn told(mut world: World) -> Vec<(String, Vec<String>)> {
        let found = world.found(super::check);
        let facts = |f: &crate::checks::Finding| f.evidence.iter().map(|e| e.value.clone()).collect();
        found.iter().map(|f| (f.subject.to_string(), facts(f))).collect()
    }

    const MACHINE: &str = "machine/c-workers-bbbbb2";

    #[test]
    fn a_disk_that_no_configuration_names_is_told_with_its_size() {
        let world = || with(&[("a/s", &["s:vm-101-disk-0", "s:vm-101-disk-1"])]);
        let expected = (MACHINE.to_owned(), vec!["s:vm-101-disk-1".to_owned(), "2 GiB".to_owned()]);
        assert_eq!(told(world()), [expected]);
        let found = world().found(super::check);
        assert!(found[0].act[0].contains("qm disk rescan --vmid 101"), "{:?}", found[0].act);
        // The same name as the disk that it uses, on a storage of another kind: of an earlier VM.
        let mut other = with(&[("a/own", &["own:vm-101-disk-0"])]);
        let Some(Observation::Known(storages)) = other.proxmox().storages.get_mut("a") else { panic!() };
        storages[1].name = "own".into();
        storages[1].plugin = "lvmthin".into();
        storages[1].shared = false;
        assert_eq!(told(other)[0].1[0], "own:vm-101-disk-0");
    }

    #[test]
    fn a_disk_that_was_detached_is_told_by_its_name_in_the_configuration() {
        let mut world = with(&[("a/s", &["s:vm-101-disk-0", "s:vm-101-disk-1"])]);
        let device = Device { main: "s:vm-101-disk-1".into(), ..Device::default() };
        world.config(101).devices.insert("unused0".into(), device);
        world.config(101).snapshots = true;
        let found = world.found(super::check);
        assert_eq!(found[0].evidence[0].value, "s:vm-101-disk-1 (unused0)");
        assert!(found[0].evidence.len() == 1 && found[0].act.len() == 1, "{found:?}");
    }

    #[test]
    fn what_is_used_or_may_be_is_none() {
        let silent = |world: World| assert_eq!(told(world), []);
        silent(World::new());
        silent(with(&[("a/s", &["s:vm-101-disk-0"])]));
        // Beside the disks, of containers and templates, and of clones.
        for id in [
            "vm-101-cloudinit",
            "vm-101-state-before",
            "vm-101-fleece-0",
            "subvol-101-disk-0",
            "base-101-disk-0",
        ] {
            silent(with(&[("a/s", &[format!("s:{id}").as_str()])]));
        }
        let mut clone = with(&[("a/s", &["s:base-9-disk-0/vm-101-disk-0"])]);
        clone.config(101).devices.get_mut("scsi0").unwrap().main = "s:base-9-disk-0/vm-101-disk-0".into();
        silent(clone);
        // A replica on another node, and the same pool under a second name.
        silent(with(&[("b/own", &["own:vm-101-disk-1"])]));
        silent(with(&[("a/other", &["other:vm-101-disk-0"])]));
        let extra = || with(&[("a/s", &["s:vm-101-disk-1"])]);
        assert_eq!(told(extra()).len(), 1);
        // A snapshot may use it, or the running VM still does, or something works on the VM.
        let mut world = extra();
        world.config(101).snapshots = true;
        silent(world);
        let mut world = extra();
        world.config(101).pending = vec!["scsi1".into()];
        silent(world);
        let mut world = extra();
        world.config(101).pending_unknown = Some(Reason("x".into()));
        silent(world);
        let mut world = extra();
        world.guest(101).lock = Some("backup".into());
        silent(world);
        // What waits is no disk.
        let mut world = extra();
        world.config(101).pending = vec!["memory".into(), "net1".into()];
        assert_eq!(told(world).len(), 1);
    }

    #[test]
    fn nothing_is_said_of_what_was_not_seen() {
        let extra = || with(&[("a/s", &["s:vm-101-disk-1"])]);
        let unknown = || Observation::Unknown(Reason("x".into()));
        let mut world = extra();
        world.proxmox().evidence.disks.insert("a/s".into(), unknown());
        assert_eq!(told(world), []);
        let mut world = extra();
        world.proxmox().evidence.configs.insert(101, Observation::Unknown(Reason("x".into())));
        assert_eq!(told(world), []);
        let mut world = extra();
        world.proxmox().quorate = Observation::Known(false);
        assert_eq!(told(world), []);
    }
}
