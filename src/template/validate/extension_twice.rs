//! An extension stands once in a list.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::template::model::Template;
use crate::untrusted::Untrusted;

use super::Rules;

pub(super) static RULE: Rule = Rule {
    code: "OS0194",
    name: "extension-twice",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "Omni 1.9 refuses a list in which an extension stands more than once; a name without an owner is one of `siderolabs/`. `omnictl cluster template validate` lets it pass.",
    stage: Stage::Validate,
    title: "an extension that stands twice in one list",
    means: "Omni refuses the list when it is written, after the cluster was made.",
    bad: "==> clusters/test.yaml <==\nkind: Cluster\nname: test\nkubernetes: { version: v1.35.0 }\ntalos: { version: v1.12.0 }\nsystemExtensions: [siderolabs/iscsi-tools, iscsi-tools]\n---\nkind: ControlPlane\nmachineClass: { name: control-plane, size: 1 }\n---\nkind: Workers\nmachineClass: { name: worker, size: 2 }",
    good: "==> clusters/test.yaml <==\nkind: Cluster\nname: test\nkubernetes: { version: v1.35.0 }\ntalos: { version: v1.12.0 }\nsystemExtensions: [siderolabs/iscsi-tools]\n---\nkind: ControlPlane\nmachineClass: { name: control-plane, size: 1 }\n---\nkind: Workers\nmachineClass: { name: worker, size: 2 }",
    act: "Leave one of them out.",
};

pub(super) fn check(rules: &mut Rules<'_>, template: &Template) {
    let lists = template.clusters().map(|c| &c.extensions);
    let lists = lists.chain(template.machine_sets().map(|s| &s.extensions));
    for list in lists.chain(template.machines().map(|m| &m.extensions)).flatten() {
        let mut seen = BTreeSet::new();
        let mut twice = BTreeSet::new();
        for item in &list.value {
            let name = item.strip_prefix("siderolabs/").unwrap_or(item);
            if !seen.insert(name) && twice.insert(name) {
                let shown = Untrusted::new(name).line(80);
                rules.sink.push(
                    Diagnostic::of(
                        &RULE,
                        format!("the extension `{shown}` stands more than once in one list"),
                    )
                    .at(rules.source, list.span, "in this list")
                    .note(format!("`{shown}` and `siderolabs/{shown}` are one"))
                    .help("leave it in once"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::tests::loaded_with;

    fn found(cluster: &str, workers: &str) -> usize {
        let text = format!(
            "kind: Cluster\nname: c\nkubernetes: {{version: v1.34.3}}\ntalos: {{version: v1.11.6}}\nsystemExtensions: {cluster}\n---\nkind: ControlPlane\nmachineClass: {{name: x, size: 1}}\n---\nkind: Workers\nmachineClass: {{name: x, size: 1}}\nsystemExtensions: {workers}\n"
        );
        loaded_with(&text, &[]).2.all().iter().filter(|d| d.code.to_string() == RULE.code).count()
    }

    #[test]
    fn only_within_one_list_and_by_what_omni_takes_for_one_name() {
        assert_eq!(
            found("[siderolabs/a, b]", "[a, siderolabs/b]"),
            0,
            "the list of a machine set stands for the cluster's"
        );
        assert_eq!(found("[siderolabs/a, a]", "[]"), 1);
        assert_eq!(found("null", "[b, b, siderolabs/b, c, c]"), 2);
        assert_eq!(found("[mine/a, a]", "[]"), 0);
    }
}
