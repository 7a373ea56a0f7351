//! Free space is an unsigned number, and CEL compares it with unsigned ones only.

use crate::diag::fix::{Edit, Fix};
use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, Span};

use super::storage_selector::{Place, tokens};

pub(super) static RULE: Rule = Rule {
    code: "OS0155",
    name: "selector-signed-number",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "CEL: ``found no matching overload for '_>_' applied to '(uint, int)'``.",
    stage: Stage::Validate,
    title: "a signed number beside `availableSpace`",
    means: "The selector does not compile, and no machine is made.",
    bad: "storage_selector: name == \"vm_ssd\" && availableSpace > 107374182400",
    good: "storage_selector: name == \"vm_ssd\" && availableSpace > 107374182400u",
    act: "Write `u` behind the number; `validate --fix` does it.",
};

/// Where whole numbers stand without `u`, no part of a fraction.
pub(super) fn slips(text: &str) -> Vec<Span> {
    if !text.contains("availableSpace") {
        return Vec::new();
    }
    tokens(text)
        .into_iter()
        .filter(|(span, word)| {
            let digits = word.strip_prefix("0x").unwrap_or(word);
            let before = text.get(..span.start).unwrap_or_default();
            let behind = text.get(span.end..).unwrap_or_default();
            word.starts_with(|c: char| c.is_ascii_digit())
                && digits.bytes().all(|b| b.is_ascii_hexdigit())
                && (digits.len() < word.len() || digits.bytes().all(|b| b.is_ascii_digit()))
                && !before.ends_with(['.', '-', '['])
                && !behind.starts_with('.')
        })
        .map(|(span, _)| span)
        .collect()
}

pub(super) fn tell(place: &Place<'_>, text: &str, slips: &[Span], sink: &mut Sink) {
    let Some(first) = slips.first() else { return };
    let source = place.recipe.source;
    let edits: Option<Vec<Edit>> = slips
        .iter()
        .map(|at| {
            let behind = Span::new(at.end, at.end);
            Some(Edit { source, span: place.exact(behind)?, text: "u".to_owned() })
        })
        .collect();
    let number = text.get(first.start..first.end).unwrap_or_default();
    sink.push(
        Diagnostic::of(
            &RULE,
            "the storage selector does not compile: `availableSpace` is unsigned, and this number is signed",
        )
        .at(source, place.near(*first), "")
        .note("the provider would find it out after it downloaded the image, and fail for ever")
        .help(format!("write `{number}u`"))
        .fix(edits.map(|edits| Fix { title: "write `u` behind the number".to_owned(), edits })),
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
    fn only_whole_numbers_beside_free_space() {
        assert_eq!(slips("availableSpace > 100 && name == \"7\""), [Span::new(17, 20)]);
        assert_eq!(slips("availableSpace > 100u"), []);
        assert_eq!(slips("double(availableSpace) > 1.5"), []);
        assert_eq!(slips("size(name) > 3"), []);
        for sound in ["int(availableSpace) > 100", "double(availableSpace) > 1e11", "availableSpace > 1u"] {
            assert_eq!(
                testing::data(&format!("storage_selector: name == \"a\" && {sound}\n")),
                [""; 0],
                "{sound}"
            );
        }
    }

    #[test]
    fn a_number_that_must_stay_signed_is_no_slip_of_this_kind() {
        // With `u` behind both, the second would not compile.
        assert_eq!(
            testing::data("storage_selector: name == \"a\" && availableSpace > 1 && size(name) > 2\n"),
            ["OS0145"]
        );
    }
}
