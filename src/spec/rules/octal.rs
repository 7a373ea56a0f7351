//! A number that begins with 0 is octal.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::spec::provider_data::Type;
use crate::yaml::{NodeKind, ScalarStyle, as_integer};

use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0157",
    name: "number-octal",
    severity: Severity::Warning,
    basis: Basis::Observed,
    source: "The provider reads YAML as Go does: `010` is 8.",
    stage: Stage::Validate,
    title: "a number that is read as octal",
    means: "A zero before a whole number makes it octal, so that the provider asks for another amount than the text seems to say.",
    bad: "cores: 010",
    good: "cores: 10",
    act: "Write the number without the zero before it.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for field in recipe.fields().iter().filter(|f| matches!(f.kind, Type::Int | Type::Uint)) {
        let NodeKind::Scalar { text, style: ScalarStyle::Plain } = &field.value.kind else { continue };
        let digits = text.trim_start_matches(['+', '-']);
        let octal = digits.len() > 1
            && digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
        let Ok(Some(read)) = as_integer(field.value, i128::MIN, i128::MAX) else { continue };
        // `00` is 0 either way.
        let seems = digits.replace('_', "").parse::<i128>().ok();
        if octal && seems.is_some_and(|n| n != read.abs()) {
            sink.push(
                Diagnostic::of(
                    &RULE,
                    format!("`{}` is {read}: the zero before it makes the number octal", field.path),
                )
                .at(recipe.source, field.value.span, "")
                .help(format!("write `{}`, or `{read}` if that is meant", digits.trim_start_matches('0'))),
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
    fn only_numbers_that_change_by_it() {
        assert_eq!(testing::data("vlan: 0100\n"), ["OS0157"]);
        for silent in ["vlan: 07\n", "cores: 0x10\n", "node: 'golf'\ncores: 0o10\n", "vlan: 20\n"] {
            assert_eq!(testing::data(silent), [""; 0], "{silent}");
        }
    }
}
