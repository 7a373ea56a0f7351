//! Fields without which no machine comes into being.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, Span};

use super::recipe::{Recipe, get};

pub(super) static RULE: Rule = Rule {
    code: "OS0142",
    name: "field-missing",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "The provider has no defaults for numbers: what is absent is 0. An absent selector does not compile.",
    stage: Stage::Validate,
    title: "a field without which no machine is made",
    means: "Proxmox or the provider refuses every machine of this class.",
    bad: "sockets: 1\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"vm_ssd\"",
    good: "cores: 4\nsockets: 1\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"vm_ssd\"",
    act: "Add the field that the message names.",
};

/// Name, example, why; `sockets` has a rule of its own.
const FIELDS: [(&str, &str, &str); 4] = [
    ("cores", "4", "the provider's schema asks for at least 1"),
    ("memory", "8192", "the provider's schema asks for at least 2048 MiB"),
    ("disk_size", "40", "the provider's schema asks for at least 5 GiB"),
    ("storage_selector", "name == \"vm_ssd\"", "without it the provider finds no storage for the disk"),
];

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for (field, example, why) in FIELDS {
        if recipe.get(field).is_none() {
            sink.push(missing(recipe, field, recipe.at).note(why).help(format!("add `{field}: {example}`")));
        }
    }
    for list in ["pci_devices", "usb_devices"] {
        for (i, (pairs, span)) in recipe.tables(list).into_iter().enumerate() {
            if get(pairs, "mapping").is_none_or(|n| n.text() == Some("")) {
                sink.push(
                    missing(recipe, &format!("{list}[{i}].mapping"), span)
                        .note("devices are named by the mappings of the Proxmox cluster, so that each node finds its own")
                        .help("add `mapping:` with the name of a mapping (Datacenter, Resource Mappings)"),
                );
            }
        }
    }
}

fn missing(recipe: &Recipe<'_>, path: &str, at: Span) -> Diagnostic {
    Diagnostic::of(&RULE, format!("`providerdata` has no `{path}`")).at(recipe.source, at, "")
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
    fn all_that_is_missing_is_told_at_once() {
        assert_eq!(testing::whole("sockets: 1\n"), ["OS0142"; 4]);
        assert_eq!(testing::data("balloon: false\npci_devices: [{pcie: false}]\n"), ["OS0142"]);
    }
}
