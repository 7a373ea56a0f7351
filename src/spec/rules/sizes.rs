//! What the spec tells people about sizes is what the classes and templates say.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, SourceId, Span};
use crate::spec::fields::quote;
use crate::yaml::{Node, NodeKind, as_integer};

use super::around::{Around, ClassFacts};
use super::sets::Cluster;

pub(super) static RULE: Rule = Rule {
    code: "OS0219",
    name: "sizes-differ",
    severity: Severity::Warning,
    basis: Basis::Design,
    source: "The files themselves: one fact stands in two places.",
    stage: Stage::Validate,
    title: "a size in the spec that is another one in the files",
    means: "People read the spec, and machines are made from the classes and templates: one of the two is out of date.",
    bad: "==> spec/omni.yaml <==\nomni: { endpoint: https://omni.example.net, compose: omni }\nproxmox: { matrix: { endpoints: [https://192.168.3.5:8006], nodes: [foxtrot, golf, hotel] } }\nproviders: { matrix: { proxmox: matrix, compose: proxmox-provider } }\nmachine_classes: [machine-classes]\nclusters: { paths: [clusters] }\nopen_decisions:\n  size:\n    spec:\n      name: test\n      workers: { count: 3, cpu: 4, memory_gb: 8, disk_gb: 40, machine_class: worker }",
    good: "==> spec/omni.yaml <==\nomni: { endpoint: https://omni.example.net, compose: omni }\nproxmox: { matrix: { endpoints: [https://192.168.3.5:8006], nodes: [foxtrot, golf, hotel] } }\nproviders: { matrix: { proxmox: matrix, compose: proxmox-provider } }\nmachine_classes: [machine-classes]\nclusters: { paths: [clusters] }\nopen_decisions:\n  size:\n    spec:\n      name: test\n      workers: { count: 2, cpu: 4, memory_gb: 8, disk_gb: 40, machine_class: worker }",
    act: "Mend the one that is wrong. A criterion with `check:` in `definition_of_done` keeps them together.",
};

/// Compares what one part of the spec's story says.
pub(super) fn check(around: &Around<'_>, source: SourceId, node: &Node, sink: &mut Sink) {
    match &node.kind {
        NodeKind::Map(pairs) => {
            if let Some(name) = node.get("machine_class").or_else(|| node.get("machineclass")) {
                class(around, source, node, name, sink);
            }
            let named = node.get("name").and_then(Node::text);
            if let Some(cluster) = named.and_then(|n| around.clusters.iter().find(|c| c.name == n)) {
                template(cluster, source, node, sink);
            }
            for (_, v) in pairs {
                check(around, source, v, sink);
            }
        }
        NodeKind::Seq(items) => items.iter().for_each(|n| check(around, source, n, sink)),
        NodeKind::Scalar { .. } => {}
    }
}

fn number(node: &Node, keys: &[&str]) -> Option<(i128, Span)> {
    let node = keys.iter().find_map(|k| node.get(k))?;
    Some((as_integer(node, 0, i128::from(u64::MAX)).ok()??, node.span))
}

fn class(around: &Around<'_>, source: SourceId, node: &Node, name: &Node, sink: &mut Sink) {
    let Some(id) = name.text() else { return };
    let Some(class) = around.class(id) else {
        if !around.has_class(id) {
            sink.push(
                Diagnostic::of(
                    &RULE,
                    format!("the spec speaks of the machine class {}, which no file has", quote(id)),
                )
                .at(source, name.span, "")
                .help("name the class that is used, or remove what is out of date"),
            );
        }
        return;
    };
    let ClassFacts { cores, memory, disk, .. } = class.as_ref();
    for (what, keys, unit, actual) in [
        ("cores", &["cpu", "cpus", "cores", "vcpu", "vcpus"][..], 1, cores),
        ("MiB of memory", &["memory_mb", "memory_mib"], 1, memory),
        ("GiB of memory", &["memory_gb", "memory_gib"], 1024, memory),
        ("GiB of disk", &["disk_gb", "disk_gib"], 1, disk),
    ] {
        if let (Some((told, span)), Some(actual)) = (number(node, keys), *actual)
            && told * unit != actual
        {
            sink.push(
                Diagnostic::of(
                    &RULE,
                    format!(
                        "the spec says {told} {what}, and the class {} says {}",
                        quote(id),
                        shown(actual, unit)
                    ),
                )
                .at(source, span, "")
                .at(class.place.source, class.place.span, "the class"),
            );
        }
    }
}

fn shown(actual: i128, unit: i128) -> String {
    if actual % unit == 0 {
        (actual / unit).to_string()
    } else {
        format!("{:.1}", actual as f64 / unit as f64)
    }
}

fn template(cluster: &Cluster<'_>, source: SourceId, node: &Node, sink: &mut Sink) {
    let parts = [
        ("control planes", true, ["control_plane", "control_planes", "controlplane"]),
        ("workers", false, ["workers", "worker", "worker_nodes"]),
    ];
    for (what, control_plane, keys) in parts {
        let Some(part) = keys.iter().find_map(|k| node.get(k)) else { continue };
        let count = number(part, &["count", "size", "replicas"])
            .or_else(|| Some((as_integer(part, 0, 1 << 32).ok()??, part.span)));
        let sets: Vec<_> = cluster.sets.iter().filter(|s| s.control_plane == control_plane).collect();
        let actual: u64 = sets.iter().map(|s| s.machines()).sum();
        let Some((told, span)) = count.filter(|(n, _)| *n != i128::from(actual)) else { continue };
        // A set that takes all machines that fit has no number.
        if sets.iter().any(|s| s.open) {
            continue;
        }
        let mut d = Diagnostic::of(
            &RULE,
            format!("the spec says {told} {what} for {}, and its template has {actual}", quote(cluster.name)),
        )
        .at(source, span, "");
        for set in sets {
            d = d.at(cluster.source, set.at, "");
        }
        sink.push(d);
    }
    for (key, actual) in [("kubernetes_version", cluster.kubernetes), ("talos_version", cluster.talos)] {
        let told = node.get(key).and_then(|n| Some((n.text()?, n.span)));
        if let (Some((told, span)), Some((actual, place))) = (told, actual)
            && told.trim_start_matches('v') != actual.trim_start_matches('v')
        {
            sink.push(
                Diagnostic::of(
                    &RULE,
                    format!(
                        "the spec says `{key}` is {}, and the template of {} says {}",
                        quote(told),
                        quote(cluster.name),
                        quote(actual)
                    ),
                )
                .at(source, span, "")
                .at(cluster.source, place, "the template"),
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
    fn each_number_is_compared() {
        let with = |story: &str| {
            let spec =
                format!("{}open_decisions:\n  size:\n    spec: {story}\n", testing::base("spec/omni.yaml"));
            testing::deployment(&[("spec/omni.yaml", &spec)]).codes()
        };
        for (story, want) in [
            (
                "{ name: test, control_plane: { count: 1, cpu: 4, memory_gb: 8, disk_gb: 40, machine_class: control-plane } }",
                0,
            ),
            (
                "{ name: test, control_plane: { count: 3, cpu: 2, memory_gb: 16, disk_gb: 41, machine_class: control-plane } }",
                4,
            ),
            ("{ name: test, workers: { machine_class: gone } }", 1),
            ("{ name: test, kubernetes_version: v1.34.0, talos_version: '1.12.0' }", 1),
            ("{ name: another, workers: { count: 9 } }", 0),
            ("{ name: test, workers: 5 }", 1),
        ] {
            assert_eq!(with(story), vec!["OS0219"; want], "{story}");
        }
    }
}
