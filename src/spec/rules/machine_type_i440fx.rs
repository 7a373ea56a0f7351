//! `machine_type: i440fx`: in the provider's schema, refused by Proxmox.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};

use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0149",
    name: "machine-type-i440fx",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "The provider sends the word as it is; Proxmox VE knows `pc`, `pc-i440fx-<version>`, `q35`, `pc-q35-<version>` and `virt`.",
    stage: Stage::Validate,
    title: "`machine_type: i440fx`",
    means: "The schema that the provider publishes offers the word, and Proxmox refuses a machine with it.",
    bad: "machine_type: i440fx",
    good: "machine_type: q35",
    act: "Leave `machine_type` out to get i440fx, as `validate --fix` does, or write `q35`.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    let pair = recipe.pairs().iter().find(|(k, _)| k.text() == Some("machine_type"));
    let Some((key, value)) = pair.filter(|(_, v)| v.text() == Some("i440fx")) else { return };
    sink.push(
        Diagnostic::of(&RULE, "Proxmox refuses `machine_type: i440fx`")
            .at(recipe.source, value.span, "the provider sends this word as it is")
            .note("Proxmox knows `pc`, `pc-i440fx-<version>`, `q35` and `pc-q35-<version>`")
            .help("leave `machine_type` out to get i440fx, or write `q35`")
            .fix(recipe.without(key, value)),
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
    fn other_types_are_taken() {
        for word in ["pc", "pc-i440fx-9.0", "q35", "pc-q35-9.0"] {
            assert_eq!(testing::data(&format!("machine_type: {word}\n")), [""; 0], "{word}");
        }
        assert_eq!(testing::data("machine_type: 'i440fx'\n"), ["OS0149"]);
    }
}
