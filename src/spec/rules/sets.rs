//! Machine sets of cluster templates, as far as rules over several files need them. What is wrong in a template is told by its
//! own rules.

use crate::diag::{SourceId, Span};
use crate::spec::workspace::TemplateFile;
use crate::yaml::{Node, NodeKind, as_u64};

/// A text with its place.
type Word<'a> = (&'a str, Span);

/// One machine set.
pub(super) struct Set<'a> {
    pub(super) control_plane: bool,
    /// The class that makes its machines.
    pub(super) class: Option<Word<'a>>,
    /// Where its number stands, or the set.
    pub(super) at: Span,
    /// Whether it takes as many machines as there are.
    pub(super) open: bool,
    size: u64,
}

impl Set<'_> {
    /// How many machines it asks for.
    pub(super) fn machines(&self) -> u64 {
        self.size
    }
}

/// One template.
pub(super) struct Cluster<'a> {
    pub(super) source: SourceId,
    pub(super) name: &'a str,
    pub(super) kubernetes: Option<Word<'a>>,
    pub(super) talos: Option<Word<'a>>,
    pub(super) sets: Vec<Set<'a>>,
}

/// All templates.
pub(super) fn clusters(templates: &[TemplateFile]) -> Vec<Cluster<'_>> {
    templates.iter().map(cluster).collect()
}

fn cluster(file: &TemplateFile) -> Cluster<'_> {
    let mut out = Cluster { source: file.source, name: "", kubernetes: None, talos: None, sets: Vec::new() };
    for root in file.documents.iter().filter_map(|d| d.root.as_ref()) {
        let word =
            |key: &str| root.get(key).and_then(|n| n.get("version")).and_then(|n| Some((n.text()?, n.span)));
        match root.get("kind").and_then(Node::text) {
            Some("Cluster") => {
                out.name = root.get("name").and_then(Node::text).unwrap_or_default();
                (out.kubernetes, out.talos) = (word("kubernetes"), word("talos"));
            }
            Some(kind @ ("ControlPlane" | "Workers")) => out.sets.push(set(root, kind == "ControlPlane")),
            _ => {}
        }
    }
    out
}

fn set(root: &Node, control_plane: bool) -> Set<'_> {
    let class = root.get("machineClass");
    let size = class.and_then(|c| c.get("size"));
    let listed = match root.get("machines").map(|m| &m.kind) {
        Some(NodeKind::Seq(items)) => items.len() as u64,
        _ => 0,
    };
    let number = size.and_then(|n| as_u64(n).ok().flatten());
    Set {
        control_plane,
        class: class.and_then(|c| c.get("name")).and_then(|n| Some((n.text()?, n.span))),
        at: size.map_or(root.span, |n| n.span),
        open: size.is_some() && number.is_none(),
        size: number.unwrap_or(listed),
    }
}
