//! Provider data as the provider reads it: not strict, unknown keys ignored, absent numbers zero.

use crate::diag::SourceId;
use crate::yaml::{Limits, Node, NodeKind, ScalarStyle, parse};

/// A disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Disk {
    /// GiB.
    pub size: i64,
    /// Expression over storages.
    pub selector: String,
    /// SSD emulation.
    pub ssd: bool,
    /// TRIM.
    pub discard: bool,
    /// IO thread.
    pub iothread: bool,
    /// Cache mode.
    pub cache: String,
    /// Asynchronous IO.
    pub aio: String,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nic {
    /// Bridge.
    pub bridge: String,
    /// VLAN tag, 0 for none.
    pub vlan: u64,
    /// Whether the firewall looks at it.
    pub firewall: bool,
}

/// A PCI device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Device {
    /// Mapping.
    pub mapping: String,
    /// As a PCIe device.
    pub pcie: bool,
    /// As the first graphics card.
    pub primary_gpu: bool,
    /// With its option ROM.
    pub rombar: bool,
}

/// What a machine is built from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// Cores for each socket.
    pub cores: i64,
    /// Sockets; 0 when absent, which Proxmox refuses.
    pub sockets: i64,
    /// MiB.
    pub memory: u64,
    /// Node it is pinned to.
    pub node: String,
    /// CPU model.
    pub cpu_type: String,
    /// Machine type.
    pub machine_type: String,
    /// Huge pages, as Proxmox takes them.
    pub hugepages: String,
    /// Bridge as written.
    pub network_bridge: String,
    /// VLAN tag, 0 for none.
    pub vlan: u64,
    /// NUMA.
    pub numa: bool,
    /// Whether ballooning is switched off.
    pub no_balloon: bool,
    /// The first disk.
    pub disk: Disk,
    /// Further disks.
    pub additional_disks: Vec<Disk>,
    /// Further network interfaces.
    pub additional_nics: Vec<Nic>,
    /// PCI devices.
    pub pci_devices: Vec<Device>,
}

impl Data {
    /// The first interface's bridge.
    pub fn bridge(&self) -> &str {
        if self.network_bridge.is_empty() { "vmbr0" } else { &self.network_bridge }
    }
}

type Read<T> = Result<T, String>;

fn cannot(node: &Node, what: &str, line: usize) -> String {
    let shown = match &node.kind {
        NodeKind::Scalar { text, style } => {
            let kind = if *style != ScalarStyle::Plain {
                "str"
            } else if integer(text).is_some() {
                "int"
            } else if text.parse::<f64>().is_ok() {
                "float"
            } else if boolean(text).is_some() {
                "bool"
            } else {
                "str"
            };
            let short: String = text.chars().take(7).collect();
            let text = if text.chars().count() > 10 { format!("{short}...") } else { text.clone() };
            format!("!!{kind} `{text}`")
        }
        NodeKind::Seq(_) => "!!seq".to_owned(),
        NodeKind::Map(_) => "!!map".to_owned(),
    };
    format!("yaml: construct errors:\n  line {line}: cannot construct {shown} into {what}")
}

/// A mapping of fields.
struct Fields<'a> {
    text: &'a str,
    entries: Vec<(&'a str, &'a Node)>,
}

impl<'a> Fields<'a> {
    fn of(text: &'a str, node: &'a Node, what: &str) -> Read<Self> {
        let NodeKind::Map(entries) = &node.kind else {
            return if null(node) {
                Ok(Self { text, entries: Vec::new() })
            } else {
                Err(cannot(node, what, line(text, node)))
            };
        };
        let entries = entries.iter().map(|(key, value)| (key.text().unwrap_or_default(), value));
        let mut all: Vec<(&str, &Node)> = Vec::new();
        for (key, value) in entries {
            match &value.kind {
                // Merged below what is written here.
                NodeKind::Map(merged) if key == "<<" => {
                    all.extend(merged.iter().map(|(k, v)| (k.text().unwrap_or_default(), v)));
                }
                _ => all.push((key, value)),
            }
        }
        Ok(Self { text, entries: all })
    }
    /// A field that says something.
    fn find(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().rev().find(|(name, _)| *name == key).map(|(_, node)| *node).filter(|n| !null(n))
    }
    fn wrong<T>(&self, node: &Node, what: &str) -> Read<T> {
        Err(cannot(node, what, line(self.text, node)))
    }
    fn word(&self, key: &str) -> Read<String> {
        match self.find(key) {
            None => Ok(String::new()),
            Some(node) => node.text().map(str::to_owned).map_or_else(|| self.wrong(node, "string"), Ok),
        }
    }
    fn number(&self, key: &str) -> Read<i64> {
        match self.find(key) {
            None => Ok(0),
            Some(node) => {
                let value = plain(node).and_then(integer).and_then(|n| i64::try_from(n).ok());
                value.map_or_else(|| self.wrong(node, "int"), Ok)
            }
        }
    }
    fn positive(&self, key: &str) -> Read<u64> {
        match self.find(key) {
            None => Ok(0),
            Some(node) => {
                let value = plain(node).and_then(integer).and_then(|n| u64::try_from(n).ok());
                value.map_or_else(|| self.wrong(node, "uint64"), Ok)
            }
        }
    }
    fn flag(&self, key: &str) -> Read<Option<bool>> {
        match self.find(key) {
            None => Ok(None),
            Some(node) => {
                plain(node).and_then(boolean).map_or_else(|| self.wrong(node, "bool"), |b| Ok(Some(b)))
            }
        }
    }
    fn on(&self, key: &str) -> Read<bool> {
        Ok(self.flag(key)?.unwrap_or(false))
    }
    fn list<T>(&self, key: &str, what: &str, read: impl Fn(&Fields<'_>) -> Read<T>) -> Read<Vec<T>> {
        let Some(node) = self.find(key) else { return Ok(Vec::new()) };
        let NodeKind::Seq(items) = &node.kind else { return self.wrong(node, &format!("[]{what}")) };
        items.iter().map(|item| read(&Fields::of(self.text, item, what)?)).collect()
    }
}

fn line(text: &str, node: &Node) -> usize {
    let before = text.get(..node.span.start).unwrap_or_default();
    before.matches('\n').count() + 1
}

fn plain(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Scalar { text, .. } if node.tag.as_deref().is_some_and(|t| t != "!!str") => Some(text),
        NodeKind::Scalar { text, style: ScalarStyle::Plain } => Some(text),
        _ => None,
    }
}

