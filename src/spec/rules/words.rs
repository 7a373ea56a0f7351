//! Fields that take a few words each, and lists that have a most.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, closest};
use crate::spec::fields::{list, quote};
use crate::yaml::NodeKind;

use super::hugepages::size;
use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0143",
    name: "value-refused",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "The provider passes these words on; Proxmox VE knows no others, and no more devices of a kind.",
    stage: Stage::Validate,
    title: "a value that Proxmox or its provider refuses",
    means: "The class is accepted by Omni, and every machine of it would fail when it is made.",
    bad: "disk_cache: writebak",
    good: "disk_cache: writeback",
    act: "Take a value that the message names, or leave the key out.",
};

/// Last part of a field's path, and its words.
const WORDS: [(&str, &[&str]); 5] = [
    ("disk_cache", &["none", "writeback", "writethrough", "directsync", "unsafe"]),
    ("disk_aio", &["native", "io_uring", "threads"]),
    ("placement_strategy", &["spread", "fewer-vms", "round-robin", "binpack"]),
    ("bios", &["seabios", "ovmf"]),
    ("hugepages", &["2MB", "1GB", "any"]),
];

/// Lists, and how many Proxmox takes: `scsi1` to `scsi30`, `net1` to `net31`, `hostpci0` to `hostpci15`, and the provider's 15.
const MOST: [(&str, usize); 4] =
    [("additional_disks", 30), ("additional_nics", 31), ("pci_devices", 16), ("usb_devices", 15)];

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for field in &recipe.fields() {
        let name = field.key.text().unwrap_or_default();
        let Some((_, words)) = WORDS.iter().find(|(f, _)| *f == name) else { continue };
        let Some(text) = field.value.text().filter(|t| !t.is_empty() && !words.contains(t)) else { continue };
        if crate::yaml::is_null(field.value) || (name == "hugepages" && size(text).is_some()) {
            continue;
        }
        let d = Diagnostic::of(&RULE, format!("`{}` cannot be {}", field.path, quote(text))).at(
            recipe.source,
            field.value.span,
            "",
        );
        sink.push(match closest(text, words.iter().copied()) {
            Some(near) => d.help(format!("did you mean `{near}`?")),
            None => d.help(format!("it is {}", list(words))),
        });
    }
    for (key, most) in MOST {
        if let Some(node) = recipe.get(key)
            && let NodeKind::Seq(items) = &node.kind
            && items.len() > most
        {
            sink.push(
                Diagnostic::of(
                    &RULE,
                    format!("`{key}` has {} entries, and a machine takes at most {most}", items.len()),
                )
                .at(recipe.source, node.span, ""),
            );
        }
    }
    machine_type(recipe, sink);
}

fn machine_type(recipe: &Recipe<'_>, sink: &mut Sink) {
    let Some(node) = recipe.get("machine_type") else { return };
    let Some(text) = node.text().filter(|t| !t.is_empty() && *t != "i440fx") else { return };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+' | ',' | '=' | '_');
    let known =
        ["pc", "q35", "virt"].iter().any(|head| text == *head || text.starts_with(&format!("{head}-")))
            || text.contains(',');
    if !text.chars().all(plain) || !known {
        let d = Diagnostic::of(
            &RULE,
            format!("{} is no machine type that Proxmox is known to take", quote(text)),
        );
        sink.push(
            Diagnostic { severity: crate::diag::Severity::Warning, ..d }
                .at(recipe.source, node.span, "")
                .help("Proxmox knows `pc`, `pc-i440fx-<version>`, `q35` and `pc-q35-<version>`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::rules::testing;

    #[test]
    fn it_speaks_and_is_silent() {
        testing::example(&RULE);
    }

    #[test]
    fn words_and_numbers_of_devices() {
        for (data, want) in [
            ("disk_aio: uring\n", 1),
            ("disk_aio: ''\n", 0),
            ("disk_cache: null\n", 0),
            ("bios: uefi\n", 1),
            ("machine_type: q36\n", 1),
            ("machine_type: virt-9.0\n", 0),
            ("placement_strategy: sprawl\n", 1),
        ] {
            assert_eq!(testing::data(data).iter().filter(|c| *c == "OS0143").count(), want, "{data}");
        }
        let nics = |n: usize| format!("additional_nics:\n{}", "  - bridge: vmbr1\n".repeat(n));
        assert_eq!(testing::data(&nics(31)), [""; 0]);
        assert_eq!(testing::data(&nics(32)), ["OS0143"]);
    }
}
