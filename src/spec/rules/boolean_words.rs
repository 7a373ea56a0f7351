//! `yes`, `on` and their like are truth values for the provider, and texts for other readers.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::spec::fields::quote;
use crate::spec::provider_data::Type;
use crate::yaml::{Scalar, as_bool, resolve};

use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0159",
    name: "boolean-words",
    severity: Severity::Warning,
    basis: Basis::Observed,
    source: "The provider takes `true/false/yes/no/on/off/y/n`; YAML 1.2, and so the schema that Omni checks, knows `true` and `false`.",
    stage: Stage::Validate,
    title: "a truth value that only some readers take for one",
    means: "The provider reads it as true or false. Others that read the same text, Omni's check against the provider's schema among them, see a word.",
    bad: "balloon: off",
    good: "balloon: false",
    act: "Write `true` or `false`; `validate --fix` does it.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for field in recipe.fields().iter().filter(|f| f.kind == Type::Bool) {
        let Ok(Some(read)) = as_bool(field.value) else { continue };
        if matches!(resolve(field.value), Scalar::Bool(_)) {
            continue;
        }
        let text = field.value.text().unwrap_or_default();
        sink.push(
            Diagnostic::of(
                &RULE,
                format!(
                    "`{}: {}` is {read} for the provider and a word for others",
                    field.path,
                    crate::untrusted::Untrusted::new(text).line(20)
                ),
            )
            .at(recipe.source, field.value.span, "")
            .help(format!("write {read} for {}", quote(text)))
            .fix(recipe.replace(field.key, field.value, if read { "true" } else { "false" })),
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
    fn in_lists_too_and_never_for_texts() {
        let data = "numa: True\nnode: golf\nadditional_nics:\n  - bridge: vmbr1\n    firewall: yes\n";
        assert_eq!(testing::data(data), ["OS0159"]);
        assert_eq!(testing::data("cpu_type: on\n"), [""; 0], "a text");
    }
}
