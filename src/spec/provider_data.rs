//! What the Proxmox provider reads in `providerdata`: one table for both of its generations.
//!
//! The provider reads with Go's rules, without looking at the schema that it publishes: keys that it does not know are
//! ignored, absent numbers are 0. Omni checks the schema when a class is written.

use crate::yaml::{Mismatch, Node, as_bool, as_i64, as_list, as_pairs, as_string, as_u64};

/// Type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A signed number.
    Int,
    /// An unsigned number.
    Uint,
    /// A truth value.
    Bool,
    /// Text; numbers are taken by their spelling.
    Text,
    /// A list of texts.
    Texts,
    /// A mapping.
    Table(&'static [(&'static str, Type)]),
    /// A list of mappings.
    Tables(&'static [(&'static str, Type)]),
    /// Not looked into.
    Any,
}

use Type::{Any, Bool, Int, Table, Tables, Text, Texts, Uint};

/// Fields that came with a release, by the last part of their path: major and minor number of the release.
const SINCE: [(&str, (u64, u64)); 9] = [
    ("tags", (0, 1)),
    ("pool", (0, 1)),
    ("network_firewall", (0, 1)),
    ("mdev", (0, 1)),
    ("placement_strategy", (0, 2)),
    ("bios", (0, 2)),
    ("vga", (0, 2)),
    ("ha", (0, 2)),
    ("usb_devices", (0, 3)),
];

/// The first release that reads a field, by the last part of its path; 0.0 was before the first of them.
pub fn since(field: &str) -> (u64, u64) {
    SINCE.iter().find(|(name, _)| *name == field).map_or((0, 0), |(_, release)| *release)
}

const DISK: &[(&str, Type)] = &[
    ("disk_size", Int),
    ("storage_selector", Text),
    ("disk_ssd", Bool),
    ("disk_discard", Bool),
    ("disk_iothread", Bool),
    ("disk_cache", Text),
    ("disk_aio", Text),
];
const NIC: &[(&str, Type)] = &[("bridge", Text), ("vlan", Uint), ("firewall", Bool)];
const PCI: &[(&str, Type)] =
    &[("mapping", Text), ("pcie", Bool), ("primary_gpu", Bool), ("rombar", Bool), ("mdev", Text)];
const USB: &[(&str, Type)] = &[("mapping", Text), ("usb3", Bool)];
const HA: &[(&str, Type)] = &[
    ("state", Text),
    ("comment", Text),
    ("max_restart", Int),
    ("max_relocate", Int),
    ("failback", Bool),
    ("rules", Any),
    ("node_affinity_nodes", Any),
    ("node_affinity_strict", Bool),
    ("resource_affinity", Any),
];

/// Every field that some generation of the provider reads.
pub const FIELDS: &[(&str, Type)] = &[
    ("cores", Int),
    ("sockets", Int),
    ("memory", Uint),
    ("cpu_type", Text),
    ("machine_type", Text),
    ("numa", Bool),
    ("hugepages", Text),
    ("balloon", Bool),
    ("disk_size", Int),
    ("storage_selector", Text),
    ("disk_ssd", Bool),
    ("disk_discard", Bool),
    ("disk_iothread", Bool),
    ("disk_cache", Text),
    ("disk_aio", Text),
    ("additional_disks", Tables(DISK)),
    ("network_bridge", Text),
    ("vlan", Uint),
    ("additional_nics", Tables(NIC)),
    ("pci_devices", Tables(PCI)),
    ("node", Text),
    // From 0.1 on.
    ("tags", Texts),
    ("pool", Text),
    ("network_firewall", Bool),
    // From 0.2 on.
    ("placement_strategy", Text),
    ("bios", Text),
    ("vga", Text),
    ("ha", Table(HA)),
    // From 0.3 on.
    ("usb_devices", Tables(USB)),
];

/// Why a value cannot be read as its field's type; null can always, and means zero.
pub(super) fn check(kind: Type, node: &Node) -> Result<(), Mismatch> {
    match kind {
        Int => as_i64(node).map(|_| ()),
        Uint => as_u64(node).map(|_| ()),
        Bool => as_bool(node).map(|_| ()),
        Text => as_string(node).map(|_| ()),
        Texts => as_list(node).and_then(|items| items.iter().try_for_each(|n| as_string(n).map(|_| ()))),
        Table(_) => as_pairs(node).map(|_| ()),
        Tables(_) => as_list(node).and_then(|items| items.iter().try_for_each(|n| as_pairs(n).map(|_| ()))),
        Any => Ok(()),
    }
}
