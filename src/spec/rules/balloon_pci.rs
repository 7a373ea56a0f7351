//! Memory of a machine with a PCI device is pinned.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::yaml::as_bool;

use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0211",
    name: "balloon-with-pci",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "QEMU: devices that are passed through reach all memory of the machine, so all of it is pinned.",
    stage: Stage::Validate,
    title: "ballooning beside a device that is passed through",
    means: "A balloon cannot give memory back that is pinned: the machine takes all of its memory whatever the balloon says.",
    bad: "pci_devices:\n  - mapping: gpu",
    good: "balloon: false\npci_devices:\n  - mapping: gpu",
    act: "Add `balloon: false`; left out, ballooning is on.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    let balloon = recipe.get("balloon");
    if recipe.tables("pci_devices").is_empty() || balloon.is_some_and(|n| as_bool(n) == Ok(Some(false))) {
        return;
    }
    // A value that cannot be read is told by its own rule.
    if balloon.is_some_and(|n| as_bool(n).is_err()) {
        return;
    }
    let at = balloon.or_else(|| recipe.get("pci_devices")).map_or(recipe.at, |n| n.span);
    sink.push(
        Diagnostic::of(&RULE, "ballooning does nothing on a machine with PCI devices: its memory is pinned")
            .at(recipe.source, at, if balloon.is_some() { "" } else { "without `balloon: false` it is on" })
            .help("write `balloon: false`"),
    );
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
    fn without_devices_ballooning_is_fine() {
        assert_eq!(testing::data("balloon: true\n"), [""; 0]);
        assert_eq!(testing::data("balloon: true\npci_devices: []\n"), [""; 0]);
        assert_eq!(testing::data("balloon: true\npci_devices: [{mapping: a}]\n"), ["OS0211"]);
    }
}
