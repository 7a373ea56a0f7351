//! Each Talos supports a range of Kubernetes versions.

use crate::diag::Diagnostic;
use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::template::model::Cluster;
use crate::template::semver::Version;

use super::Rules;

pub(super) static RULE: Rule = Rule {
    code: "OS0191",
    name: "kubernetes-out-of-range",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "Talos Linux: each minor version supports a range of minor versions of Kubernetes, and refuses a configuration with another.",
    stage: Stage::Validate,
    title: "a Kubernetes version that this Talos does not support",
    means: "Omni does not offer the pair; machines would refuse their configuration.",
    bad: "==> clusters/test.yaml <==\nkind: Cluster\nname: test\nkubernetes: { version: v1.36.0 }\ntalos: { version: v1.12.0 }\n---\nkind: ControlPlane\nmachineClass: { name: control-plane, size: 1 }\n---\nkind: Workers\nmachineClass: { name: worker, size: 2 }",
    good: "==> clusters/test.yaml <==\nkind: Cluster\nname: test\nkubernetes: { version: v1.35.0 }\ntalos: { version: v1.12.0 }\n---\nkind: ControlPlane\nmachineClass: { name: control-plane, size: 1 }\n---\nkind: Workers\nmachineClass: { name: worker, size: 2 }",
    act: "Choose a version of the range that the message names. To go beyond it, upgrade Talos first.",
};

/// Minor version of Talos 1, and the first and last minor version of Kubernetes 1 that it supports.
const SUPPORTED: [(u64, u64, u64); 10] = [
    (3, 24, 26),
    (4, 25, 27),
    (5, 26, 28),
    (6, 24, 29),
    (7, 25, 30),
    (8, 26, 31),
    (9, 27, 32),
    (10, 28, 33),
    (11, 29, 34),
    (12, 30, 35),
];

/// Says nothing of a Talos that is not in the table: newer ones support newer versions.
pub(super) fn check(rules: &mut Rules<'_>, cluster: &Cluster) {
    let minor = |text: &str| match Version::parse(text).ok()?.minor() {
        (1, minor) => Some(minor),
        _ => None,
    };
    let (Some(talos), Some(kubernetes)) = (minor(&cluster.talos.value), minor(&cluster.kubernetes.value))
    else {
        return;
    };
    let Some((_, first, last)) = SUPPORTED.iter().find(|(t, ..)| *t == talos) else { return };
    if (*first..=*last).contains(&kubernetes) {
        return;
    }
    let help = if kubernetes > *last {
        format!("choose Kubernetes 1.{last} or older, or a newer Talos")
    } else {
        format!("choose Kubernetes 1.{first} or newer, or an older Talos")
    };
    rules.sink.push(
        Diagnostic::of(&RULE, format!("Talos 1.{talos} does not support Kubernetes 1.{kubernetes}"))
            .at(rules.source, cluster.kubernetes.span, "out of range")
            .at(rules.source, cluster.talos.span, format!("supports 1.{first} to 1.{last}"))
            .help(help),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::tests::loaded_with;

    fn codes(text: &str, files: &[(&str, &str)]) -> Vec<String> {
        let found = loaded_with(text, files).2;
        let found = found.all().iter().map(|d| d.code.to_string());
        found.filter(|c| c == RULE.code).collect()
    }

    fn pair(kubernetes: &str, talos: &str) -> usize {
        let text = format!(
            "kind: Cluster\nname: c\nkubernetes: {{version: {kubernetes}}}\ntalos: {{version: {talos}}}\n---\nkind: ControlPlane\nmachineClass: {{name: x, size: 1}}\n"
        );
        codes(&text, &[]).len()
    }

    #[test]
    fn the_ends_of_a_range() {
        for (kubernetes, found) in [("v1.29.9", 1), ("v1.30.0", 0), ("v1.35.7", 0), ("v1.36.0", 1)] {
            assert_eq!(pair(kubernetes, "v1.12.1"), found, "{kubernetes}");
        }
        assert_eq!(pair("v1.99.0", "v1.99.0"), 0, "nothing is known of it");
        assert_eq!(pair("v1.35.0", "v1.11.6"), 1);
    }
}
