//! Memory on huge pages is a multiple of their size.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::yaml::as_integer;

use super::hugepages::size;
use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0152",
    name: "hugepages-memory-multiple",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Proxmox VE, start of a VM: memory must be divisible by the size of its huge pages.",
    stage: Stage::Validate,
    title: "memory that is no multiple of its huge pages",
    means: "The machine is made and does not start: its memory cannot be laid out in pages of that size.",
    bad: "hugepages: 1GB\nmemory: 8000\nnuma: true\nballoon: false",
    good: "hugepages: 1GB\nmemory: 8192\nnuma: true\nballoon: false",
    act: "Write a multiple of 1024 MiB for `1GB`, of 2 MiB for `2MB`.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    let Some(page) = recipe.word("hugepages").and_then(size) else { return };
    let Some(node) = recipe.get("memory") else { return };
    if let Ok(Some(memory)) = as_integer(node, i128::MIN, i128::MAX)
        && memory % page != 0
    {
        let near = (memory / page + 1) * page;
        sink.push(
            Diagnostic::of(
                &RULE,
                format!(
                    "`memory` is {memory} MiB, which is no multiple of {page} MiB, the size of its huge pages"
                ),
            )
            .at(recipe.source, node.span, "")
            .help(format!("write `memory: {near}`")),
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
    fn two_mebibytes_divide_every_even_number() {
        let seen = |memory: u32| {
            testing::data(&format!("hugepages: 2MB\nmemory: {memory}\nnuma: true\nballoon: false\n"))
        };
        assert_eq!(seen(8190), ["OS0150"]);
        assert_eq!(seen(8191), ["OS0150", "OS0152"]);
    }
}
