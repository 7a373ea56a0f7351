//! Labels of nodes that a worker's kubelet may not set.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Span};
use crate::template::model::{Patch, Role, Template};
use crate::template::patch::{self, Part};
use crate::untrusted::Untrusted;
use crate::yaml::{Node, NodeKind};

use super::Rules;

pub(super) static RULE: Rule = Rule {
    code: "OS0190",
    name: "node-label-restricted",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "Kubernetes, admission of NodeRestriction: a kubelet sets labels below `kubernetes.io` and `k8s.io` only from a short list and below `node.kubernetes.io` and `kubelet.kubernetes.io`. Talos sets `machine.nodeLabels` of workers as their kubelet.",
    stage: Stage::Validate,
    title: "a node label that a worker may not set",
    means: "The server refuses the label: `is not allowed to modify labels`. With it the other labels of the node are refused too, and people met machines that started over and over.",
    bad: "==> clusters/test.yaml <==\nkind: Cluster\nname: test\nkubernetes: { version: v1.35.0 }\ntalos: { version: v1.12.0 }\n---\nkind: ControlPlane\nmachineClass: { name: control-plane, size: 1 }\n---\nkind: Workers\nmachineClass: { name: worker, size: 2 }\npatches:\n  - name: labels\n    inline:\n      machine:\n        nodeLabels:\n          node-role.kubernetes.io/worker: \"\"",
    good: "==> clusters/test.yaml <==\nkind: Cluster\nname: test\nkubernetes: { version: v1.35.0 }\ntalos: { version: v1.12.0 }\n---\nkind: ControlPlane\nmachineClass: { name: control-plane, size: 1 }\n---\nkind: Workers\nmachineClass: { name: worker, size: 2 }\npatches:\n  - name: labels\n    inline:\n      machine:\n        nodeLabels:\n          example.net/worker: \"\"",
    act: "Use a prefix of your own, and label roles afterwards with `kubectl label node`. On control planes Talos sets labels with rights of its own.",
};

/// What a kubelet may set below the reserved domains.
const ALLOWED: [&str; 10] = [
    "kubernetes.io/hostname",
    "kubernetes.io/arch",
    "kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/instance-type",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
];

/// Whether `domain` is `of` or lies below it.
fn within(domain: &str, of: &str) -> bool {
    domain == of || domain.strip_suffix(of).is_some_and(|rest| rest.ends_with('.'))
}

/// Whether the server refuses a label of its own node to a kubelet.
fn restricted(label: &str) -> bool {
    let Some((domain, _)) = label.split_once('/') else { return false };
    (within(domain, "kubernetes.io") || within(domain, "k8s.io"))
        && !within(domain, "node.kubernetes.io")
        && !within(domain, "kubelet.kubernetes.io")
        && !ALLOWED.contains(&label)
}

pub(super) fn check(rules: &mut Rules<'_>, template: &Template) {
    let workers = || template.machine_sets().filter(|s| s.role == Role::Workers);
    // Patches of the cluster reach its workers, if it has any.
    for entry in template.clusters().filter(|_| workers().next().is_some()).flat_map(|c| &c.patches) {
        one(rules, entry);
    }
    for entry in workers().flat_map(|s| &s.patches) {
        one(rules, entry);
    }
    for machine in template.machines() {
        if workers().any(|s| s.machines.iter().any(|m| m.value == machine.name.value)) {
            machine.patches.iter().for_each(|entry| one(rules, entry));
        }
    }
}

fn one(rules: &mut Rules<'_>, entry: &Patch) {
    // What cannot be read is told elsewhere.
    let Ok(parts) = patch::documents(entry, rules.source, rules.sources, rules.contents) else { return };
    for part in &parts {
        for (label, span) in labels(part).into_iter().filter(|(l, _)| restricted(l)) {
            let shown = Untrusted::new(&label).line(80);
            let name = label.rsplit('/').next().unwrap_or_default();
            let name = Untrusted::new(if name.is_empty() { "role" } else { name }).line(40);
            rules.sink.push(
                Diagnostic::of(&RULE, format!("a worker may not give itself the label `{shown}`"))
                    .at(part.source, span, "the server refuses it, and the others with it")
                    .note("Kubernetes keeps these names from kubelets (NodeRestriction), and Talos sets labels of workers as their kubelet")
                    .help(format!("use a prefix of your own, or label the node afterwards: `kubectl label node NODE {shown}={name}`")),
            );
        }
    }
}

