//! What a VM is otherwise than the provider made it: the request that it sent, compared with the configuration as meaning.

use super::sight::{said, shown};
use super::{Found, Machine};
use crate::live::{Device, GuestConfig, Storage};
use crate::provider::{self, Generation, Names, ProviderData};
use crate::selector::{self, Selector};
use crate::wire::proxmox::GuestConfigReply;

const GIB: u64 = 1 << 30;
const NOT_SET: &str = "not set";

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

/// Settings, each with what Proxmox takes where it is left out.
const SETTINGS: [(&str, &str); 13] = [
    ("cores", "1"),
    ("sockets", "1"),
    ("memory", "512"),
    ("cpu", "kvm64"),
    ("machine", "pc"),
    ("numa", "0"),
    ("onboot", "0"),
    ("scsihw", "lsi"),
    ("agent", "off"),
    ("balloon", NOT_SET),
    ("hugepages", NOT_SET),
    ("bios", "seabios"),
    ("vga", "std"),
];

/// Options of a kind of device: name, what it is called after the slot, and what Proxmox takes where it is left out.
fn options(slot: &str) -> &'static [(&'static str, &'static str, &'static str)] {
    match kind(slot) {
        "scsi" => &[
            ("ssd", " ssd", "off"),
            ("discard", " discard", "off"),
            ("iothread", " iothread", "off"),
            ("cache", " cache", "none"),
            ("aio", " aio", "io_uring"),
        ],
        "net" => &[
            ("bridge", " bridge", "none"),
            ("tag", " VLAN", "no tag"),
            ("firewall", " firewall", "off"),
            ("link_down", " link down", "off"),
        ],
        "hostpci" => &[
            ("mapping", "", "none"),
            ("pcie", " pcie", "off"),
            ("x-vga", " x-vga", "off"),
            ("rombar", " rombar", "on"),
            ("mdev", " mdev", "none"),
        ],
        "usb" => &[("mapping", "", "none"), ("usb3", " usb3", "off")],
        _ => &[],
    }
}

/// `scsi` of `scsi0`.
fn kind(slot: &str) -> &str {
    slot.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// A property string whose parts are in order; the first part may be written with its key.
fn parts(text: &str, first: &str) -> String {
    let parts = text.split(',').map(str::trim).filter(|p| !p.is_empty());
    let mut parts: Vec<&str> = parts.map(|p| p.strip_prefix(first).unwrap_or(p)).collect();
    parts.sort_unstable();
    parts.join(",")
}

fn is_on(text: &str) -> bool {
    matches!(text, "1" | "on" | "yes" | "true")
}

/// One text for all ways in which a setting can be written.
fn setting(key: &str, text: &str) -> String {
    match key {
        "numa" | "onboot" => u8::from(is_on(text)).to_string(),
        "agent" => {
            let on =
                text.split(',').map(|p| p.trim().strip_prefix("enabled=").unwrap_or(p.trim())).any(is_on);
            if on { "on" } else { "off" }.to_owned()
        }
        "cpu" => parts(text, "cputype="),
        "vga" => parts(text, "type="),
        // Newer releases write the key of the only value.
        "memory" => text.strip_prefix("current=").unwrap_or(text).to_owned(),
        _ => text.to_owned(),
    }
}

/// Whether two machine types are one. Proxmox may pin the version of the same board.
fn same_board(made: &str, now: &str) -> bool {
    let board = |text: &str| {
        let text = text.split(',').next().unwrap_or(text);
        let text = text.strip_prefix("pc-").unwrap_or(text);
        let (board, version) = text.split_once('-').map_or((text, None), |(b, v)| (b, Some(v.to_owned())));
        (if board == "pc" { "i440fx" } else { board }.to_owned(), version)
    };
    let ((made, wanted), (now, pinned)) = (board(made), board(now));
    made == now && (wanted.is_none() || wanted == pinned)
}

fn option(name: &str, text: &str) -> String {
    match name {
        "ssd" | "iothread" | "discard" | "firewall" | "link_down" | "pcie" | "x-vga" | "rombar" | "usb3" => {
            if is_on(text) { "on" } else { "off" }.to_owned()
        }
        "tag" if text == "0" => "no tag".to_owned(),
        _ => text.to_owned(),
    }
}

struct Comparison<'a> {
    made: GuestConfigReply,
    config: &'a GuestConfig,
    node: &'a str,
    storages: Option<&'a [Storage]>,
    edits: Vec<Edit>,
}

