//! What the provider asks Proxmox for, from a request's provider data, compared with a VM's configuration as meaning.

use std::collections::BTreeSet;

use super::sight::{said, shown};
use super::{Found, Machine};
use crate::live::placement::set_tag;
use crate::live::{Device, GuestConfig};
use crate::provider;
use crate::selector::{Selector, Storage};
use crate::value::Value;

const GIB: u64 = 1 << 30;

/// One thing that is otherwise than the provider made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// Key of the configuration, or a part of it (`scsi0 size`).
    pub(super) key: String,
    /// What the provider asked for.
    pub(super) made: String,
    /// What is there.
    pub(super) now: String,
}

/// Provider data as the provider reads it: a mapping; nothing if it cannot be read.
pub(in crate::checks) fn data(text: &str) -> Option<Value> {
    provider::typed(text)
}

fn number(data: &Value, key: &str) -> Option<i128> {
    data.get(key).and_then(Value::as_int)
}

fn text<'a>(data: &'a Value, key: &str) -> Option<&'a str> {
    data.get(key).and_then(Value::as_str).filter(|t| !t.is_empty())
}

fn flag(data: &Value, key: &str) -> bool {
    data.get(key).and_then(Value::as_bool) == Some(true)
}

struct Comparison<'a> {
    config: &'a GuestConfig,
    edits: Vec<Edit>,
}

impl Comparison<'_> {
    fn plain(&self, key: &str) -> Option<&str> {
        self.config.plain.get(key).map(String::as_str)
    }

    fn differs(&mut self, key: impl Into<String>, made: impl Into<String>, now: impl Into<String>) {
        self.edits.push(Edit { key: key.into(), made: made.into(), now: now.into() });
    }

    /// A number that Proxmox takes for `default` when it is left out.
    fn count(&mut self, key: &str, made: Option<i128>, default: i128) {
        let Some(made) = made else { return };
        let text = self.plain(key).map(str::to_owned);
        // Newer releases write `current=8192`.
        let now = text.as_deref().map_or(Some(default), |t| t.trim_start_matches("current=").parse().ok());
        if now != Some(made) {
            self.differs(key, made.to_string(), text.map_or_else(|| "not set".to_owned(), |t| shown(&t)));
        }
    }

    /// A truth value that is off when it is left out.
    fn switch(&mut self, key: &str, made: bool) {
        let now = self.plain(key).is_some_and(|t| matches!(t, "1" | "yes" | "on" | "true"));
        if now != made {
            let word = |on: bool| if on { "1" } else { "0" };
            self.differs(key, word(made), word(now));
        }
    }

    fn disk(&mut self, slot: &str, wanted: &Value, node: &str, storages: Option<&[crate::live::Storage]>) {
        let Some(device) = self.config.devices.get(slot).cloned() else {
            self.differs(slot, "a disk", "none");
            return;
        };
        let size = number(wanted, "disk_size").and_then(|n| u64::try_from(n).ok());
        if let (Some(made), Some(now)) = (size.map(|n| n.saturating_mul(GIB)), device.size()) {
            // Larger is no matter: Talos grows.
            if now < made {
                self.differs(
                    format!("{slot} size"),
                    format!("{} GiB", made / GIB),
                    format!("{} MiB", now >> 20),
                );
            }
        }
        for (key, option, on) in
            [("disk_ssd", "ssd", "1"), ("disk_discard", "discard", "on"), ("disk_iothread", "iothread", "1")]
        {
            let now = device.options.get(option).is_some_and(|v| v == on || v == "1" || v == "on");
            if now != flag(wanted, key) {
                let word = |set: bool| if set { on } else { "off" };
                self.differs(format!("{slot} {option}"), word(!now), word(now));
            }
        }
        for (key, option, default) in [("disk_cache", "cache", "none"), ("disk_aio", "aio", "io_uring")] {
            let made = text(wanted, key).unwrap_or(default);
            let now = device.options.get(option).map_or(default, String::as_str);
            if made != now {
                self.differs(format!("{slot} {option}"), shown(made), shown(now));
            }
        }
        self.storage(slot, wanted, &device, node, storages);
    }

    /// Whether the selector would take the storage on which the disk is.
    fn storage(
        &mut self,
        slot: &str,
        wanted: &Value,
        device: &Device,
        node: &str,
        storages: Option<&[crate::live::Storage]>,
    ) {
        let Some(selector) = text(wanted, "storage_selector") else { return };
        let Some(storage) = device.storage() else { return };
        // Free space was another when the machine was made.
        if selector.contains("availableSpace") {
            return;
        }
        let Some(kind) =
            storages.and_then(|all| all.iter().find(|s| s.name == storage)).map(|s| s.plugin.clone())
        else {
            return;
        };
        let Ok(compiled) = Selector::read(selector) else { return };
        let there = Storage { name: storage.to_owned(), kind, available: 0 };
        if compiled.accepts(node, &there) == Ok(false) {
            self.differs(format!("{slot} storage"), format!("where {}", said(selector)), shown(storage));
        }
    }

    /// `made`: bridge, VLAN, and whether the firewall is on where that is certain.
    fn nic(&mut self, slot: &str, bridge: &str, vlan: i128, firewall: Option<bool>) {
        let Some(device) = self.config.devices.get(slot).cloned() else {
            self.differs(slot, "a network card", "none");
            return;
        };
        let option = |key: &str| device.options.get(key).map(String::as_str);
        if option("bridge") != Some(bridge) {
            self.differs(format!("{slot} bridge"), shown(bridge), shown(option("bridge").unwrap_or("none")));
        }
        let tag = option("tag").unwrap_or("0");
        if tag.parse() != Ok(vlan) {
            let word = |t: &str| if t == "0" { "no tag".to_owned() } else { shown(t) };
            self.differs(format!("{slot} VLAN"), word(&vlan.to_string()), word(tag));
        }
        if let Some(made) = firewall
            && (option("firewall") == Some("1")) != made
        {
            let word = |on: bool| if on { "on" } else { "off" };
            self.differs(format!("{slot} firewall"), word(made), word(!made));
        }
        if option("link_down") == Some("1") {
            self.differs(format!("{slot} link"), "up", "down");
        }
    }
}