/// The labels that a document gives the node: those of Talos, and those in a flag of the kubelet.
fn labels(part: &Part) -> Vec<(String, Span)> {
    let at = |path: &[&str]| path.iter().try_fold(part.root.as_ref()?, |node, key| node.get(key));
    let mut out = Vec::new();
    if let Some(NodeKind::Map(pairs)) = at(&["machine", "nodeLabels"]).map(|n| &n.kind) {
        let set = pairs.iter().filter(|(_, v)| v.get("$patch").is_none());
        out.extend(set.filter_map(|(key, _)| Some((key.text()?.to_owned(), key.span))));
    }
    if let Some(flag) = at(&["machine", "kubelet", "extraArgs", "node-labels"])
        && let Some(text) = Node::text(flag)
    {
        let each = text.split(',').filter_map(|l| l.split('=').next());
        out.extend(each.map(|l| (l.trim().to_owned(), flag.span)));
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

    const HEAD: &str = "kind: Cluster\nname: c\nkubernetes: {version: v1.34.3}\ntalos: {version: v1.11.6}\n";

    fn patch(kind: &str, label: &str) -> String {
        format!(
            "---\nkind: {kind}\nmachineClass: {{name: x, size: 1}}\npatches:\n  - name: p\n    inline: {{machine: {{nodeLabels: {{{label}: ''}}}}}}\n"
        )
    }

    #[test]
    fn which_labels_are_kept_from_workers() {
        for label in [
            "node-role.kubernetes.io/worker",
            "node-restriction.kubernetes.io/x",
            "kubernetes.io/role",
            "x.k8s.io/y",
            "topology.kubernetes.io/rack",
        ] {
            assert_eq!(codes(&format!("{HEAD}{}", patch("Workers", label)), &[]).len(), 1, "{label}");
        }
        for label in [
            "node.kubernetes.io/gpu",
            "x.node.kubernetes.io/y",
            "topology.kubernetes.io/zone",
            "kubernetes.io/hostname",
            "nvidia.com/gpu.present",
            "worker",
            "notkubernetes.io/x",
            "kubelet.kubernetes.io/x",
        ] {
            assert_eq!(codes(&format!("{HEAD}{}", patch("Workers", label)), &[]), [""; 0], "{label}");
        }
    }

    #[test]
    fn control_planes_set_them_with_rights_of_their_own() {
        let label = "node-role.kubernetes.io/infra";
        assert_eq!(codes(&format!("{HEAD}{}", patch("ControlPlane", label)), &[]), [""; 0]);
        let cluster = format!(
            "{HEAD}patches:\n  - name: p\n    inline: {{machine: {{nodeLabels: {{{label}: ''}}}}}}\n"
        );
        assert_eq!(codes(&cluster, &[]), [""; 0], "without workers");
        assert_eq!(
            codes(&format!("{cluster}---\nkind: Workers\nmachineClass: {{name: x, size: 1}}\n"), &[]).len(),
            1
        );
    }

    #[test]
    fn files_and_flags_of_the_kubelet() {
        let text = format!(
            "{HEAD}---\nkind: Workers\nmachineClass: {{name: x, size: 1}}\npatches: [{{file: p.yaml}}]\n"
        );
        let file =
            "machine:\n  kubelet:\n    extraArgs:\n      node-labels: a.net/b=c,node-role.kubernetes.io/x=\n";
        assert_eq!(codes(&text, &[("p.yaml", file)]).len(), 1);
        let removed = "machine:\n  nodeLabels:\n    node-role.kubernetes.io/x:\n      $patch: delete\n";
        assert_eq!(codes(&text, &[("p.yaml", removed)]), [""; 0]);
    }
}
