//! `node:` pins machines to a node of the cluster, letter by letter.

use crate::diag::{Diagnostic, Sink, closest, codes};
use crate::spec::fields::{list, quote};

use super::recipe::Recipe;

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    let Some(node) = recipe.get("node") else { return };
    let Some(name) = node.text().filter(|n| !n.is_empty()) else { return };
    let nodes: Vec<&str> = recipe.cluster.nodes.iter().map(String::as_str).collect();
    if nodes.is_empty() || nodes.contains(&name) {
        return;
    }
    let d = Diagnostic::error(
        codes::UNKNOWN_REFERENCE,
        format!("the Proxmox cluster has no node {}", quote(name)),
    )
    .at(recipe.source, node.span, "not among its nodes in the spec");
    sink.push(match closest(name, nodes.iter().copied()) {
        Some(near) => d.help(format!("did you mean `{near}`?")),
        None => d.help(format!("it has {}", list(&nodes))),
    });
}
