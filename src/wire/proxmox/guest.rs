//! `GET /nodes/{node}/qemu/{vmid}/config`, `…/pending` and `…/status/current`, as far as they are looked at.
//!
//! Reading is by a list of keys that are wanted. Everything else, and with it whatever may be secret (`cipassword`, `sshkeys`,
//! `args`, `description`, …), is passed over while it is parsed and never held.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::loose;
use super::property::{Property, is_key};

/// Plain values that are wanted.
const PLAIN: [&str; 20] = [
    "agent",
    "balloon",
    "bios",
    "boot",
    "cores",
    "cpu",
    "cpulimit",
    "hugepages",
    "kvm",
    "lock",
    "machine",
    "memory",
    "numa",
    "onboot",
    "protection",
    "scsihw",
    "sockets",
    "template",
    "vcpus",
    "vga",
];

/// Devices: the slot's name before its number, and the key of the item that may lack one.
const DEVICES: [(&str, &str); 10] = [
    ("efidisk", "file"),
    ("hostpci", "host"),
    ("ide", "file"),
    ("net", "model"),
    ("sata", "file"),
    ("scsi", "file"),
    ("tpmstate", "file"),
    ("unused", "file"),
    ("usb", "host"),
    ("virtio", "file"),
];

/// A VM's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestConfigReply {
    /// Name.
    pub name: Option<String>,
    /// `uuid` of `smbios1`, lower case.
    pub uuid: Option<String>,
    /// When the VM was made (`ctime` of `meta`), in seconds since 1970.
    pub created: Option<u64>,
    /// Tags as sent, separated by `;`.
    pub tags: Option<String>,
    /// Whether it has a snapshot (`parent` names the newest). Its name is not held.
    pub snapshots: bool,
    /// Plain values by key, as text.
    pub plain: BTreeMap<String, String>,
    /// Devices by slot, each with its main part and the rest.
    pub devices: BTreeMap<String, (String, BTreeMap<String, String>)>,
}

/// The key of the main part, if `slot` is a device.
fn device(slot: &str) -> Option<&'static str> {
    let name = slot.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = slot.get(name.len()..).filter(|n| (1..=3).contains(&n.len()))?;
    let canonical = number == "0" || !number.starts_with('0');
    DEVICES.iter().find(|(prefix, _)| canonical && *prefix == name).map(|(_, main)| *main)
}

/// A UUID in its usual form, lower case.
fn uuid(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|g| g.len()).collect();
    let hex = groups.iter().all(|g| g.bytes().all(|b| b.is_ascii_hexdigit()));
    (lengths == [8, 4, 4, 4, 12] && hex).then(|| text.to_ascii_lowercase())
}

impl GuestConfigReply {
    /// What a VM's configuration would be if it was just what a request for a new one sends.
    pub fn of(parameters: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut out = Self::default();
        for (key, value) in parameters.into_iter().filter(|(key, _)| wanted(key)) {
            out.take(&key, value);
        }
        out
    }

    fn take(&mut self, key: &str, value: String) {
        match key {
            "name" => self.name = Some(value),
            "parent" => self.snapshots = true,
            "tags" => self.tags = Some(value),
            "smbios1" => self.uuid = Property::parse(&value).options.get("uuid").and_then(|u| uuid(u)),
            "meta" => {
                self.created = Property::parse(&value).options.get("ctime").and_then(|t| t.parse().ok());
            }
            // Newer servers may answer with the key of the only value.
            "memory" => {
                let value = value.strip_prefix("current=").unwrap_or(&value).to_owned();
                self.plain.insert(key.to_owned(), value);
            }
            _ => match device(key) {
                Some(main) => {
                    let mut property = Property::parse(&value);
                    let first = if main == "model" { property.model() } else { property.default_item(main) };
                    self.devices.insert(key.to_owned(), (first.unwrap_or_default(), property.options));
                }
                None => {
                    self.plain.insert(key.to_owned(), value);
                }
            },
        }
    }
}

fn wanted(key: &str) -> bool {
    matches!(key, "name" | "tags" | "smbios1" | "meta" | "parent")
        || PLAIN.contains(&key)
        || device(key).is_some()
}

impl<'de> Deserialize<'de> for GuestConfigReply {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Text(#[serde(deserialize_with = "loose::text")] Option<String>);
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = GuestConfigReply;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the configuration of a VM")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut out = GuestConfigReply::default();
                while let Some(key) = map.next_key::<String>()? {
                    if wanted(&key) {
                        if let Text(Some(value)) = map.next_value()? {
                            out.take(&key, value);
                        }
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(out)
            }
        }
        source.deserialize_map(Keys)
    }
}

/// A row of `GET …/pending`. Values are not read: they may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingEntry {
    /// Key of the configuration.
    pub key: String,
    /// Whether it changes or goes at the next power cycle.
    pub waits: bool,
}

impl<'de> Deserialize<'de> for PendingEntry {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Row {
            key: String,
            #[serde(default)]
            pending: Option<IgnoredAny>,
            #[serde(default, deserialize_with = "loose::number")]
            delete: Option<u64>,
        }
        let row = Row::deserialize(source)?;
        if !is_key(&row.key) {
            return Err(serde::de::Error::custom("a key that Proxmox does not have"));
        }
        let waits = row.pending.is_some() || row.delete.is_some_and(|d| d > 0);
        Ok(Self { key: row.key, waits })
    }
}

