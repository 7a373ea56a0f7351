//! `sockets` has no default.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};

use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0148",
    name: "sockets-missing",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "The provider, both generations: an absent number is 0; Proxmox VE: a minimum of 1.",
    stage: Stage::Validate,
    title: "provider data without `sockets`",
    means: "The provider sends `sockets: 0`, and Proxmox refuses every machine of the class: `value must have a minimum value of 1`. The provider's own schema calls the field optional.",
    bad: "cores: 4\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"vm_ssd\"",
    good: "cores: 4\nsockets: 1\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"vm_ssd\"",
    act: "Add `sockets: 1`; `validate --fix` does it. Machines that were asked for without it must be asked for again: their data is fixed.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    if recipe.get("sockets").is_some() {
        return;
    }
    // A key with nothing behind it is in the way of another one.
    let empty = recipe.pairs().iter().any(|(k, _)| k.text() == Some("sockets"));
    let fix = if empty { None } else { recipe.with("cores", "sockets: 1") };
    sink.push(
        Diagnostic::of(&RULE, "`providerdata` has no `sockets`")
            .at(recipe.source, recipe.at, "")
            .note("there is no default: absent means 0, and Proxmox refuses a machine without a socket")
            .help("add `sockets: 1`")
            .fix(fix),
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
    fn nothing_is_as_absent_and_zero_is_another_rule() {
        assert_eq!(testing::data("sockets:\n"), ["OS0148"]);
        assert_eq!(testing::data("sockets: 0\n"), ["OS0215"]);
        assert_eq!(testing::data("sockets: 2\n"), [""; 0]);
    }

    #[test]
    fn the_fix_adds_a_line_behind_cores() {
        let data =
            "# small\ncores: 4 # per socket\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"a\"\n";
        let fixed = "# small\ncores: 4 # per socket\nsockets: 1\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"a\"\n";
        assert_eq!(testing::fixed(data), fixed);
    }
}
