//! Provider data as the provider has it after reading: absent numbers are 0, absent texts are empty.

use serde::Serialize;

/// What a machine is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ProviderData {
    /// Cores of each socket.
    pub cores: i64,
    /// Sockets; the provider has no default, and Proxmox refuses 0.
    pub sockets: i64,
    /// MiB.
    pub memory: u64,
    /// CPU model; empty becomes `x86-64-v2-AES`.
    pub cpu_type: String,
    /// Machine type of Proxmox; empty is not sent.
    pub machine_type: String,
    /// NUMA topology.
    pub numa: bool,
    /// Huge pages, as written.
    pub hugepages: String,
    /// Memory ballooning; only `false` does something.
    pub balloon: Option<bool>,
    /// First disk.
    pub disk: Disk,
    /// Further disks.
    pub additional_disks: Vec<Disk>,
    /// Bridge of the first network card; empty becomes `vmbr0`.
    pub network_bridge: String,
    /// VLAN of the first network card; 0 is none.
    pub vlan: u64,
    /// Further network cards.
    pub additional_nics: Vec<Nic>,
    /// PCI devices.
    pub pci_devices: Vec<PciDevice>,
    /// The node on which machines are made; empty leaves it to the provider.
    pub node: String,
    /// Further tags, from 0.1 on.
    pub tags: Vec<String>,
    /// Pool, from 0.1 on.
    pub pool: String,
    /// Firewall of the first network card, from 0.1 on; on before.
    pub network_firewall: Option<bool>,
    /// How the node is chosen, from 0.2 on; empty is `spread`.
    pub placement_strategy: String,
    /// Firmware, from 0.2 on.
    pub bios: String,
    /// Display, from 0.2 on.
    pub vga: String,
    /// Whether there is a block for high availability, from 0.2 on. What is in it is not looked into.
    pub ha: bool,
    /// USB devices, from 0.3 on.
    pub usb_devices: Vec<UsbDevice>,
}

/// A disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Disk {
    /// GiB.
    pub size: i64,
    /// Which storage, as an expression.
    pub selector: String,
    /// Shown to the machine as a solid-state disk.
    pub ssd: bool,
    /// Freed blocks are given back to the storage.
    pub discard: bool,
    /// A thread of its own.
    pub iothread: bool,
    /// Cache mode, as written.
    pub cache: String,
    /// Kind of asynchronous access, as written.
    pub aio: String,
}

/// A network card besides the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Nic {
    /// Bridge; the provider has no default.
    pub bridge: String,
    /// VLAN; 0 is none.
    pub vlan: u64,
    /// Firewall.
    pub firewall: bool,
}

/// A PCI device, by a mapping of Proxmox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PciDevice {
    /// Mapping.
    pub mapping: String,
    /// As PCI Express.
    pub pcie: bool,
    /// As the first display.
    pub primary_gpu: bool,
    /// ROM bar; `false` does nothing.
    pub rombar: bool,
    /// Mediated device, from 0.1 on.
    pub mdev: String,
}

/// A USB device, by a mapping of Proxmox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct UsbDevice {
    /// Mapping.
    pub mapping: String,
    /// As USB 3.
    pub usb3: bool,
}
