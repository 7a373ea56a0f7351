//! `machine_classes:` and `clusters:` — folders and files.

use crate::diag::{Sink, SourceId};
use crate::spec::document::Section;
use crate::spec::fields::{Fields, bad_value, quote, wrong_type};
use crate::spec::files::below_root;
use crate::spec::model::{Clusters, Listed, Place, Prune};
use crate::yaml::{Node, NodeKind, is_null};

use super::providers::escapes;

/// Reads `machine_classes`.
pub(in crate::spec) fn machine_classes(
    source: SourceId,
    section: Option<&Section<'_>>,
    sink: &mut Sink,
) -> Vec<Listed> {
    section.map_or_else(Vec::new, |s| paths(source, s.node, "machine_classes", sink))
}

/// Reads `clusters`: a list of paths, or a mapping with `paths` and `prune`.
pub(in crate::spec) fn clusters(
    source: SourceId,
    section: Option<&Section<'_>>,
    sink: &mut Sink,
) -> Clusters {
    let Some(section) = section else { return Clusters::default() };
    if !matches!(section.node.kind, NodeKind::Map(_)) {
        return Clusters { paths: paths(source, section.node, "clusters", sink), prune: Prune::default() };
    }
    let Some(fields) = Fields::open(source, section.node, "clusters", section.at, &["paths", "prune"], sink)
    else {
        return Clusters::default();
    };
    let paths =
        fields.need("paths", sink).map_or_else(Vec::new, |n| paths(source, n, "clusters.paths", sink));
    let prune = match fields.text("prune", sink) {
        None | Some(("record", _)) => Prune::Record,
        Some(("template", _)) => Prune::Template,
        Some((other, span)) => {
            sink.push(bad_value(source, span, format!("`clusters.prune` cannot be {}", quote(other))).help(
                "it is `record` (what we made or adopted) or `template` (what omnictl's sync removes)",
            ));
            Prune::Record
        }
    };
    Clusters { paths, prune }
}

fn paths(source: SourceId, node: &Node, name: &str, sink: &mut Sink) -> Vec<Listed> {
    let items: &[Node] = match &node.kind {
        NodeKind::Seq(items) => items,
        _ if is_null(node) => &[],
        _ => {
            sink.push(
                wrong_type(source, node, name, "a list of paths").help(format!("write `{name}: [folder]`")),
            );
            &[]
        }
    };
    let mut out: Vec<Listed> = Vec::new();
    for item in items {
        let Some(text) = item.text().filter(|_| !is_null(item)) else {
            sink.push(wrong_type(source, item, name, "paths"));
            continue;
        };
        match below_root(text) {
            Ok(path) if out.iter().any(|l| l.path == path) => {
                sink.push(bad_value(source, item.span, format!("the path {} stands twice", quote(text))));
            }
            Ok(path) => out.push(Listed { path, place: Place { source, span: item.span } }),
            Err(why) => sink.push(escapes(source, item.span, text, why)),
        }
    }
    out
}
