//! `rombar: false` does nothing.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::yaml::as_bool;

use super::recipe::{Recipe, get};

pub(super) static RULE: Rule = Rule {
    code: "OS0210",
    name: "rombar-false",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "The provider sends `rombar` when it is true only; Proxmox VE has it on by default.",
    stage: Stage::Validate,
    title: "`rombar: false`",
    means: "The provider never switches the option ROM off, so the device keeps it.",
    bad: "balloon: false\npci_devices:\n  - mapping: gpu\n    rombar: false",
    good: "balloon: false\npci_devices:\n  - mapping: gpu",
    act: "Remove the key. A device that must not show its ROM has to be set so in its Proxmox mapping or by hand.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for (pairs, _) in recipe.tables("pci_devices") {
        if let Some(node) = get(pairs, "rombar")
            && as_bool(node) == Ok(Some(false))
        {
            sink.push(
                Diagnostic::of(&RULE, "`rombar: false` does nothing: the ROM stays visible")
                    .at(recipe.source, node.span, "has no effect")
                    .note("the provider sends the option when it is true only, and Proxmox has it on by default")
                    .help("remove it"),
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
    fn true_is_sent() {
        assert_eq!(testing::data("balloon: false\npci_devices: [{mapping: gpu, rombar: true}]\n"), [""; 0]);
    }
}
