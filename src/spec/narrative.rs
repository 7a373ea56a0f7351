//! Narrative sections: what people write for people. Typed loosely, never lost.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Sink, SourceId, Span, codes};
use crate::yaml::{Node, NodeKind, to_value};

use super::document::Section;
use super::fields::list;
use super::model::{Narrative, Place};

/// Their names, in the order in which people write them.
pub(super) const SECTIONS: [&str; 8] = [
    "initiative",
    "definition_of_done",
    "locked_decisions",
    "pivot_decisions",
    "open_decisions",
    "constraints",
    "phases",
    "references",
];

/// Keeps a section.
pub(super) fn keep(node: &Node, place: Place) -> Narrative {
    Narrative { value: to_value(node), place }
}

/// All narrative sections that are there. Says where one has teeth that this version does not use.
pub(super) fn read(
    source: SourceId,
    all: &BTreeMap<&str, Section<'_>>,
    sink: &mut Sink,
) -> BTreeMap<String, Narrative> {
    let mut out = BTreeMap::new();
    for name in SECTIONS {
        let Some(section) = all.get(name) else { continue };
        out.insert(name.to_owned(), keep(section.node, Place { source, span: section.at }));
        let teeth: &[&str] = match name {
            "phases" => &["resources", "check"],
            _ => continue,
        };
        for (key, span) in keys(section.node, teeth) {
            sink.push(
                Diagnostic::warning(
                    codes::NOT_BUILT,
                    format!("`{key}` in `{name}` is kept, but not evaluated in this version"),
                )
                .at(source, span, "has no effect yet"),
            );
        }
    }
    out
}

/// The places of keys named in `names`, at most three levels down: an entry, its list, the list's entries.
fn keys<'a>(node: &'a Node, names: &[&'a str]) -> Vec<(&'a str, Span)> {
    fn walk<'a>(node: &'a Node, names: &[&'a str], depth: usize, out: &mut Vec<(&'a str, Span)>) {
        match &node.kind {
            NodeKind::Map(pairs) => {
                for (key, value) in pairs {
                    if let Some(name) = names.iter().find(|n| depth > 0 && key.text() == Some(n)) {
                        out.push((name, key.span));
                    } else if depth < 2 {
                        walk(value, names, depth + 1, out);
                    }
                }
            }
            NodeKind::Seq(items) => items.iter().for_each(|n| walk(n, names, depth.max(1), out)),
            NodeKind::Scalar { .. } => {}
        }
    }
    let mut out = Vec::new();
    walk(node, names, 0, &mut out);
    out
}

/// The error of a spec without any section that the tool acts on.
pub(super) fn offer(source: SourceId, narrative: &BTreeMap<String, Narrative>) -> Diagnostic {
    let at = narrative.values().map(|n| n.place.span).min().unwrap_or_default();
    if narrative.is_empty() {
        return Diagnostic::error(codes::MISSING_FIELD, "the spec has no sections")
            .at(source, at, "")
            .help("add `omni: { endpoint: https://… }`, and `proxmox`, `providers`, `machine_classes` and `clusters` as needed");
    }
    let names: Vec<&str> = narrative.keys().map(String::as_str).collect();
    Diagnostic::error(
        codes::NARRATIVE_ONLY,
        "the spec has narrative sections only: it does not say which Omni, which Proxmox and which files",
    )
    .at(source, at, "the first of them")
    .note(format!("it has {}", list(&names)))
    .note("`omni-scale spec upgrade` writes the missing sections behind them from the facts found there, each with its source; what is not sure stays a question")
    .help("run `omni-scale spec upgrade`; the narrative sections stay as they are")
}