/// `GET …/status/current`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct GuestStatusReply {
    /// What QEMU says: `running`, `stopped`, `paused`, `io-error`, `prelaunch`, …
    #[serde(default, deserialize_with = "loose::text")]
    pub qmpstatus: Option<String>,
    /// Lock held.
    #[serde(default, deserialize_with = "loose::text")]
    pub lock: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> GuestConfigReply {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_configuration_is_read_as_the_provider_writes_it() {
        let config = read(
            r#"{"agent":"enabled=true","balloon":0,"boot":"order=scsi0;ide2;net0;ide0","cores":4,"memory":"8192",
            "meta":"creation-qemu=10.1.2,ctime=1771000102","name":"a-x7k2mp","net0":"virtio=BC:24:11:5A:10:02,bridge=vmbr0,firewall=1",
            "scsi0":"local-lvm:vm-102-disk-0,size=40G,ssd=1","ide2":"none,media=cdrom","hostpci0":"mapping=gpu,pcie=1",
            "smbios1":"uuid=0D4F2C9B-8a17-4c2f-b0c5-7a9e3d51f602,base64=1,serial=YQ==","tags":"b;A"}"#,
        );
        assert_eq!(config.uuid.as_deref(), Some("0d4f2c9b-8a17-4c2f-b0c5-7a9e3d51f602"));
        assert_eq!((config.created, config.tags.as_deref()), (Some(1_771_000_102), Some("b;A")));
        assert_eq!(config.plain["cores"], "4");
        assert_eq!(config.plain["balloon"], "0");
        assert_eq!(config.devices["scsi0"].0, "local-lvm:vm-102-disk-0");
        assert_eq!(config.devices["net0"].0, "virtio");
        assert_eq!(config.devices["net0"].1["firewall"], "1");
        assert_eq!((config.devices["ide2"].0.as_str(), config.devices["hostpci0"].0.as_str()), ("none", ""));
        assert_eq!(config.devices["hostpci0"].1["mapping"], "gpu");
        assert_eq!(read(r#"{"memory":"current=4096"}"#).plain["memory"], "4096");
        assert_eq!(read(r#"{"smbios1":"uuid=nonsense"}"#).uuid, None);
    }

    #[test]
    fn nothing_that_may_be_secret_is_held() {
        let canary = "canary-5c1";
        let keys = [
            "cipassword",
            "sshkeys",
            "args",
            "description",
            "ciuser",
            "cicustom",
            "ipconfig0",
            "hookscript",
            "nameserver",
            "searchdomain",
            "startdate",
            "scsihw2",
            "virtiofs0",
            "net",
            "net0000",
            "xscsi0",
            "audio0",
            "serial0",
        ];
        let body: Vec<String> = keys.iter().map(|k| format!(r#""{k}":"{canary}""#)).collect();
        let config = read(&format!("{{{},\"smbios1\":\"uuid=x,serial={canary}\"}}", body.join(",")));
        assert_eq!(config, GuestConfigReply::default());
        let config = read(&format!(r#"{{"parent":"{canary}"}}"#));
        assert!(config.snapshots && !format!("{config:?}").contains(canary));
        let pending = format!(r#"[{{"key":"cipassword","value":"{canary}","pending":"{canary}"}}]"#);
        let rows: Vec<PendingEntry> = serde_json::from_str(&pending).unwrap();
        assert!(!format!("{rows:?}").contains(canary) && rows[0].waits);
        let status = format!(r#"{{"qmpstatus":"paused","clipboard":"{canary}","name":"{canary}"}}"#);
        let status: GuestStatusReply = serde_json::from_str(&status).unwrap();
        assert!(!format!("{status:?}").contains(canary) && status.qmpstatus.as_deref() == Some("paused"));
    }

    #[test]
    fn only_what_changes_waits() {
        let rows = r#"[{"key":"memory","value":"8192","pending":"12288"},{"key":"cores","value":4},
            {"key":"net1","value":"x","delete":1},{"key":"net2","value":"x","delete":0},{"key":"cpu","pending":""}]"#;
        let rows: Vec<PendingEntry> = serde_json::from_str(rows).unwrap();
        let waiting: Vec<&str> = rows.iter().filter(|r| r.waits).map(|r| r.key.as_str()).collect();
        assert_eq!(waiting, ["memory", "net1", "cpu"]);
        assert!(serde_json::from_str::<PendingEntry>(r#"{"key":"a b"}"#).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_object_is_read_or_refused_and_foreign_keys_leave_nothing(
            keys in proptest::collection::btree_map("[a-z]{1,12}[0-9]{0,2}", "[ -~]{0,40}", 0..12),
        ) {
            let body = serde_json::to_string(&keys).unwrap();
            let config: GuestConfigReply = serde_json::from_str(&body).unwrap();
            for key in config.plain.keys() {
                proptest::prop_assert!(PLAIN.contains(&key.as_str()));
            }
            for slot in config.devices.keys() {
                proptest::prop_assert!(device(slot).is_some());
            }
        }
    }
}
