//! Talos wants a CPU of x86-64-v2.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::spec::fields::quote;

use super::recipe::Recipe;

pub(super) static RULE: Rule = Rule {
    code: "OS0212",
    name: "cpu-model-too-old",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Talos Linux since 1.0: x86-64-v2 is the least.",
    stage: Stage::Validate,
    title: "a CPU model that Talos does not start on",
    means: "The kernel ends at once on these models, and the machine starts over and over without ever joining.",
    bad: "cpu_type: kvm64",
    good: "cpu_type: x86-64-v2-AES",
    act: "Write `x86-64-v2-AES`, which is the provider's default, as `validate --fix` does; or `host`.",
};

/// Models below x86-64-v2, in lower case.
const OLD: [&str; 15] = [
    "kvm64",
    "kvm32",
    "qemu64",
    "qemu32",
    "486",
    "pentium",
    "pentium2",
    "pentium3",
    "coreduo",
    "core2duo",
    "phenom",
    "athlon",
    "conroe",
    "penryn",
    "x86-64-v1",
];

/// The model of `cpu_type: host,flags=+aes`.
pub(super) fn model(text: &str) -> &str {
    let first = text.split(',').next().unwrap_or_default();
    first.strip_prefix("cputype=").unwrap_or(first).trim()
}

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    let pair = recipe.pairs().iter().find(|(k, _)| k.text() == Some("cpu_type"));
    let Some((key, value)) = pair else { return };
    let Some(text) = value.text() else { return };
    if !OLD.contains(&model(text).to_ascii_lowercase().as_str()) {
        return;
    }
    let fix = if text.contains(',') { None } else { recipe.replace(key, value, "x86-64-v2-AES") };
    sink.push(
        Diagnostic::of(&RULE, format!("Talos does not start on the CPU model {}", quote(model(text))))
            .at(recipe.source, value.span, "older than x86-64-v2")
            .help("write `cpu_type: x86-64-v2-AES`, or `host`")
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
    fn models_from_v2_on_are_taken() {
        for model in
            ["host", "x86-64-v2", "x86-64-v2-AES", "max", "host,flags=+aes", "Nehalem", "custom-mine"]
        {
            assert_eq!(testing::data(&format!("node: golf\ncpu_type: {model}\n")), [""; 0], "{model}");
        }
        for model in ["qemu64", "Conroe", "486", "kvm64,flags=+aes", "core2duo"] {
            assert_eq!(testing::data(&format!("cpu_type: {model}\n")), ["OS0212"], "{model}");
        }
    }
}
