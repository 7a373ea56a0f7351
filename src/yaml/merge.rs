//! Keys of a mapping: duplicates, and merge keys (`<<`) with Go's precedence.

use std::collections::{BTreeMap, BTreeSet};

use super::{Node, NodeKind, ScalarStyle};
use crate::diag::{Diagnostic, SourceId, Span, codes};
use crate::untrusted::Untrusted;

/// Whether a key is a merge key: plain `<<`, or tagged so.
fn is_merge(key: &Node) -> bool {
    match (&key.kind, key.tag.as_deref()) {
        (NodeKind::Scalar { text, style: ScalarStyle::Plain }, None) => text == "<<",
        (NodeKind::Scalar { .. }, Some("!!merge")) => true,
        _ => false,
    }
}

/// Places of the merge keys.
pub(super) fn places(pairs: &[(Node, Node)]) -> impl Iterator<Item = Span> {
    pairs.iter().filter(|(key, _)| is_merge(key)).map(|(key, _)| key.span)
}

/// Reports every key that was written before, with both places. Go compares the texts: `1` and `"1"` are the same key.
pub(super) fn duplicates(source: SourceId, pairs: &[(Node, Node)], problems: &mut Vec<Diagnostic>) {
    let mut seen = BTreeMap::new();
    for (key, _) in pairs {
        let text = match &key.kind {
            NodeKind::Scalar { text, .. } => (0, text.as_str()),
            NodeKind::Seq(_) => (1, ""),
            NodeKind::Map(_) => (2, ""),
        };
        if let Some(first) = seen.get(&text) {
            let name = Untrusted::new(text.1).line(60);
            problems.push(
                Diagnostic::error(
                    codes::DUPLICATE_KEY,
                    format!("the key `{name}` stands twice in one mapping"),
                )
                .at(source, key.span, "again here")
                .at(source, *first, "first here")
                .help("keep one of them"),
            );
        } else {
            seen.insert(text, key.span);
        }
    }
}

/// Replaces merge keys by what they bring: own keys win, then the first merged mapping that has the key. Gives the pairs
/// and how many nodes were added.
pub(super) fn resolve(
    source: SourceId,
    pairs: Vec<(Node, Node)>,
    refuse: bool,
    problems: &mut Vec<Diagnostic>,
) -> (Vec<(Node, Node)>, usize) {
    if !pairs.iter().any(|(k, _)| is_merge(k)) {
        return (pairs, 0);
    }
    let (merges, mut own): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(k, _)| is_merge(k));
    let before = own.len();
    let mut have: BTreeSet<String> = own.iter().filter_map(|(k, _)| k.text().map(str::to_owned)).collect();
    for (key, value) in merges {
        if refuse {
            problems.push(
                Diagnostic::error(codes::ALIAS_REFUSED, "merge keys are not allowed in a spec")
                    .at(source, key.span, "")
                    .help("write the keys where they are used"),
            );
            continue;
        }
        let sources = match value.kind {
            NodeKind::Seq(items) => items,
            kind => vec![Node { kind, span: value.span, tag: value.tag }],
        };
        for node in sources {
            let NodeKind::Map(entries) = node.kind else {
                problems.push(
                    Diagnostic::error(codes::ALIAS, "a merge key takes a mapping or a list of mappings").at(
                        source,
                        key.span,
                        "this one has something else",
                    ),
                );
                continue;
            };
            for (k, v) in entries {
                if k.text().is_none_or(|text| have.insert(text.to_owned())) {
                    own.push((k, v));
                }
            }
        }
    }
    let added = own.len().saturating_sub(before) * 2;
    (own, added)
}
