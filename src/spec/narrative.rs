//! Narrative sections: what people write for people. Typed loosely, never lost.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, SourceId, codes};
use crate::yaml::{Node, to_value};

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

/// All narrative sections that are there.
pub(super) fn read(source: SourceId, all: &BTreeMap<&str, Section<'_>>) -> BTreeMap<String, Narrative> {
    let mut out = BTreeMap::new();
    for name in SECTIONS {
        let Some(section) = all.get(name) else { continue };
        out.insert(name.to_owned(), keep(section.node, Place { source, span: section.at }));
    }
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
