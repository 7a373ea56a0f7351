//! A CPU model beyond x86-64-v2 must be on every node that a machine can land on.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::spec::fields::quote;

use super::cpu_old::model;
use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0213",
    name: "cpu-of-some-nodes",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "QEMU, start of a VM: a model whose features the host does not have is refused.",
    stage: Stage::Validate,
    title: "a CPU model that not every node may have",
    means: "The node is chosen without a look at its CPU. Where the chosen one lacks a feature of the model, the machine is made and does not start, and the provider never tries another node.",
    bad: "cpu_type: x86-64-v4",
    good: "cpu_type: x86-64-v4\nnode: golf",
    act: "Take `x86-64-v2-AES` or `host`, or pin the class to a node that has the model.",
};

/// Beginnings of models, in lower case, that some hosts in use do not have.
const DEMANDING: [&str; 14] = [
    "x86-64-v3",
    "x86-64-v4",
    "haswell",
    "broadwell",
    "skylake",
    "cascadelake",
    "cooperlake",
    "icelake",
    "sapphirerapids",
    "graniterapids",
    "sierraforest",
    "epyc",
    "knightsmill",
    "ivybridge",
];

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    if recipe.cluster.nodes.len() < 2 || recipe.get("node").is_some() {
        return;
    }
    let Some(node) = recipe.get("cpu_type") else { return };
    let Some(name) = node.text().map(model) else { return };
    let low = name.to_ascii_lowercase();
    if DEMANDING.iter().any(|d| low.starts_with(d)) {
        sink.push(
            Diagnostic::of(
                &RULE,
                format!(
                    "a machine can land on {} nodes, and each must have the CPU model {}",
                    recipe.cluster.nodes.len(),
                    quote(name)
                ),
            )
            .at(recipe.source, node.span, "")
            .note("the provider chooses a node without a look at its CPU, and does not choose again")
            .help("write `cpu_type: x86-64-v2-AES` or `host`, or pin the class with `node:`"),
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
    fn what_every_host_has_is_no_matter() {
        for model in ["host", "x86-64-v2-AES", "Nehalem", "max"] {
            assert_eq!(testing::data(&format!("cpu_type: {model}\n")), [""; 0], "{model}");
        }
        for model in ["EPYC-Rome", "Skylake-Server", "x86-64-v3,flags=+aes"] {
            assert_eq!(testing::data(&format!("cpu_type: {model}\n")), ["OS0213"], "{model}");
        }
    }
}
