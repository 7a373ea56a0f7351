//! `phases:` — prose; a phase that names `resources` is a boundary for apply, and its exit criteria with a `check` are the gate.

use super::done;
use crate::address::Glob;
use crate::diag::{Diagnostic, Sink, SourceId, codes};
use crate::spec::document::Section;
use crate::spec::fields::{bad_value, quote, wrong_type};
use crate::spec::model::{DoneItem, Pattern, Phase, Place};
use crate::yaml::{Node, NodeKind};

/// Reads the phases that name resources, in the file's order. Everything else about phases is prose.
pub(in crate::spec) fn read(source: SourceId, section: Option<&Section<'_>>, sink: &mut Sink) -> Vec<Phase> {
    let Some(NodeKind::Map(pairs)) = section.map(|s| &s.node.kind) else { return Vec::new() };
    let mut out: Vec<Phase> = Vec::new();
    for (key, node) in pairs {
        let Some(name) = key.text() else { continue };
        let criteria = criteria(source, name, node, sink);
        let Some(resources) = node.get("resources") else {
            if let Some(first) = criteria.iter().find_map(|c| c.check.as_ref()) {
                let place = first.place();
                sink.push(
                    Diagnostic::warning(
                        codes::NO_EFFECT,
                        format!(
                            "the phase {} has a check and names no `resources`: nothing waits for it",
                            quote(name)
                        ),
                    )
                    .at(place.source, place.span, "never evaluated")
                    .help(
                        "add `resources` with patterns over addresses, as `[\"cluster/talos-prod-01/**\"]`",
                    ),
                );
            }
            continue;
        };
        let resources = patterns(source, name, resources, sink);
        after_what_it_names(source, node, name, &out, pairs, sink);
        out.push(Phase {
            key: name.to_owned(),
            resources,
            criteria,
            place: Place { source, span: key.span },
        });
    }
    out
}

fn patterns(source: SourceId, phase: &str, node: &Node, sink: &mut Sink) -> Vec<Pattern> {
    let NodeKind::Seq(items) = &node.kind else {
        sink.push(
            wrong_type(source, node, &format!("phases.{phase}.resources"), "a list of addresses or patterns")
                .help("write it as plans do: `[\"class/*\", \"cluster/NAME/**\"]`"),
        );
        return Vec::new();
    };
    let mut out = Vec::new();
    for item in items {
        let text = item.text().unwrap_or_default();
        match text.parse::<Glob>() {
            Ok(glob) => out.push(Pattern { glob, place: Place { source, span: item.span } }),
            Err(why) => sink.push(
                bad_value(source, item.span, format!("{} is no address: {why}", quote(text)))
                    .help("write it as plans do: `cluster/NAME/**`, `class/NAME`"),
            ),
        }
    }
    out
}

/// Texts, and `{ text, check }`. A check without a text is called by its own words.
fn criteria(source: SourceId, phase: &str, node: &Node, sink: &mut Sink) -> Vec<DoneItem> {
    let path = format!("phases.{phase}.exit_criteria.check");
    let mut all = done::items(source, node.get("exit_criteria"), &path, "plan.not_up.size() == 0", sink);
    for item in all.iter_mut().filter(|i| i.text.is_empty()) {
        item.text = item.check.as_ref().map_or_else(String::new, |c| c.text().trim().to_owned());
    }
    all
}

/// Phases are done in the order of the file; `depends_on` may say so, and may not say otherwise.
fn after_what_it_names(
    source: SourceId,
    node: &Node,
    name: &str,
    before: &[Phase],
    all: &[(Node, Node)],
    sink: &mut Sink,
) {
    let Some(NodeKind::Seq(items)) = node.get("depends_on").map(|n| &n.kind) else { return };
    for item in items {
        let Some(other) = item.text() else { continue };
        let has_resources =
            all.iter().any(|(key, phase)| key.text() == Some(other) && phase.get("resources").is_some());
        if has_resources && !before.iter().any(|p| p.key == other) {
            sink.push(
                bad_value(
                    source,
                    item.span,
                    format!(
                        "the phase {} depends on {}, which the file has after it",
                        quote(name),
                        quote(other)
                    ),
                )
                .help("phases with `resources` are done in the order of the file: move this one down"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::diag::{Sink, Sources};
    use crate::spec::read_spec;

    fn read(phases: &str) -> (Vec<String>, Vec<String>) {
        let (mut sources, mut sink) = (Sources::default(), Sink::default());
        let text = format!("omni: {{ endpoint: https://a }}\nphases:\n{phases}");
        let spec = read_spec(&mut sources, "spec/omni.yaml", text.as_bytes(), &mut sink);
        let found =
            sink.all().iter().map(|d| format!("{} {}", d.message, d.help.clone().unwrap_or_default()));
        let keys = spec.map(|s| s.spec.phases.into_iter().map(|p| format!("{} {}", p.key, p.criteria.len())));
        (keys.into_iter().flatten().collect(), found.collect())
    }

    #[test]
    fn phases_with_resources_are_read_in_the_order_of_the_file_and_others_are_prose() {
        let (keys, problems) = read(
            "  z: { name: first, resources: ['class/*'], exit_criteria: [seen by eye, { text: t, check: 'true' }] }\n  told: { tasks: [a], exit_criteria: [by eye] }\n  a: { depends_on: [z, told], resources: ['cluster/x/**'] }\n",
        );
        assert_eq!(problems, [""; 0]);
        assert_eq!(keys, ["z 2", "a 0"]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (phases, words) in [
            ("  a: { resources: cluster/x }\n", "a list of addresses"),
            ("  a: { resources: ['a//b'] }\n", "is no address"),
            ("  a: { resources: ['**'], exit_criteria: [{ check: true }] }\n", "an expression, as text"),
            ("  a: { exit_criteria: [{ check: 'true' }] }\n", "names no `resources`"),
            (
                "  a: { depends_on: [b], resources: ['class/*'] }\n  b: { resources: ['cluster/**'] }\n",
                "which the file has after it",
            ),
        ] {
            let (_, problems) = read(phases);
            assert!(problems.iter().any(|p| p.contains(words)), "{phases}: {problems:?}");
        }
    }
}
