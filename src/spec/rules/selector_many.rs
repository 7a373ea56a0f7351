//! A selector that is true for more than one storage takes the first by name.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use std::collections::BTreeSet;

use crate::diag::{Diagnostic, Sink};
use crate::selector::{Selector, Storage};

use super::storage_selector::Place;

pub(super) static RULE: Rule = Rule {
    code: "OS0156",
    name: "selector-takes-any",
    severity: Severity::Warning,
    basis: Basis::Observed,
    source: "The provider walks the storages of the node by id and takes the first for which the selector is true; contents, `enabled` and `active` are not looked at.",
    stage: Stage::Validate,
    title: "a selector that many storages fit",
    means: "Where it is true for more than one storage, the first by name is taken, which is often `local`: it holds no disks of machines, and Proxmox refuses every machine.",
    bad: "storage_selector: name != \"backup\"",
    good: "storage_selector: name == \"vm_ssd\"",
    act: "Name the one storage, or ask for its type as well: `storageType == \"rbd\"`.",
};

/// Names of storages that a fresh Proxmox VE or many clusters have.
const NAMES: [&str; 4] = ["backup", "local", "local-lvm", "vm-disks"];
/// Types of storages.
const TYPES: [&str; 8] = ["dir", "nfs", "cifs", "lvm", "lvmthin", "zfspool", "rbd", "pbs"];
/// Free bytes: more than any selector asks for.
const SPACE: u64 = 1 << 60;

pub(super) fn check(place: &Place<'_>, selector: &Selector, text: &str, sink: &mut Sink) {
    let written = texts(text);
    let node = place.recipe.word("node").or_else(|| place.recipe.cluster.nodes.first().map(String::as_str));
    for kind in TYPES {
        // Any name counts for what every node has; for other types only names that the selector itself has.
        let usual: &[&str] = if kind == "dir" { &NAMES } else { &[] };
        let names: BTreeSet<&str> = usual.iter().copied().chain(written.iter().map(String::as_str)).collect();
        let taken: Vec<&str> = names
            .into_iter()
            .filter(|name| {
                let storage = Storage { name: (*name).into(), kind: kind.into(), available: SPACE };
                selector.accepts(node.unwrap_or_default(), &storage) == Ok(true)
            })
            .collect();
        if let [first, second, ..] = taken.as_slice() {
            sink.push(
                Diagnostic::of(&RULE, "the storage selector is true for more than one storage, and the first by name is taken")
                    .at(place.recipe.source, place.node.span, "")
                    .note(format!("of two storages of type `{kind}` called `{first}` and `{second}` it would take `{first}`, whether or not that one holds disks"))
                    .help("name the one storage: `name == \"<storage>\"`"),
            );
            return;
        }
    }
}

/// The texts in a selector that can be names of storages.
fn texts(selector: &str) -> BTreeSet<String> {
    let plain = |t: &&str| {
        !t.is_empty()
            && t.len() <= 64
            && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let quoted = |quote: char| {
        selector.split(quote).skip(1).step_by(2).filter(plain).map(str::to_owned).collect::<Vec<_>>()
    };
    quoted('"').into_iter().chain(quoted('\'')).take(16).collect()
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
    fn what_is_one_storage_and_what_is_not() {
        for many in [
            "true",
            "name != \"local\"",
            "availableSpace > 5u",
            "name.startsWith(\"local\")",
            "name in [\"a\", \"b\"]",
            "storageType != \"pbs\"",
        ] {
            assert_eq!(testing::data(&format!("storage_selector: {many}\n")), ["OS0156"], "{many}");
        }
        for one in [
            "name == \"vm_ssd\"",
            "storageType == \"rbd\"",
            "storageType == \"rbd\" && availableSpace > 9u",
            "name.startsWith(\"vm_\")",
            "name == \"local\"",
            "false",
        ] {
            assert_eq!(testing::data(&format!("storage_selector: {one}\n")), [""; 0], "{one}");
        }
    }
}
