//! Storage selectors that the provider cannot compile.
//!
//! The provider compiles a selector when a machine is made, after its image was downloaded, and then fails for ever: the data of
//! a machine is fixed when the machine is asked for.

use crate::diag::{Diagnostic, Sink, Span, codes};
use crate::selector::Selector;
use crate::yaml::Node;

use super::recipe::{Recipe, get};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for node in recipe.disks().into_iter().filter_map(|d| get(d, "storage_selector")) {
        if let Some(text) = node.text() {
            selector(recipe, node, text, sink);
        }
    }
}

fn selector(recipe: &Recipe<'_>, node: &Node, text: &str, sink: &mut Sink) {
    let problem = |span, message: String| {
        Diagnostic::error(codes::STORAGE_SELECTOR, message).at(recipe.source, span, "")
    };
    if text.trim().is_empty() {
        sink.push(
            problem(node.span, "the storage selector is empty".to_owned())
                .help("write `name == \"<storage>\"`"),
        );
        return;
    }
    let Err(refusal) = Selector::read(text) else { return };
    // What was not looked at may well work.
    if refusal.logged.is_none() {
        for fault in refusal.faults {
            let message = format!("the storage selector is not checked: {}", fault.message);
            sink.push(Diagnostic::warning(codes::STORAGE_SELECTOR, message).at(recipe.source, node.span, ""));
        }
        return;
    }
    for fault in refusal.faults {
        let message = format!("the storage selector does not compile: {}", fault.message);
        let mut d = problem(place(node, text, fault.at), message);
        if let Some(help) = fault.help {
            d = d.help(help);
        }
        sink.push(d);
    }
}

/// Where a part of the selector stands in the file; as a whole where quotes or folding change the text.
fn place(node: &Node, text: &str, at: Span) -> Span {
    let plain = node.span.end.saturating_sub(node.span.start) == text.len();
    if plain {
        Span::new(node.span.start + at.start, node.span.start + at.end.max(at.start))
    } else {
        node.span
    }
}
