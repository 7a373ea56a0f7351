//! What the provider makes of provider data, and what Proxmox says to that.

use schemars::JsonSchema;
use serde::Serialize;

use crate::diag::{SourceId, closest};
use crate::provider::{Answer, Generation, Names, ProviderData, Unreadable, answer, create, read};
use crate::spec::PROVIDER_FIELDS;
use crate::yaml::{Limits, NodeKind, parse};

/// Provider data, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "omni-scale explain providerdata")]
pub struct DataReport {
    /// Where it comes from: the class's id, or nothing.
    pub class: Option<String>,
    /// The release line of the provider that reads it.
    pub generation: Generation,
    /// Why the provider cannot read it; it then fails in step `pickNode`, every minute.
    pub unreadable: Vec<String>,
    /// What the provider logs where it cannot read it, if that is certain.
    pub logged: Option<String>,
    /// What it reads; nothing where it cannot.
    pub read: Option<ProviderData>,
    /// Fields that do something although nothing is written, or something else than what is written.
    pub fields: Vec<Field>,
    /// Keys that it ignores.
    pub ignored: Vec<Ignored>,
    /// What it asks of Proxmox: `POST /nodes/NODE/qemu`.
    pub request: Vec<Parameter>,
    /// What Proxmox says to that.
    pub answers: Vec<Answer>,
}

/// A field that is not simply what is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Field {
    /// Key.
    pub key: String,
    /// What happens.
    pub note: String,
}

/// A key that the provider ignores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ignored {
    /// Key.
    pub key: String,
    /// The key that was probably meant.
    pub meant: Option<String>,
    /// The release from which the provider reads it.
    pub since: Option<Generation>,
}

/// A parameter of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Parameter {
    /// Name.
    pub name: String,
    /// Value; in angle brackets what is known only when a machine is made.
    pub value: String,
}

/// Explains provider data as a release line of the provider reads it.
pub fn data_report(class: Option<&str>, text: &str, generation: Generation) -> DataReport {
    let mut report = DataReport {
        class: class.map(str::to_owned),
        generation,
        unreadable: Vec::new(),
        logged: None,
        read: None,
        fields: Vec::new(),
        ignored: ignored(text, generation),
        request: Vec::new(),
        answers: Vec::new(),
    };
    match read(text, generation) {
        Ok(data) => {
            report.fields = fields(&data);
            report.request = request(&data, generation);
            report.answers = answer(&data);
            report.read = Some(data);
        }
        Err(unreadable) => {
            report.logged = unreadable.logged();
            report.unreadable = match unreadable {
                Unreadable::Syntax(problems) => problems.into_iter().map(|p| p.message).collect(),
                Unreadable::Values(all) => all
                    .into_iter()
                    .map(|m| {
                        let field = if m.field.is_empty() {
                            "the whole".to_owned()
                        } else {
                            format!("`{}`", m.field)
                        };
                        format!("{field}, line {}: {} is no {}", m.line, m.found, m.into)
                    })
                    .collect(),
            };
        }
    }
    report
}

fn ignored(text: &str, generation: Generation) -> Vec<Ignored> {
    let Some(root) =
        parse(SourceId::default(), text, &Limits::default()).ok().and_then(|d| d.into_iter().next()?.root)
    else {
        return Vec::new();
    };
    let NodeKind::Map(pairs) = &root.kind else { return Vec::new() };
    let known = || PROVIDER_FIELDS.iter().map(|(name, _)| *name);
    let keys = pairs.iter().filter_map(|(key, _)| key.text());
    keys.filter_map(|key| {
        let since = Generation::of_key(key);
        since.is_none_or(|since| since > generation).then(|| Ignored {
            key: key.to_owned(),
            meant: if since.is_some() { None } else { closest(key, known()).map(str::to_owned) },
            since,
        })
    })
    .collect()
}

fn fields(data: &ProviderData) -> Vec<Field> {
    let mut out = Vec::new();
    let mut say = |key: &str, note: &str| out.push(Field { key: key.to_owned(), note: note.to_owned() });
    for (key, absent) in [
        ("cores", data.cores == 0),
        ("sockets", data.sockets == 0),
        ("memory", data.memory == 0),
        ("disk_size", data.disk.size == 0),
    ] {
        if absent {
            say(key, "absent or 0: 0 is sent, there is no default");
        }
    }
    if data.disk.selector.is_empty() {
        say("storage_selector", "absent: it does not compile, and no machine is made");
    }
    if data.cpu_type.is_empty() {
        say("cpu_type", "absent: `x86-64-v2-AES`");
    }
    if data.network_bridge.is_empty() {
        say("network_bridge", "absent: `vmbr0`");
    }
    if data.machine_type.is_empty() {
        say("machine_type", "absent: not sent, Proxmox takes i440fx");
    }
    if data.balloon == Some(true) {
        say("balloon", "`true` is not sent: it is Proxmox's default");
    }
    for (i, _) in data.pci_devices.iter().enumerate().filter(|(_, d)| !d.rombar) {
        say(
            &format!("pci_devices[{i}].rombar"),
            "`false` or absent is not sent: the ROM stays on, as Proxmox has it by default",
        );
    }
    if data.node.is_empty() {
        say("node", "absent: the provider chooses");
    }
    out
}

fn request(data: &ProviderData, generation: Generation) -> Vec<Parameter> {
    let storage = |selector: &str| format!("<storage where {}>", selector.trim());
    let further = data.additional_disks.iter().map(|d| storage(&d.selector));
    let names = Names {
        vmid: "<next free>".to_owned(),
        request: "<machine request>".to_owned(),
        uuid: "<uuid>".to_owned(),
        set: Some("<machine set>".to_owned()),
        iso: "<ISO storage>:iso/<image>.iso".to_owned(),
        storages: std::iter::once(storage(&data.disk.selector)).chain(further).collect(),
    };
    create(data, generation, &names).into_iter().map(|(name, value)| Parameter { name, value }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_sent_answered_and_ignored() {
        let report = data_report(
            Some("w"),
            "cores: 4\nmemory: 8192\ndiskSize: 40\ndisk_size: 40\nstorage_selector: name == \"a\"\npool: p\nbaloon: no\n",
            Generation::Early,
        );
        let ignored: Vec<_> =
            report.ignored.iter().map(|i| (i.key.as_str(), i.meant.as_deref(), i.since)).collect();
        assert_eq!(
            ignored,
            [
                ("diskSize", Some("disk_size"), None),
                ("pool", None, Some(Generation::V0_1)),
                ("baloon", Some("balloon"), None)
            ]
        );
        assert!(report.fields.iter().any(|f| f.key == "sockets"), "{:?}", report.fields);
        assert_eq!(report.answers[0].field, "sockets");
        let scsi0 = report.request.iter().find(|p| p.name == "scsi0").unwrap();
        assert_eq!(scsi0.value, "<storage where name == \"a\">:40");
        assert!(!report.request.iter().any(|p| p.name == "pool"));
    }

    #[test]
    fn what_cannot_be_read_is_told_in_both_words() {
        let report = data_report(None, "cores: four\n", Generation::V0_3);
        assert_eq!(report.unreadable, ["`cores`, line 1: !!str `four` is no int"]);
        assert_eq!(
            report.logged.as_deref(),
            Some("yaml: construct errors:\n  line 1: cannot construct !!str `four` into int")
        );
        assert!(report.read.is_none() && report.request.is_empty());
        let report = data_report(None, "a: [", Generation::Early);
        assert!(report.logged.is_none() && report.unreadable.len() == 1);
    }
}
