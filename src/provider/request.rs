//! The request that makes a machine: `POST /nodes/N/qemu`.

use super::{Disk, Generation, ProviderData};

/// Most bytes of the names below are Proxmox's own affair; they are sent as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// VMID that Proxmox gave.
    pub vmid: String,
    /// Id of the machine request: the VM's name.
    pub request: String,
    /// Identity of the machine.
    pub uuid: String,
    /// Id of the machine request set; the tag.
    pub set: Option<String>,
    /// Volume of the boot image (`local:iso/….iso`).
    pub iso: String,
    /// Storages, of the first disk and of each further one.
    pub storages: Vec<String>,
}

/// CPU model that is sent where the class names none.
pub const DEFAULT_CPU: &str = "x86-64-v2-AES";
/// Bridge of the first network card where the class names none.
pub const DEFAULT_BRIDGE: &str = "vmbr0";

/// The parameters as the provider sends them, by name.
pub fn create(data: &ProviderData, generation: Generation, names: &Names) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut send = |name: &str, value: String| out.push((name.to_owned(), value));
    let storage = |i: usize| names.storages.get(i).map_or("", String::as_str);
    send("vmid", names.vmid.clone());
    send("smbios1", format!("uuid={}", names.uuid));
    send("name", names.request.clone());
    send("cdrom", names.iso.clone());
    send("cpu", or(&data.cpu_type, DEFAULT_CPU).to_owned());
    send("cores", data.cores.to_string());
    send("sockets", data.sockets.to_string());
    send("memory", data.memory.to_string());
    send("scsi0", disk(&data.disk, storage(0)));
    send("scsihw", "virtio-scsi-single".to_owned());
    send("onboot", "1".to_owned());
    send(
        "net0",
        nic(or(&data.network_bridge, DEFAULT_BRIDGE), data.network_firewall.unwrap_or(true), data.vlan),
    );
    send("agent", "enabled=true".to_owned());
    let tags: Vec<String> = data
        .tags
        .iter()
        .cloned()
        .chain(names.set.as_ref().map(|set| format!("machine-request.{set}")))
        .collect();
    if !tags.is_empty() {
        send("tags", tags.join(";"));
    }
    for (i, further) in (1..).zip(&data.additional_disks) {
        send(&format!("scsi{i}"), disk(further, storage(i)));
    }
    if !data.machine_type.is_empty() {
        send("machine", data.machine_type.clone());
    }
    if data.numa {
        send("numa", "1".to_owned());
    }
    if !data.hugepages.is_empty() {
        send("hugepages", hugepages(&data.hugepages).to_owned());
    }
    if data.balloon == Some(false) {
        send("balloon", "0".to_owned());
    }
    for (i, card) in (1..).zip(&data.additional_nics) {
        send(&format!("net{i}"), nic(&card.bridge, card.firewall, card.vlan));
    }
    for (i, device) in data.pci_devices.iter().enumerate() {
        let mut value = format!("mapping={}", device.mapping);
        let options =
            [(device.pcie, ",pcie=1"), (device.primary_gpu, ",x-vga=1"), (device.rombar, ",rombar=1")];
        for (_, option) in options.into_iter().filter(|(on, _)| *on) {
            value.push_str(option);
        }
        if !device.mdev.is_empty() {
            value.push_str(&format!(",mdev={}", device.mdev));
        }
        send(&format!("hostpci{i}"), value);
    }
    if !data.bios.is_empty() {
        send("bios", data.bios.clone());
    }
    if data.bios == "ovmf" {
        send("efidisk0", format!("{}:1,efitype=4m,pre-enrolled-keys=0", storage(0)));
    }
    if !data.vga.is_empty() {
        send("vga", data.vga.clone());
    }
    for (i, device) in data.usb_devices.iter().enumerate() {
        let usb3 = if device.usb3 { ",usb3=1" } else { "" };
        send(&format!("usb{i}"), format!("mapping={}{usb3}", device.mapping));
    }
    // From 0.1 on every machine is in a pool, by default one for its set.
    if generation >= Generation::V0_1 {
        let pool = if data.pool.is_empty() { names.set.clone() } else { Some(data.pool.clone()) };
        if let Some(pool) = pool {
            send("pool", pool);
        }
    }
    out
}

fn or<'a>(value: &'a str, default: &'a str) -> &'a str {
    if value.is_empty() { default } else { value }
}

fn disk(disk: &Disk, storage: &str) -> String {
    let mut value = format!("{storage}:{}", disk.size);
    let switches = [(disk.ssd, ",ssd=1"), (disk.discard, ",discard=on"), (disk.iothread, ",iothread=1")];
    for (_, option) in switches.into_iter().filter(|(on, _)| *on) {
        value.push_str(option);
    }
    for (name, option) in [("cache", &disk.cache), ("aio", &disk.aio)] {
        if !option.is_empty() {
            value.push_str(&format!(",{name}={option}"));
        }
    }
    value
}

fn nic(bridge: &str, firewall: bool, vlan: u64) -> String {
    let tag = if vlan == 0 { String::new() } else { format!(",tag={vlan}") };
    format!("virtio,bridge={bridge},firewall={}{tag}", u8::from(firewall))
}

/// The provider's spellings in Proxmox's.
pub(super) fn hugepages(written: &str) -> &str {
    match written {
        "2MB" => "2",
        "1GB" => "1024",
        other => other,
    }
}
