//! A further disk names its size and its storage.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};

use super::recipe::{Recipe, get};

pub(super) static RULE: Rule = Rule {
    code: "OS0208",
    name: "disk-incomplete",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "The provider: an absent size is 0, and an absent selector does not compile.",
    stage: Stage::Validate,
    title: "a further disk without a size or a storage",
    means: "Nothing is taken over from the first disk: every machine of the class fails when it is made.",
    bad: "additional_disks:\n  - disk_size: 100",
    good: "additional_disks:\n  - disk_size: 100\n    storage_selector: name == \"vm_ssd\"",
    act: "Add `disk_size` and `storage_selector` to each further disk.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for (i, (pairs, span)) in recipe.tables("additional_disks").into_iter().enumerate() {
        for (field, example) in [("disk_size", "100"), ("storage_selector", "name == \"vm_ssd\"")] {
            if get(pairs, field).is_none() {
                sink.push(
                    Diagnostic::of(&RULE, format!("`additional_disks[{i}]` has no `{field}`"))
                        .at(recipe.source, span, "")
                        .note("nothing is taken over from the first disk")
                        .help(format!("add `{field}: {example}`")),
                );
            }
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
    fn both_are_told_of_each_disk() {
        assert_eq!(testing::data("additional_disks: [{}, {disk_size: 9}]\n"), ["OS0208", "OS0208", "OS0208"]);
    }
}
