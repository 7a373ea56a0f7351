//! A mount that only some of the workers have.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Diagnostic, SourceId, Span};
use crate::template::model::{MachineSet, Patch, Role, Size, Template};
use crate::template::patch;
use crate::untrusted::Untrusted;
use crate::yaml::{Node, NodeKind};

use super::Rules;

pub(super) static RULE: Rule = Rule {
    code: "OS0192",
    name: "mount-on-some-workers",
    severity: Severity::Info,
    basis: Basis::Design,
    source: "A judgement of this program: storage that runs on all workers needs its mount on all of them.",
    stage: Stage::Validate,
    title: "a mount that only some workers have",
    means: "Pods of storage such as Longhorn run on every worker, and fail on those without the mount. Where only some workers are meant to have it, this is as it should be.",
    bad: "==> clusters/test.yaml <==\nkind: Cluster\nname: test\nkubernetes: { version: v1.35.0 }\ntalos: { version: v1.12.0 }\n---\nkind: ControlPlane\nmachineClass: { name: control-plane, size: 1 }\n---\nkind: Workers\nmachineClass: { name: worker, size: 2 }\n---\nkind: Workers\nname: storage\nmachineClass: { name: worker, size: 1 }\npatches:\n  - name: longhorn\n    inline:\n      machine:\n        kubelet:\n          extraMounts:\n            - { destination: /var/lib/longhorn, type: bind, source: /var/local/longhorn, options: [bind, rshared, rw] }",
    good: "==> clusters/test.yaml <==\nkind: Cluster\nname: test\nkubernetes: { version: v1.35.0 }\ntalos: { version: v1.12.0 }\npatches:\n  - name: longhorn\n    inline:\n      machine:\n        kubelet:\n          extraMounts:\n            - { destination: /var/lib/longhorn, type: bind, source: /var/local/longhorn, options: [bind, rshared, rw] }\n---\nkind: ControlPlane\nmachineClass: { name: control-plane, size: 1 }\n---\nkind: Workers\nmachineClass: { name: worker, size: 2 }\n---\nkind: Workers\nname: storage\nmachineClass: { name: worker, size: 1 }",
    act: "Put the patch on the Cluster, or on every Workers document that runs the storage.",
};

pub(super) fn check(rules: &mut Rules<'_>, template: &Template) {
    let empty = |s: &&MachineSet| s.class.as_ref().is_some_and(|c| c.size.value == Size::Count(0));
    let sets: Vec<&MachineSet> =
        template.machine_sets().filter(|s| s.role == Role::Workers && !empty(s)).collect();
    if sets.len() < 2 {
        return;
    }
    let everywhere = mounts(rules, template.clusters().flat_map(|c| &c.patches));
    let each: Vec<_> = sets.iter().map(|s| mounts(rules, &s.patches)).collect();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for (path, (source, span)) in each.iter().flatten() {
        if everywhere.contains_key(path) || !told.insert(path) {
            continue;
        }
        let without: Vec<&&MachineSet> =
            sets.iter().zip(&each).filter(|(_, m)| !m.contains_key(path)).map(|(s, _)| s).collect();
        if without.is_empty() {
            continue;
        }
        let names: Vec<String> =
            without.iter().map(|s| format!("`{}`", Untrusted::new(s.short_id()).line(60))).collect();
        let shown = Untrusted::new(path).line(80);
        let mut d = Diagnostic::of(
            &RULE,
            format!("`{shown}` is mounted on some workers, and not on {}", names.join(", ")),
        )
        .at(*source, *span, "mounted here");
        for set in without {
            d = d.at(rules.source, set.name.span, "not here");
        }
        rules.sink.push(d.help("put the patch on the Cluster, if all workers run what needs it"));
    }
}

/// The mounts that patches give the kubelet, by path.
fn mounts<'p>(
    rules: &Rules<'_>,
    patches: impl IntoIterator<Item = &'p Patch>,
) -> BTreeMap<String, (SourceId, Span)> {
    let mut out = BTreeMap::new();
    for entry in patches {
        let Ok(parts) = patch::documents(entry, rules.source, rules.sources, rules.contents) else {
            continue;
        };
        for part in &parts {
            let path = ["machine", "kubelet", "extraMounts"];
            let list = part.root.as_ref().and_then(|r| path.iter().try_fold(r, |n, key| n.get(key)));
            let Some(NodeKind::Seq(items)) = list.map(|n| &n.kind) else { continue };
            for node in items.iter().filter_map(|i| i.get("destination")) {
                if let Some(text) = Node::text(node) {
                    out.entry(text.to_owned()).or_insert((part.source, node.span));
                }
            }
        }
    }
    out
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

    fn workers(name: &str, size: u8, mounted: bool) -> String {
        let patch = "patches:\n  - name: p\n    inline: {machine: {kubelet: {extraMounts: [{destination: /var/lib/longhorn}]}}}\n";
        format!(
            "---\nkind: Workers\nname: {name}\nmachineClass: {{name: x, size: {size}}}\n{}",
            if mounted { patch } else { "" }
        )
    }

    #[test]
    fn one_finding_a_path_and_none_where_all_have_it() {
        let head = "kind: Cluster\nname: c\nkubernetes: {version: v1.34.3}\ntalos: {version: v1.11.6}\n---\nkind: ControlPlane\nmachineClass: {name: x, size: 1}\n";
        let with = |sets: &[String]| codes(&format!("{head}{}", sets.concat()), &[]).len();
        assert_eq!(with(&[workers("a", 1, true), workers("b", 1, true)]), 0);
        assert_eq!(with(&[workers("a", 1, true), workers("b", 1, false), workers("d", 1, true)]), 1);
        assert_eq!(with(&[workers("a", 1, true), workers("b", 0, false)]), 0, "no machines");
        assert_eq!(with(&[workers("a", 1, true)]), 0, "one set");
    }
}
