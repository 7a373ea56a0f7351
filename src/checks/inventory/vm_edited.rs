//! A VM whose configuration somebody changed.

use super::Inventory;
use super::expected::edits;
use super::sight::{shown, time};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `vm-edited`
pub(super) static RULE: Rule = Rule {
    code: "OS0546",
    name: "vm-edited",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "the provider sets a VM's configuration once, when it makes the VM, from the provider data in the machine request",
    stage: Stage::Doctor,
    title: "the configuration of a VM was changed",
    means: "The VM differs from what the provider made of its request: not of the class, which may have been edited since. Compared as meaning are cores, memory, CPU, board, disks and their options, network cards, devices, name and tags. What Proxmox writes itself (MACs, boot order, `meta`, join image) and larger disks are no difference.",
    bad: "VM 105 has 4 cores and a second disk; its request says 8 cores and one disk",
    good: "VM 105 is as its request says",
    act: "Put it back, or put the wanted size into the class and replace the machine: changes to a VM are lost with it.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.told().filter(|m| m.provisioned() && !m.going()) {
        let Some(found) = machine.found() else { continue };
        let generation = inventory.scene.generation(machine.provider);
        let edits = edits(machine, found, generation).unwrap_or_default();
        let pending = &found.config.pending;
        if edits.is_empty() && pending.is_empty() {
            continue;
        }
        let place = super::place(found.node, found.vmid);
        let keys: Vec<&str> = edits.iter().map(|e| e.key.as_str()).collect();
        let what =
            if keys.is_empty() { "changes that wait for a power cycle".to_owned() } else { keys.join(", ") };
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            format!("its VM {place} is not as the provider made it: {what}"),
        );
        for edit in &edits {
            finding = finding.fact(edit.key.clone(), format!("{} -> {}", edit.made, edit.now));
        }
        if !pending.is_empty() {
            let keys: Vec<String> = pending.iter().map(|k| shown(k)).collect();
            finding = finding.fact("takes effect at the next power cycle", keys.join(", "));
        }
        if let Some((_, seen)) = machine.proxmox
            && let Some(task) =
                Inventory::task(&seen.evidence, &["qmconfig", "qmresize", "qmmove"], found.vmid)
        {
            finding = finding.fact("changed by", format!("{} at {}", shown(&task.user), time(task.started)));
        }
        out.push(
            finding
                .act("put it back in Proxmox, or change the class and replace the machine: scale its set up by one, then down")
                .cost("most settings of a VM need a power cycle; a replacement loses the machine's disk"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::{DATA, World};
    use crate::live::Device;

    fn keys(world: &mut World) -> Vec<String> {
        world.found(super::check).into_iter().flat_map(|f| f.evidence).map(|f| f.what).collect()
    }

    #[test]
    fn each_changed_setting_is_named() {
        let cases: Vec<(&str, fn(&mut World))> =
            vec![
                ("cores", |w| w.set(101, "cores", "4")),
                ("memory", |w| w.set(101, "memory", "1024")),
                ("cpu", |w| drop(w.config(101).plain.remove("cpu"))),
                ("scsihw", |w| w.set(101, "scsihw", "virtio-scsi-pci")),
                ("machine", |w| w.set(101, "machine", "q35")),
                ("numa", |w| w.set(101, "numa", "1")),
                ("balloon", |w| w.set(101, "balloon", "1024")),
                ("hugepages", |w| w.set(101, "hugepages", "2")),
                ("bios", |w| w.set(101, "bios", "ovmf")),
                ("vga", |w| w.set(101, "vga", "serial0")),
                ("net0 link down", |w| w.option(101, "net0", "link_down", "1")),
                ("usb0", |w| {
                    drop(
                        w.config(101)
                            .devices
                            .insert("usb0".into(), Device { main: "1d6b:0002".into(), ..Device::default() }),
                    );
                }),
                ("onboot", |w| w.set(101, "onboot", "0")),
                ("agent", |w| w.set(101, "agent", "0")),
                ("name", |w| w.config(101).name = Some("mine".into())),
                ("tags", |w| w.config(101).tags.clear()),
                ("scsi1", |w| {
                    drop(w.config(101).devices.insert(
                        "scsi1".into(),
                        Device { main: "s:vm-101-disk-1".into(), ..Device::default() },
                    ));
                }),
                ("scsi0", |w| drop(w.config(101).devices.remove("scsi0"))),
                ("scsi0 size", |w| w.option(101, "scsi0", "size", "10G")),
                ("scsi0 cache", |w| w.option(101, "scsi0", "cache", "writeback")),
                ("scsi0 ssd", |w| w.option(101, "scsi0", "ssd", "1")),
                ("net0 bridge", |w| w.option(101, "net0", "bridge", "vmbr9")),
                ("net0 VLAN", |w| w.option(101, "net0", "tag", "20")),
                ("net0 firewall", |w| w.option(101, "net0", "firewall", "0")),
                ("hostpci0", |w| {
                    drop(w.config(101).devices.insert(
                        "hostpci0".into(),
                        Device { main: "0000:01:00.0".into(), ..Device::default() },
                    ));
                }),
                ("takes effect at the next power cycle", |w| w.config(101).pending = vec!["memory".into()]),
            ];
        for (key, edit) in cases {
            let mut world = World::new();
            edit(&mut world);
            assert_eq!(keys(&mut world), [key], "{key}");
        }
        // A disk on a storage that its selector never takes.
        let mut world = World::new();
        world.config(101).devices.get_mut("scsi0").unwrap().main = "other:vm-101-disk-0".into();
        assert_eq!(keys(&mut world), ["scsi0 storage"]);
    }

    #[test]
    fn what_proxmox_writes_itself_and_the_class_are_no_edit() {
        assert!(keys(&mut World::new()).is_empty());
        let mut world = World::new();
        world.option(101, "scsi0", "size", "200G");
        world.set(101, "boot", "order=net0");
        world.set(101, "cpu", "cputype=x86-64-v2-AES");
        world.set(101, "memory", "current=4096");
        world.config(101).devices.insert(
            "ide0".into(),
            Device {
                main: "l:iso/user-data-101.iso".into(),
                options: [("media".to_owned(), "cdrom".to_owned())].into(),
            },
        );
        world.config(101).tags.push("go-proxmox+cloud-init".into());
        world.live("MachineClasses", "w").resource.spec = crate::value::Value::map();
        assert_eq!(keys(&mut world), Vec::<String>::new());
        // Provider data that is no mapping compares with nothing.
        let mut world = World::new();
        world.set(101, "cores", "4");
        world.spec("MachineRequests", "c-workers-bbbbb2", serde_json::json!({"provider_data": "- a"}));
        assert!(keys(&mut world).is_empty());
    }

    #[test]
    fn the_release_of_the_provider_tells_what_it_made() {
        const SCHEMAS: [(&str, &str); 3] =
            [("", "{}"), ("", r#"{"properties": {"pool": {}}}"#), ("v0.2.0", "{}")];
        let of = |data: &str, schema: (&str, &str), edit: fn(&mut World)| {
            let mut world = World::new();
            let spec = serde_json::json!({"name": "Proxmox", "version": schema.0, "schema": schema.1});
            world.spec("InfraProviderStatuses", "p", spec);
            let text = format!("{DATA}{data}");
            world.spec("MachineRequests", "c-workers-bbbbb2", serde_json::json!({"provider_data": text}));
            edit(&mut world);
            keys(&mut world)
        };
        let all = |data: &str, edit: fn(&mut World)| SCHEMAS.map(|schema| of(data, schema, edit));
        // A key of 0.1, one of 0.2: what ran before did not read them.
        assert_eq!(
            all("network_firewall: false", |_| {}),
            [vec![], vec!["net0 firewall"], vec!["net0 firewall"]]
        );
        let off: fn(&mut World) = |w| w.option(101, "net0", "firewall", "0");
        assert_eq!(all("network_firewall: false", off), [vec!["net0 firewall"], vec![], vec![]]);
        assert_eq!(all("tags: [gpu]", |_| {}), [vec![], vec!["tags"], vec!["tags"]]);
        assert_eq!(all("bios: ovmf", |_| {}), [vec![], vec![], vec!["bios", "efidisk0"]]);
        assert_eq!(all("vga: serial0", |w| w.set(101, "vga", "serial0")), [vec!["vga"], vec!["vga"], vec![]]);
        // Of a provider that told nothing, only what no release makes is an edit.
        let mut world = World::new();
        world.gone("InfraProviderStatuses", "p");
        let text = format!("{DATA}network_firewall: false");
        world.spec("MachineRequests", "c-workers-bbbbb2", serde_json::json!({"provider_data": text}));
        assert_eq!(keys(&mut world), Vec::<String>::new());
        world.set(101, "cores", "4");
        assert_eq!(keys(&mut world), ["cores"]);
    }

    #[test]
    fn a_setting_may_be_written_in_more_ways_than_one() {
        let text = format!("{DATA}machine_type: q35\nnuma: true\n");
        let with = |edits: &[(&str, &str)]| {
            let mut world = World::new();
            world.spec("MachineRequests", "c-workers-bbbbb2", serde_json::json!({"provider_data": text}));
            for (key, value) in [("machine", "q35"), ("numa", "1")].iter().chain(edits) {
                world.set(101, key, value);
            }
            keys(&mut world)
        };
        let none: [&str; 0] = [];
        for same in [
            &[("machine", "pc-q35-9.0")][..],
            &[("machine", "q35,viommu=intel")],
            &[("numa", "yes"), ("onboot", "on")],
            &[("agent", "1,fstrim_cloned_disks=1")],
            &[("agent", "enabled=1")],
            &[("vga", "type=std")],
        ] {
            assert_eq!(with(same), none, "{same:?}");
        }
        for (edit, key) in [
            (("machine", "pc"), "machine"),
            (("machine", "pc-i440fx-9.0"), "machine"),
            (("numa", "0"), "numa"),
            (("agent", "enabled=0"), "agent"),
            (("vga", "std,memory=32"), "vga"),
        ] {
            assert_eq!(with(&[edit]), [key], "{edit:?}");
        }
    }
}
