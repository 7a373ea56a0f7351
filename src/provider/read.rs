//! Reading provider data as the provider does, with the words in which it fails.

use std::fmt;

use super::{Disk, Generation, Nic, PciDevice, ProviderData, UsbDevice};
use crate::diag::{Diagnostic, SourceId};
use crate::yaml::{
    Limits, Mismatch, Node, NodeKind, Scalar, as_bool, as_i64, as_list, as_pairs, as_string, as_u64, is_null,
    parse, resolve,
};

/// Why the provider cannot read provider data. It then fails in its first step, every minute, for as long as the request is there.
#[derive(Clone, Debug, PartialEq)]
pub enum Unreadable {
    /// It is not YAML.
    Syntax(Vec<Diagnostic>),
    /// Values that do not fit their fields, in their order.
    Values(Vec<Misfit>),
}

/// A value that does not fit its field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Path of the field (`additional_disks[1].disk_size`); empty for the whole.
    pub field: String,
    /// Line within the provider data, from 1.
    pub line: usize,
    /// What stands there, in the provider's words: ``!!str `four` ``.
    pub found: String,
    /// What the field is, in the provider's words: `int`.
    pub into: &'static str,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: cannot construct {} into {}", self.line, self.found, self.into)
    }
}

impl Unreadable {
    /// What the provider logs, where that is certain.
    pub fn logged(&self) -> Option<String> {
        let Self::Values(all) = self else { return None };
        let lines: Vec<String> = all.iter().map(|m| format!("\n  {m}")).collect();
        Some(format!("yaml: construct errors:{}", lines.concat()))
    }
}

/// Provider data as a generation of the provider reads it. Only the first document counts; keys that the generation does not
/// know are ignored.
///
/// # Errors
/// What makes the provider fail.
pub fn read(text: &str, generation: Generation) -> Result<ProviderData, Unreadable> {
    let documents = parse(SourceId::default(), text, &Limits::default()).map_err(Unreadable::Syntax)?;
    let Some(root) = documents.into_iter().next().and_then(|d| d.root) else {
        return Ok(ProviderData::default());
    };
    let mut reader = Reader { text, misfits: Vec::new() };
    let mut data = ProviderData::default();
    for (key, node) in reader.table("", &root, "provider.Data") {
        if Generation::of_key(&key).is_some_and(|since| since <= generation) {
            reader.field(&mut data, &key, node, generation);
        }
    }
    if reader.misfits.is_empty() { Ok(data) } else { Err(Unreadable::Values(reader.misfits)) }
}

struct Reader<'t> {
    text: &'t str,
    misfits: Vec<Misfit>,
}

