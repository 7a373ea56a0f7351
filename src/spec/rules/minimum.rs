//! The least value of each number.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::yaml::as_integer;

use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0215",
    name: "number-too-small",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "The provider's schema, which Omni checks: `cores` and `sockets` 1, `memory` 2048, `disk_size` 5, further disks 1. Talos wants 2 GiB.",
    stage: Stage::Validate,
    title: "a number below its least value",
    means: "Omni refuses the class, or Proxmox every machine of it; and Talos does not run in less memory.",
    bad: "memory: 1024",
    good: "memory: 2048",
    act: "Write at least the number that the message names.",
};

/// Last part of the path, the least value, who refuses less; for fields of the data itself.
const LEAST: [(&str, i128, &str); 4] = [
    ("cores", 1, "the provider's schema asks for at least 1"),
    ("sockets", 1, "Proxmox refuses a machine without a socket"),
    ("memory", 2048, "the provider's schema asks for at least 2048 MiB, and Talos does not run in less"),
    ("disk_size", 5, "the provider's schema asks for at least 5 GiB"),
];

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for field in &recipe.fields() {
        let found = if field.path.starts_with("additional_disks[") && field.path.ends_with("].disk_size") {
            Some((1, "the provider's schema asks for at least 1 GiB"))
        } else {
            LEAST.iter().find(|(f, ..)| *f == field.path).map(|(_, least, why)| (*least, *why))
        };
        let Some((least, why)) = found else { continue };
        // Values of another type are told by their own rule.
        if let Ok(Some(n)) = as_integer(field.value, i128::MIN, i128::MAX)
            && n < least
        {
            sink.push(
                Diagnostic::of(&RULE, format!("`{}` is {n}, but must be at least {least}", field.path))
                    .at(recipe.source, field.value.span, "")
                    .note(why),
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
    fn each_number_at_its_bound() {
        for (sound, small) in
            [("cores: 1", "cores: 0"), ("memory: 2048", "memory: 2047"), ("disk_size: 5", "disk_size: 4")]
        {
            assert_eq!(testing::data(&format!("{sound}\n")), [""; 0]);
            assert_eq!(testing::data(&format!("{small}\n")), ["OS0215"]);
        }
        assert_eq!(testing::data("cores: -2\n"), ["OS0215"]);
        let disk = |n: u8| {
            testing::data(&format!(
                "additional_disks: [{{disk_size: {n}, storage_selector: 'name == \"a\"'}}]\n"
            ))
        };
        assert_eq!((disk(1).len(), disk(0).len()), (0, 1));
    }
}
