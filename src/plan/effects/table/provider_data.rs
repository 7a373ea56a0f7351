//! What the Proxmox provider reads of a class, in all its generations.

use super::row::{NO_EFFECT, Proof, Row, Source};

const PROOF: Proof = Proof::Test("provider_data_leaves_machines_as_they_are");
const MADE: Source = Source::Reference("provider: after it made a VM it never looks at it again");

/// A field that only shapes new VMs.
const fn new(path: &'static [&'static str], rule: &'static str) -> Row {
    Row::new(path, NO_EFFECT, rule, MADE, PROOF)
}

/// The rows.
pub(super) const ROWS: &[Row] = &[
    new(&["cores"], "CPU cores per socket of VMs that are made later."),
    new(&["sockets"], "CPU sockets of VMs that are made later."),
    new(&["memory"], "MiB of memory of VMs that are made later."),
    new(&["cpu_type"], "CPU model of VMs that are made later."),
    new(&["machine_type"], "Chipset of VMs that are made later."),
    new(&["numa"], "NUMA of VMs that are made later."),
    new(&["hugepages"], "Page size of VMs that are made later."),
    new(&["balloon"], "Memory ballooning of VMs that are made later."),
    new(&["disk_size"], "GiB of the first disk of VMs that are made later; existing disks do not grow."),
    new(&["storage_selector"], "Storage of VMs that are made later; existing disks do not move."),
    new(&["disk_ssd"], "Disk option of VMs that are made later."),
    new(&["disk_discard"], "Disk option of VMs that are made later."),
    new(&["disk_iothread"], "Disk option of VMs that are made later."),
    new(&["disk_cache"], "Disk option of VMs that are made later."),
    new(&["disk_aio"], "Disk option of VMs that are made later."),
    new(&["additional_disks"], "Further disks of VMs that are made later; none is added to an existing VM."),
    new(&["network_bridge"], "Bridge of VMs that are made later."),
    new(&["vlan"], "VLAN of VMs that are made later."),
    new(&["additional_nics"], "Further network cards of VMs that are made later."),
    new(&["pci_devices"], "PCI devices of VMs that are made later."),
    new(&["node"], "Node of VMs that are made later; existing ones do not move."),
    new(&["tags"], "Tags of VMs that are made later; read from provider 0.1 on."),
    new(&["pool"], "Pool of VMs that are made later; read from provider 0.1 on."),
    new(&["network_firewall"], "Firewall flag of VMs that are made later; read from provider 0.1 on."),
    new(
        &["placement_strategy"],
        "How nodes are chosen for VMs that are made later; read from provider 0.2 on.",
    ),
    new(&["bios"], "Firmware of VMs that are made later; read from provider 0.2 on."),
    new(&["vga"], "Display of VMs that are made later; read from provider 0.2 on."),
    new(&["ha"], "High availability of VMs that are made later; read from provider 0.2 on."),
    new(&["usb_devices"], "USB devices of VMs that are made later; read from provider 0.3 on."),
    new(
        &[],
        "The provider ignores what it does not know; a provider of another kind reads it for new machines only.",
    ),
];
