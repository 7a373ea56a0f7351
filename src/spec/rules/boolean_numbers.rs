//! `0`, `1` and quoted words are no truth values.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::spec::provider_data::{Type, check as fits};

use super::recipe::{Field, Recipe};

pub(super) static RULE: Rule = Rule {
    code: "OS0204",
    name: "boolean-not-one",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "The provider: ``cannot construct !!int `1` into bool``, in its first step, for ever.",
    stage: Stage::Validate,
    title: "a number or a text for a truth value",
    means: "The provider cannot read the data and makes no machine.",
    bad: "disk_ssd: 1",
    good: "disk_ssd: true",
    act: "Write `true` or `false`; `validate --fix` does it.",
};

/// What is meant by a value that the provider cannot read.
pub(super) fn meant(field: &Field<'_>) -> Option<bool> {
    if field.kind != Type::Bool || fits(field.kind, field.value).is_ok() {
        return None;
    }
    match field.value.text()?.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" | "y" => Some(true),
        "0" | "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    }
}

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for field in &recipe.fields() {
        let Some(meant) = meant(field) else { continue };
        sink.push(
            Diagnostic::of(&RULE, format!("`{}` takes true or false, not a number or a text", field.path))
                .at(recipe.source, field.value.span, "")
                .note("the provider could not read its data and would make no machine")
                .help(format!("write `{meant}` without quotes"))
                .fix(recipe.replace(field.key, field.value, if meant { "true" } else { "false" })),
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
    fn what_cannot_be_meant_is_a_wrong_type() {
        assert_eq!(testing::data("balloon: \"false\"\n"), ["OS0204"]);
        assert_eq!(testing::data("balloon: 2048\n"), ["OS0121"]);
    }
}