impl Comparison<'_> {
    fn differs(&mut self, key: impl Into<String>, made: impl Into<String>, now: impl Into<String>) {
        self.edits.push(Edit { key: key.into(), made: made.into(), now: now.into() });
    }

    fn settings(&mut self) {
        for (key, default) in SETTINGS {
            let text = |of: Option<&String>| setting(key, of.map_or(default, String::as_str));
            let (made, now) = (text(self.made.plain.get(key)), text(self.config.plain.get(key)));
            let same = match key {
                "machine" => same_board(&made, &now),
                // No VM is made of nothing: what was sent was not this.
                "cores" | "sockets" | "memory" => made == now || made == "0",
                _ => made == now,
            };
            if !same {
                self.differs(key, shown(&made), shown(&now));
            }
        }
    }

    fn devices(&mut self, selectors: &[&str]) {
        for (slot, (main, made)) in self.made.devices.clone() {
            let Some(device) = self.config.devices.get(&slot).cloned() else {
                let what = match kind(&slot) {
                    "scsi" | "efidisk" => "a disk",
                    "net" => "a network card",
                    _ => "a device",
                };
                self.differs(slot, what, "none");
                continue;
            };
            for (name, called, default) in options(&slot) {
                let of = |all: Option<&String>| option(name, all.map_or(*default, String::as_str));
                let (wanted, mut now) = (of(made.get(*name)), of(device.options.get(*name)));
                if *name == "mapping" && !device.options.contains_key("mapping") && !device.main.is_empty() {
                    now.clone_from(&device.main);
                }
                if wanted != now {
                    self.differs(format!("{slot}{called}"), shown(&wanted), shown(&now));
                }
            }
            if let Some(index) = slot.strip_prefix("scsi").and_then(|n| n.parse::<usize>().ok()) {
                self.size(&slot, &main, &device);
                self.storage(&slot, selectors.get(index).copied().unwrap_or_default(), &device);
            }
        }
        for (slot, device) in &self.config.devices {
            let cd = device.options.get("media").is_some_and(|m| m == "cdrom");
            let matters =
                matches!(kind(slot), "scsi" | "virtio" | "sata" | "ide" | "net" | "hostpci" | "usb") && !cd;
            if matters && !self.made.devices.contains_key(slot) {
                let edit = Edit { key: slot.clone(), made: "none".to_owned(), now: shown(&device.main) };
                self.edits.push(edit);
            }
        }
    }

    /// `main` is `STORAGE:GIB`, as it is sent.
    fn size(&mut self, slot: &str, main: &str, device: &Device) {
        let made = main.rsplit(':').next().and_then(|n| n.parse::<u64>().ok());
        let (Some(made), Some(now)) = (made.and_then(|n| n.checked_mul(GIB)), device.size()) else { return };
        // Larger is no matter: Talos grows.
        if now < made {
            self.differs(format!("{slot} size"), format!("{} GiB", made / GIB), format!("{} MiB", now >> 20));
        }
    }

    /// Whether the selector would take the storage on which the disk is.
    fn storage(&mut self, slot: &str, selector: &str, device: &Device) {
        let Some(name) = device.storage() else { return };
        // Free space was another when the machine was made.
        if selector.contains("availableSpace") {
            return;
        }
        let there = self.storages.and_then(|all| all.iter().find(|s| s.name == name));
        let (Some(there), Ok(compiled)) = (there, Selector::read(selector)) else { return };
        let there = selector::Storage { name: name.to_owned(), kind: there.plugin.clone(), available: 0 };
        if compiled.accepts(self.node, &there) == Ok(false) {
            self.differs(format!("{slot} storage"), format!("where {}", said(selector)), shown(name));
        }
    }
}

/// Everything that is otherwise than the provider made it. Without readable provider data nothing is compared; without knowing the
/// provider's release only what no release made.
pub(super) fn edits(
    machine: &Machine<'_>,
    found: &Found<'_>,
    generation: Option<Generation>,
) -> Option<Vec<Edit>> {
    let Some(generation) = generation else {
        let newest = edits(machine, found, Some(Generation::V0_3))?;
        let oldest = edits(machine, found, Some(Generation::Early))?;
        return Some(newest.into_iter().filter(|edit| oldest.contains(edit)).collect());
    };
    let data = provider::read(machine.data()?, generation).ok().filter(|d| *d != ProviderData::default())?;
    let config = found.config;
    let names = Names {
        vmid: found.vmid.to_string(),
        request: machine.id.to_owned(),
        uuid: machine.uuid.clone().unwrap_or_default(),
        set: machine.set.map(str::to_owned),
        iso: String::new(),
        storages: Vec::new(),
    };
    let mut all = Comparison {
        made: GuestConfigReply::of(provider::create(&data, generation, &names)),
        config,
        node: found.node,
        storages: machine
            .proxmox
            .and_then(|(_, seen)| Some(seen.storages.get(found.node)?.known()?.as_slice())),
        edits: Vec::new(),
    };
    if let Some(name) = config.name.as_deref().filter(|n| *n != machine.id) {
        all.differs("name", shown(machine.id), shown(name));
    }
    all.settings();
    let further = data.additional_disks.iter().map(|d| d.selector.as_str());
    all.devices(&std::iter::once(data.disk.selector.as_str()).chain(further).collect::<Vec<_>>());
    let tags = all.made.tags.clone().unwrap_or_default().to_lowercase();
    let lost: Vec<&str> = tags.split(';').filter(|t| !config.tags.iter().any(|c| c == t)).collect();
    if !tags.is_empty() && !lost.is_empty() {
        all.differs("tags", shown(&lost.join(";")), shown(&config.tags.join(";")));
    }
    Some(all.edits)
}
