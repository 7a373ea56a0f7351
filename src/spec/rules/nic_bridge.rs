//! A further network card names its bridge.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};

use super::recipe::{Recipe, get};

pub(super) static RULE: Rule = Rule {
    code: "OS0207",
    name: "nic-without-bridge",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "The provider sends `bridge=` without a name; Proxmox VE refuses it.",
    stage: Stage::Validate,
    title: "a further network card without a bridge",
    means: "The first card has a default, the others have none: Proxmox refuses every machine of the class.",
    bad: "additional_nics:\n  - vlan: 20",
    good: "additional_nics:\n  - bridge: vmbr1\n    vlan: 20",
    act: "Add `bridge:` with the name of a bridge that every node has.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for (i, (pairs, span)) in recipe.tables("additional_nics").into_iter().enumerate() {
        if get(pairs, "bridge").is_none_or(|n| n.text() == Some("")) {
            sink.push(
                Diagnostic::of(&RULE, format!("`additional_nics[{i}]` has no `bridge`"))
                    .at(recipe.source, span, "")
                    .note("only the first card has a default")
                    .help("add `bridge: vmbr0`"),
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
    fn the_first_card_has_a_default() {
        assert_eq!(testing::data("vlan: 20\n"), [""; 0]);
        assert_eq!(
            testing::data("additional_nics: [{bridge: ''}, {bridge: vmbr1}, {}]\n"),
            ["OS0207", "OS0207"]
        );
    }
}
