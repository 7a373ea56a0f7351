//! Huge pages want a fixed amount of memory on known NUMA nodes.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::yaml::as_bool;

use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0151",
    name: "hugepages-without-numa",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "Proxmox VE, start of a VM: huge pages are laid out by NUMA node and cannot be given back.",
    stage: Stage::Validate,
    title: "huge pages without NUMA, or with ballooning",
    means: "Huge pages are reserved by NUMA node when the machine starts, and stay reserved: without `numa: true` there is no node to lay them on, and a balloon cannot give them back.",
    bad: "hugepages: 1GB\nnuma: false\nballoon: false",
    good: "hugepages: 1GB\nnuma: true\nballoon: false",
    act: "Write `numa: true` and `balloon: false` beside `hugepages`.",
};

/// MiB that the memory of a machine must be a multiple of; `None` for a word that is no size of huge pages.
pub(super) fn size(word: &str) -> Option<i128> {
    match word {
        "2" | "2MB" | "any" => Some(2),
        "1024" | "1GB" => Some(1024),
        _ => None,
    }
}

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    let Some(node) = recipe.get("hugepages").filter(|n| n.text().is_some_and(|t| size(t).is_some())) else {
        return;
    };
    let is = |key: &str| recipe.get(key).and_then(|n| as_bool(n).ok().flatten());
    let mut missing = Vec::new();
    if is("numa") != Some(true) {
        missing.push("`numa: true`");
    }
    if is("balloon") != Some(false) {
        missing.push("`balloon: false`");
    }
    if !missing.is_empty() {
        let missing = missing.join(" and ");
        sink.push(
            Diagnostic::of(&RULE, format!("`hugepages` wants {missing} beside it"))
                .at(recipe.source, node.span, "")
                .help(format!("add {missing}, or leave `hugepages` out")),
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
    fn both_companions_are_named() {
        let codes = testing::data("hugepages: 2\n");
        assert_eq!(codes, ["OS0150", "OS0151"]);
        assert_eq!(testing::data("hugepages: any\nnuma: yes\nballoon: no\n"), ["OS0150", "OS0159", "OS0159"]);
    }
}