fn null(node: &Node) -> bool {
    plain(node).is_some_and(|text| matches!(text, "" | "~" | "null" | "Null" | "NULL"))
}

/// Reads provider data; `Err` has the error's text.
pub fn read(text: &str) -> Read<Data> {
    let documents = parse(SourceId(0), text, &Limits::default()).map_err(|problems| {
        let first = problems.first().map_or("not YAML", |d| d.message.as_str());
        format!("yaml: {first}")
    })?;
    let Some(root) = documents.first().and_then(|d| d.root.as_ref()) else { return Ok(Data::default()) };
    let map = Fields::of(text, root, "provider.Data")?;
    let disk = |map: &Fields<'_>| {
        Ok(Disk {
            size: map.number("disk_size")?,
            selector: map.word("storage_selector")?,
            ssd: map.on("disk_ssd")?,
            discard: map.on("disk_discard")?,
            iothread: map.on("disk_iothread")?,
            cache: map.word("disk_cache")?,
            aio: map.word("disk_aio")?,
        })
    };
    Ok(Data {
        cores: map.number("cores")?,
        sockets: map.number("sockets")?,
        memory: map.positive("memory")?,
        node: map.word("node")?,
        cpu_type: map.word("cpu_type")?,
        machine_type: map.word("machine_type")?,
        hugepages: match map.word("hugepages")?.as_str() {
            "2MB" => "2".to_owned(),
            "1GB" => "1024".to_owned(),
            other => other.to_owned(),
        },
        network_bridge: map.word("network_bridge")?,
        vlan: map.positive("vlan")?,
        numa: map.on("numa")?,
        no_balloon: map.flag("balloon")? == Some(false),
        disk: disk(&map)?,
        additional_disks: map.list("additional_disks", "provider.AdditionalDisk", disk)?,
        additional_nics: map.list("additional_nics", "provider.AdditionalNIC", |nic| {
            Ok(Nic {
                bridge: nic.word("bridge")?,
                vlan: nic.positive("vlan")?,
                firewall: nic.on("firewall")?,
            })
        })?,
        pci_devices: map.list("pci_devices", "provider.PCIDevice", |device| {
            Ok(Device {
                mapping: device.word("mapping")?,
                pcie: device.on("pcie")?,
                primary_gpu: device.on("primary_gpu")?,
                rombar: device.on("rombar")?,
            })
        })?,
    })
}

fn integer(text: &str) -> Option<i128> {
    let digits = text.replace('_', "");
    let (sign, digits) = digits.strip_prefix('-').map_or((1, digits.as_str()), |d| (-1, d));
    let value = if let Some(hex) = digits.strip_prefix("0x") {
        i128::from_str_radix(hex, 16).ok()
    } else if let Some(octal) = digits.strip_prefix("0o") {
        i128::from_str_radix(octal, 8).ok()
    } else if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()) {
        i128::from_str_radix(digits, 8).ok()
    } else if let Ok(value) = digits.parse::<u64>() {
        Some(i128::from(value))
    } else {
        let number = digits.bytes().next().is_some_and(|b| b.is_ascii_digit());
        let value = digits.parse::<f64>().ok().filter(|f| number && f.fract() == 0.0 && f.abs() < 1e15);
        value.map(|f| f as i128)
    };
    value.map(|v| sign * v)
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_zero_and_unknown_is_ignored() {
        let data = read("cores: 0x10\nmemory: 1_000\ndisk_size: 4.0\nCores: 9\nballoon: off\n").unwrap();
        assert_eq!((data.cores, data.memory, data.disk.size, data.sockets), (16, 1000, 4, 0));
        assert!(data.no_balloon);
        assert_eq!(integer("010"), Some(8));
        assert_eq!(
            read("cores: four\n").unwrap_err(),
            "yaml: construct errors:\n  line 1: cannot construct !!str `four` into int"
        );
        assert_eq!(read("").unwrap(), Data::default());
        assert!(read("cores: \"4\"\n").is_err() && read("numa: 1\n").is_err() && read("vlan: -1\n").is_err());
    }

    #[test]
    fn lists_have_fields_of_their_own() {
        let data = read("additional_disks:\n- disk_size: 5\n  storage_selector: x\n  foo: 1\nadditional_nics:\n- bridge: vmbr1\n  model: e1000\n").unwrap();
        assert_eq!((data.additional_disks[0].size, data.additional_disks[0].selector.as_str()), (5, "x"));
        assert_eq!(data.additional_nics, [Nic { bridge: "vmbr1".into(), vlan: 0, firewall: false }]);
        assert!(read("additional_disks: {}\n").unwrap_err().contains("[]provider.AdditionalDisk"));
    }
}
