//! Keys that no generation of the provider reads.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, closest};
use crate::spec::fields::quote;

use super::key_case;
use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0144",
    name: "key-ignored",
    severity: Severity::Warning,
    basis: Basis::Observed,
    source: "The provider reads its own keys and passes over all others without a word.",
    stage: Stage::Validate,
    title: "a key that the provider ignores",
    means: "The key has no effect: it is misspelt, or of another program.",
    bad: "disk_sdd: true",
    good: "disk_ssd: true",
    act: "Take the key that the message suggests, or remove it.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for stray in recipe.strays().iter().filter(|s| key_case::meant(s).is_none()) {
        let name = stray.key.text().unwrap_or_default();
        let place = if stray.within.is_empty() { String::new() } else { format!(" in `{}`", stray.within) };
        let mut d = Diagnostic::of(&RULE, format!("the provider ignores {}{place}", quote(name))).at(
            recipe.source,
            stray.key.span,
            "has no effect",
        );
        if let Some(near) = closest(name, stray.fields.iter().map(|(f, _)| *f)) {
            d = d.help(format!("did you mean `{near}`?"));
        }
        sink.push(d);
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
    fn keys_of_other_programs() {
        for key in ["disk_format", "vmid", "description", "cpu_args", "mac", "ip", "cpu", "apiVersion"] {
            assert_eq!(testing::data(&format!("{key}: x\n")), ["OS0144"], "{key}");
        }
        assert_eq!(testing::data("additional_nics: [{bridge: vmbr1, model: e1000}]\n"), ["OS0144"]);
    }
}
