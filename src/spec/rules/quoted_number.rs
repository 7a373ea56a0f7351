//! A number in quotes is text.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::spec::provider_data::{Type, check as fits};
use crate::yaml::{NodeKind, ScalarStyle};

use super::recipe::{Field, Recipe};

pub(super) static RULE: Rule = Rule {
    code: "OS0158",
    name: "number-quoted",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "The provider: ``cannot construct !!str `4` into int``, in its first step, for ever.",
    stage: Stage::Validate,
    title: "a number in quotes",
    means: "The provider cannot read the data and makes no machine.",
    bad: "cores: \"4\"",
    good: "cores: 4",
    act: "Write the number without quotes; `validate --fix` does it.",
};

/// Whether this rule speaks of a value, so that no other needs to.
pub(super) fn speaks(field: &Field<'_>) -> bool {
    let NodeKind::Scalar { text: quoted, style: ScalarStyle::Single | ScalarStyle::Double } =
        &field.value.kind
    else {
        return false;
    };
    matches!(field.kind, Type::Int | Type::Uint)
        && fits(field.kind, field.value).is_err()
        && !quoted.is_empty()
        && quoted.bytes().all(|b| b.is_ascii_digit())
        && quoted.len() <= 18
}

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for field in recipe.fields().iter().filter(|f| speaks(f)) {
        let text = field.value.text().unwrap_or_default();
        // Without quotes a leading zero would mean another number.
        let plain = text.trim_start_matches('0');
        let plain = if plain.is_empty() { "0" } else { plain };
        sink.push(
            Diagnostic::of(&RULE, format!("`{}` takes a whole number, not text", field.path))
                .at(recipe.source, field.value.span, "")
                .note("the provider could not read its data and would make no machine")
                .help("write the number without quotes")
                .fix(recipe.replace(field.key, field.value, plain)),
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
    fn texts_may_be_quoted_numbers() {
        assert_eq!(testing::data("hugepages: '1024'\nnuma: true\nballoon: false\n"), ["OS0150"]);
        assert_eq!(testing::data("vlan: '20'\n"), ["OS0158"]);
        assert_eq!(testing::data("cores: 'four'\n"), ["OS0121"]);
    }

    #[test]
    fn the_fix_takes_the_quotes_away_and_nothing_else() {
        let data = "cores: \"08\"   # eight\nsockets: 1\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"a\"\n";
        assert_eq!(testing::fixed(data), data.replace("\"08\"", "8"));
    }
}
