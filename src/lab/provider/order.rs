//! Parameters of `POST /nodes/<n>/qemu` as the provider sends them.

use serde_json::{Map, Value, json};

use super::data::{Data, Disk, Nic};

/// Everything about a machine that is not in its provider data.
pub struct Order<'a> {
    /// Machine request.
    pub name: &'a str,
    /// Machine request set; empty for a request of none.
    pub set: &'a str,
    /// SMBIOS UUID.
    pub uuid: &'a str,
    /// Boot image, with its storage.
    pub image: &'a str,
    /// VMID.
    pub vmid: u32,
    /// Storages that the selectors chose: of the first disk, then of the others.
    pub storages: &'a [String],
}

/// The parameters. Numbers that the provider data lacks are sent as 0.
pub fn parameters(data: &Data, order: &Order<'_>) -> Map<String, Value> {
    let mut out = Map::new();
    let mut set = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    set("vmid", json!(order.vmid));
    set("name", json!(order.name));
    set("smbios1", json!(format!("uuid={}", order.uuid)));
    set("cdrom", json!(order.image));
    set("cpu", json!(if data.cpu_type.is_empty() { "x86-64-v2-AES" } else { data.cpu_type.as_str() }));
    set("cores", json!(data.cores));
    set("sockets", json!(data.sockets));
    set("memory", json!(data.memory));
    set("scsihw", json!("virtio-scsi-single"));
    set("onboot", json!(1));
    set("agent", json!("enabled=true"));
    let mut storages = order.storages.iter();
    for (at, one) in std::iter::once(&data.disk).chain(&data.additional_disks).enumerate() {
        let storage = storages.next().map_or("", String::as_str);
        set(&format!("scsi{at}"), json!(disk(storage, one)));
    }
    let first = Nic { bridge: data.bridge().to_owned(), vlan: data.vlan, firewall: true };
    for (at, nic) in std::iter::once(&first).chain(&data.additional_nics).enumerate() {
        set(&format!("net{at}"), json!(net(nic)));
    }
    if !order.set.is_empty() {
        set("tags", json!(format!("machine-request.{}", order.set)));
    }
    if !data.machine_type.is_empty() {
        set("machine", json!(data.machine_type));
    }
    if data.numa {
        set("numa", json!(1));
    }
    if !data.hugepages.is_empty() {
        set("hugepages", json!(data.hugepages));
    }
    if data.no_balloon {
        set("balloon", json!(0));
    }
    for (at, device) in data.pci_devices.iter().enumerate() {
        let mut text = format!("mapping={}", device.mapping);
        for (on, option) in
            [(device.pcie, ",pcie=1"), (device.primary_gpu, ",x-vga=1"), (device.rombar, ",rombar=1")]
        {
            if on {
                text.push_str(option);
            }
        }
        set(&format!("hostpci{at}"), json!(text));
    }
    out
}

fn disk(storage: &str, disk: &Disk) -> String {
    let mut text = format!("{storage}:{}", disk.size);
    for (on, option) in [(disk.ssd, ",ssd=1"), (disk.discard, ",discard=on"), (disk.iothread, ",iothread=1")]
    {
        if on {
            text.push_str(option);
        }
    }
    for (name, value) in [("cache", &disk.cache), ("aio", &disk.aio)] {
        if !value.is_empty() {
            text.push_str(&format!(",{name}={value}"));
        }
    }
    text
}

fn net(nic: &Nic) -> String {
    let mut text = format!("virtio,bridge={},firewall={}", nic.bridge, u8::from(nic.firewall));
    if nic.vlan > 0 {
        text.push_str(&format!(",tag={}", nic.vlan));
    }
    text
}
