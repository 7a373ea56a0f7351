//! Rules between templates: a cluster has one template, a machine one cluster. omnictl, which sees one file at a time, lets both
//! pass: the second sync then undoes the first, or takes its machine away.

use std::collections::BTreeMap;

use super::load::Loaded;
use crate::diag::{Diagnostic, Sink, SourceId, Span, codes};
use crate::untrusted::Untrusted;

/// Judges the templates of one repository together.
pub fn check_together<'a>(templates: impl IntoIterator<Item = &'a Loaded>, sink: &mut Sink) {
    let mut clusters: BTreeMap<&str, (SourceId, Span)> = BTreeMap::new();
    let mut machines: BTreeMap<&str, (SourceId, Span)> = BTreeMap::new();
    for loaded in templates {
        let source = loaded.template.source;
        for cluster in loaded.template.clusters().filter(|c| !c.name.value.is_empty()) {
            let name = &cluster.name;
            match clusters.get(name.value.as_str()) {
                // Two in one file are a matter of that file.
                Some((first, _)) if *first == source => {}
                Some((first, span)) => sink.push(
                    Diagnostic::error(
                        codes::CLUSTER_TWICE,
                        format!(
                            "two templates describe the cluster `{}`",
                            Untrusted::new(&name.value).line(80)
                        ),
                    )
                    .at(source, name.span, "again here")
                    .at(*first, *span, "first here")
                    .help("join them in one file, or rename one of the clusters"),
                ),
                None => {
                    clusters.insert(&name.value, (source, name.span));
                }
            }
        }
        for machine in loaded.template.machine_sets().flat_map(|set| &set.machines) {
            match machines.get(machine.value.as_str()) {
                Some((first, _)) if *first == source => {}
                Some((first, span)) => sink.push(
                    Diagnostic::error(
                        codes::MACHINE_TWO_CLUSTERS,
                        format!(
                            "the machine `{}` stands in the templates of two clusters",
                            Untrusted::new(&machine.value).line(80)
                        ),
                    )
                    .at(source, machine.span, "again here")
                    .at(*first, *span, "first here")
                    .help("a machine belongs to one cluster: remove it from one of the templates"),
                ),
                None => {
                    machines.insert(&machine.value, (source, machine.span));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::tests::loaded_as;

    const MACHINE: &str = "a0000001-0000-4000-8000-000000000001";

    #[test]
    fn one_template_for_a_cluster_and_one_cluster_for_a_machine() {
        let text = |name: &str| {
            format!(
                "kind: Cluster\nname: {name}\nkubernetes: {{version: v1}}\ntalos: {{version: v1}}\n---\n\
                 kind: ControlPlane\nmachines: [{MACHINE}]\n"
            )
        };
        let (a, b, c) = (loaded_as(0, &text("x")), loaded_as(1, &text("x")), loaded_as(2, &text("y")));
        let mut sink = Sink::default();
        check_together([&a, &b, &c], &mut sink);
        let codes: Vec<u16> = sink.all().iter().map(|d| d.code.0).collect();
        assert_eq!(codes, [185, 186, 186]);
        let mut sink = Sink::default();
        check_together([&a], &mut sink);
        assert!(sink.all().is_empty());
    }
}
