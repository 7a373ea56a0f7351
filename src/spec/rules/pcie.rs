//! PCI Express needs the q35 machine.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::yaml::as_bool;

use super::recipe::{Recipe, get};

pub(super) static RULE: Rule = Rule {
    code: "OS0209",
    name: "pcie-needs-q35",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Proxmox VE, start of a VM: `q35 machine model is not enabled`.",
    stage: Stage::Validate,
    title: "`pcie: true` on another machine than q35",
    means: "The machine is made and does not start: only the q35 machine has PCI Express.",
    bad: "balloon: false\npci_devices:\n  - mapping: gpu\n    pcie: true",
    good: "balloon: false\nmachine_type: q35\npci_devices:\n  - mapping: gpu\n    pcie: true",
    act: "Add `machine_type: q35`, or leave `pcie` out.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    if recipe.word("machine_type").is_some_and(|t| t.contains("q35")) {
        return;
    }
    for (pairs, _) in recipe.tables("pci_devices") {
        if let Some(node) = get(pairs, "pcie")
            && as_bool(node) == Ok(Some(true))
        {
            sink.push(
                Diagnostic::of(&RULE, "`pcie: true` works with `machine_type: q35` only")
                    .at(recipe.source, node.span, "the machine would not start")
                    .help("add `machine_type: q35`"),
            );
        }
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
    fn versions_of_q35_do_too() {
        let devices =
            "balloon: false\npci_devices: [{mapping: gpu, pcie: true}, {mapping: nic, pcie: true}]\n";
        assert_eq!(testing::data(&format!("machine_type: pc-q35-9.0\n{devices}")), [""; 0]);
        assert_eq!(testing::data(&format!("machine_type: pc\n{devices}")), ["OS0209", "OS0209"]);
        assert_eq!(testing::data("balloon: false\npci_devices: [{mapping: gpu, pcie: false}]\n"), [""; 0]);
    }
}