/// Property strings are the same when their parts are.
fn parts(text: &str) -> BTreeSet<&str> {
    text.split(',')
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .map(|p| p.trim_start_matches("cputype="))
        .collect()
}

/// Everything that is otherwise than the provider made it. Without readable provider data nothing is compared.
pub(super) fn edits(machine: &Machine<'_>, found: &Found<'_>, early: bool) -> Option<Vec<Edit>> {
    let data = data(machine.data()?)?;
    let config = found.config;
    let storages =
        machine.proxmox.and_then(|(_, seen)| seen.storages.get(found.node)?.known()).map(Vec::as_slice);
    let mut all = Comparison { config, edits: Vec::new() };
    if config.name.as_deref().is_some_and(|n| n != machine.id) {
        all.differs("name", shown(machine.id), shown(config.name.as_deref().unwrap_or_default()));
    }
    all.count("cores", number(&data, "cores"), 1);
    all.count("sockets", number(&data, "sockets"), 1);
    all.count("memory", number(&data, "memory"), 512);
    let cpu = text(&data, "cpu_type").unwrap_or(provider::DEFAULT_CPU);
    let now = all.plain("cpu").unwrap_or("kvm64").to_owned();
    if parts(cpu) != parts(&now) {
        all.differs("cpu", shown(cpu), shown(&now));
    }
    let board = text(&data, "machine_type");
    let now = all.plain("machine").map(str::to_owned);
    let same = match (board, now.as_deref()) {
        (Some(made), Some(now)) => {
            let (made, now) = (made.split(',').next().unwrap_or(made), now.split(',').next().unwrap_or(now));
            // Proxmox may pin the version of the same board.
            made == now || now.strip_prefix("pc-").is_some_and(|n| n.starts_with(&format!("{made}-")))
        }
        (None, Some(now)) => now.starts_with("pc-i440fx") || now == "pc",
        (None, None) => true,
        (Some(_), None) => false,
    };
    if !same {
        all.differs(
            "machine",
            shown(board.unwrap_or("the default")),
            shown(now.as_deref().unwrap_or("the default")),
        );
    }
    all.switch("numa", flag(&data, "numa"));
    all.switch("onboot", true);
    if all.plain("scsihw") != Some("virtio-scsi-single") {
        let now = shown(all.plain("scsihw").unwrap_or("lsi"));
        all.differs("scsihw", "virtio-scsi-single", now);
    }
    let agent = all.plain("agent").unwrap_or("0").to_owned();
    if !parts(&agent).iter().any(|p| matches!(*p, "1" | "enabled=1" | "enabled=true")) {
        all.differs("agent", "on", "off");
    }
    // Only `false` is ever sent.
    let fixed = data.get("balloon").and_then(Value::as_bool) == Some(false);
    let now = all.plain("balloon").map(str::to_owned);
    if fixed != (now.as_deref() == Some("0")) || (!fixed && now.is_some()) {
        let made = if fixed { "0" } else { "not set" };
        all.differs("balloon", made, shown(now.as_deref().unwrap_or("not set")));
    }
    let pages = text(&data, "hugepages").map(provider::hugepages);
    if pages != all.plain("hugepages") {
        let word = |t: Option<&str>| shown(t.unwrap_or("not set"));
        let (made, now) = (word(pages), word(all.plain("hugepages")));
        all.differs("hugepages", made, now);
    }
    // Early providers do not know the key: they always make SeaBIOS.
    let bios = text(&data, "bios").filter(|_| !early).unwrap_or("seabios");
    let now = all.plain("bios").unwrap_or("seabios").to_owned();
    if bios != now {
        all.differs("bios", shown(bios), shown(&now));
    }
    devices(&mut all, &data, found, storages, early);
    if let Some(set) = machine.set {
        let tag = set_tag(set);
        if !config.tags.contains(&tag) {
            all.differs("tags", shown(&tag), shown(&config.tags.join(";")));
        }
    }
    Some(all.edits)
}