impl Reader<'_> {
    fn field(&mut self, data: &mut ProviderData, key: &str, node: &Node, generation: Generation) {
        match key {
            "cores" => data.cores = self.int(key, node),
            "sockets" => data.sockets = self.int(key, node),
            "memory" => data.memory = self.uint(key, node),
            "cpu_type" => data.cpu_type = self.text(key, node),
            "machine_type" => data.machine_type = self.text(key, node),
            "numa" => data.numa = self.bool(key, node).unwrap_or_default(),
            "hugepages" => data.hugepages = self.text(key, node),
            "balloon" => data.balloon = self.bool(key, node),
            "additional_disks" => {
                data.additional_disks = self.list(key, node, "[]provider.AdditionalDisk", |r, at, item| {
                    let mut disk = Disk::default();
                    for (key, node) in r.table(at, item, "provider.AdditionalDisk") {
                        r.disk(&mut disk, &format!("{at}.{key}"), &key, node);
                    }
                    disk
                });
            }
            "network_bridge" => data.network_bridge = self.text(key, node),
            "vlan" => data.vlan = self.uint(key, node),
            "additional_nics" => {
                data.additional_nics = self.list(key, node, "[]provider.AdditionalNIC", |r, at, item| {
                    let mut nic = Nic::default();
                    for (key, node) in r.table(at, item, "provider.AdditionalNIC") {
                        let at = format!("{at}.{key}");
                        match key.as_str() {
                            "bridge" => nic.bridge = r.text(&at, node),
                            "vlan" => nic.vlan = r.uint(&at, node),
                            "firewall" => nic.firewall = r.bool(&at, node).unwrap_or_default(),
                            _ => {}
                        }
                    }
                    nic
                });
            }
            "pci_devices" => {
                data.pci_devices = self.list(key, node, "[]provider.PCIDevice", |r, at, item| {
                    let mut device = PciDevice::default();
                    for (key, node) in r.table(at, item, "provider.PCIDevice") {
                        let at = format!("{at}.{key}");
                        match key.as_str() {
                            "mapping" => device.mapping = r.text(&at, node),
                            "pcie" => device.pcie = r.bool(&at, node).unwrap_or_default(),
                            "primary_gpu" => device.primary_gpu = r.bool(&at, node).unwrap_or_default(),
                            "rombar" => device.rombar = r.bool(&at, node).unwrap_or_default(),
                            "mdev" if generation >= Generation::V0_1 => device.mdev = r.text(&at, node),
                            _ => {}
                        }
                    }
                    device
                });
            }
            "node" => data.node = self.text(key, node),
            "tags" => data.tags = self.list(key, node, "[]string", Self::text),
            "pool" => data.pool = self.text(key, node),
            "network_firewall" => data.network_firewall = self.bool(key, node),
            "placement_strategy" => data.placement_strategy = self.text(key, node),
            "bios" => data.bios = self.text(key, node),
            "vga" => data.vga = self.text(key, node),
            "ha" => data.ha = !is_null(node),
            "usb_devices" => {
                data.usb_devices = self.list(key, node, "[]provider.USBDevice", |r, at, item| {
                    let mut device = UsbDevice::default();
                    for (key, node) in r.table(at, item, "provider.USBDevice") {
                        let at = format!("{at}.{key}");
                        match key.as_str() {
                            "mapping" => device.mapping = r.text(&at, node),
                            "usb3" => device.usb3 = r.bool(&at, node).unwrap_or_default(),
                            _ => {}
                        }
                    }
                    device
                });
            }
            _ => self.disk(&mut data.disk, key, key, node),
        }
    }

    fn disk(&mut self, disk: &mut Disk, at: &str, key: &str, node: &Node) {
        match key {
            "disk_size" => disk.size = self.int(at, node),
            "storage_selector" => disk.selector = self.text(at, node),
            "disk_ssd" => disk.ssd = self.bool(at, node).unwrap_or_default(),
            "disk_discard" => disk.discard = self.bool(at, node).unwrap_or_default(),
            "disk_iothread" => disk.iothread = self.bool(at, node).unwrap_or_default(),
            "disk_cache" => disk.cache = self.text(at, node),
            "disk_aio" => disk.aio = self.text(at, node),
            _ => {}
        }
    }

    fn int(&mut self, at: &str, node: &Node) -> i64 {
        self.fit(at, node, "int", as_i64(node)).unwrap_or_default()
    }
    fn uint(&mut self, at: &str, node: &Node) -> u64 {
        self.fit(at, node, "uint64", as_u64(node)).unwrap_or_default()
    }
    fn bool(&mut self, at: &str, node: &Node) -> Option<bool> {
        self.fit(at, node, "bool", as_bool(node))
    }
    fn text(&mut self, at: &str, node: &Node) -> String {
        self.fit(at, node, "string", as_string(node)).unwrap_or_default().to_owned()
    }

    fn list<T>(
        &mut self,
        at: &str,
        node: &Node,
        into: &'static str,
        each: impl Fn(&mut Self, &str, &Node) -> T,
    ) -> Vec<T> {
        let items = self.fit(at, node, into, as_list(node).map(Some)).unwrap_or_default();
        items.iter().enumerate().map(|(i, item)| each(self, &format!("{at}[{i}]"), item)).collect()
    }

    fn table<'n>(&mut self, at: &str, node: &'n Node, into: &'static str) -> Vec<(String, &'n Node)> {
        let pairs = self.fit(at, node, into, as_pairs(node).map(Some)).unwrap_or_default();
        pairs.iter().filter_map(|(key, value)| Some((key.text()?.to_owned(), value))).collect()
    }

    fn fit<T>(
        &mut self,
        at: &str,
        node: &Node,
        into: &'static str,
        read: Result<Option<T>, Mismatch>,
    ) -> Option<T> {
        read.unwrap_or_else(|_| {
            let before = self.text.get(..node.span.start).unwrap_or(self.text);
            let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
            self.misfits.push(Misfit { field: at.to_owned(), line, found: found(node), into });
            None
        })
    }
}

/// Letters of a value beyond which the provider shortens it, and how many it leaves.
const SHOWN: (usize, usize) = (10, 7);

fn found(node: &Node) -> String {
    let text = match &node.kind {
        NodeKind::Seq(_) => return "!!seq".to_owned(),
        NodeKind::Map(_) => return "!!map".to_owned(),
        NodeKind::Scalar { text, .. } => text,
    };
    let tag = match node.tag.as_deref() {
        Some(tag) if tag != "!" => tag,
        _ => match resolve(node) {
            Scalar::Null => "!!null",
            Scalar::Bool(_) => "!!bool",
            Scalar::Int(_) => "!!int",
            Scalar::Float(_) => "!!float",
            Scalar::Timestamp(_) => "!!timestamp",
            Scalar::Str => "!!str",
        },
    };
    // The provider counts bytes; letters are not cut here.
    let shown = if text.len() > SHOWN.0 {
        format!("{}...", text.chars().take(SHOWN.1).collect::<String>())
    } else {
        text.clone()
    };
    format!("{tag} `{shown}`")
}
