//! VLAN tags: 1 to 4094.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{self, Diagnostic, Sink};
use crate::yaml::as_u64;

use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0214",
    name: "vlan-out-of-range",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Proxmox VE: tags are 1 to 4094. The provider takes 0 for none.",
    stage: Stage::Validate,
    title: "a VLAN tag that there is not",
    means: "Above 4094 Proxmox refuses every machine of the class. 0 is no tag at all: the card is in the untagged network.",
    bad: "vlan: 4095",
    good: "vlan: 4094",
    act: "Write a tag between 1 and 4094, or leave `vlan` out for none.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for field in recipe.fields().iter().filter(|f| f.key.text() == Some("vlan")) {
        match as_u64(field.value) {
            Ok(Some(tag)) if tag > 4094 => sink.push(
                Diagnostic::of(&RULE, format!("`{}` is {tag}, but tags end at 4094", field.path)).at(
                    recipe.source,
                    field.value.span,
                    "Proxmox refuses the machine",
                ),
            ),
            Ok(Some(0)) => {
                let d = Diagnostic::of(
                    &RULE,
                    format!("`{}: 0` means no tag: the card is in the untagged network", field.path),
                );
                sink.push(
                    Diagnostic { severity: diag::Severity::Note, ..d }
                        .at(recipe.source, field.value.span, "")
                        .help("leave it out, or write a tag between 1 and 4094")
                        .fix(recipe.without(field.key, field.value)),
                );
            }
            _ => {}
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
    fn the_bounds_and_zero() {
        assert_eq!(testing::data("vlan: 1\n"), [""; 0]);
        assert_eq!(testing::data("additional_nics: [{bridge: vmbr1, vlan: 5000}]\n"), ["OS0214"]);
        let zero = testing::told(&testing::class("matrix", "vlan: 0\n"), &[]);
        assert_eq!(zero, [("OS0214".to_owned(), diag::Severity::Note)]);
    }
}