fn devices(
    all: &mut Comparison<'_>,
    data: &Value,
    found: &Found<'_>,
    storages: Option<&[crate::live::Storage]>,
    early: bool,
) {
    let mut known: BTreeSet<String> = BTreeSet::new();
    let list = |key: &str| data.get(key).and_then(Value::as_list).unwrap_or_default();
    for (slot, wanted) in std::iter::once(data).chain(list("additional_disks")).enumerate() {
        let slot = format!("scsi{slot}");
        all.disk(&slot, wanted, found.node, storages);
        known.insert(slot);
    }
    let firewall = match data.get("network_firewall").and_then(Value::as_bool) {
        Some(on) if !early => Some(on),
        Some(_) | None => Some(true),
    };
    let vlan = number(data, "vlan").unwrap_or(0);
    all.nic("net0", text(data, "network_bridge").unwrap_or(provider::DEFAULT_BRIDGE), vlan, firewall);
    known.insert("net0".to_owned());
    for (slot, nic) in (1..).zip(list("additional_nics")) {
        let slot = format!("net{slot}");
        let vlan = number(nic, "vlan").unwrap_or(0);
        all.nic(&slot, text(nic, "bridge").unwrap_or_default(), vlan, Some(flag(nic, "firewall")));
        known.insert(slot);
    }
    for (slot, device) in (0..).zip(list("pci_devices")) {
        let slot: String = format!("hostpci{slot}");
        let made = text(device, "mapping").unwrap_or_default();
        let there = all.config.devices.get(&slot).cloned();
        let now = there.as_ref().map(|d| d.options.get("mapping").map_or(d.main.as_str(), String::as_str));
        let now = now.map(|n| n.trim_start_matches("mapping=").to_owned());
        if now.as_deref() != Some(made) {
            all.differs(slot.clone(), shown(made), shown(now.as_deref().unwrap_or("none")));
        }
        known.insert(slot);
    }
    let slots: Vec<(String, Device)> =
        all.config.devices.iter().map(|(slot, device)| (slot.clone(), device.clone())).collect();
    for (slot, device) in slots {
        let kind = slot.trim_end_matches(|c: char| c.is_ascii_digit());
        let cd = device.options.get("media").is_some_and(|m| m == "cdrom");
        let matters = matches!(kind, "scsi" | "virtio" | "sata" | "ide" | "net" | "hostpci") && !cd;
        if matters && !known.contains(&slot) {
            all.differs(slot, "none", shown(&device.main));
        }
    }
}
