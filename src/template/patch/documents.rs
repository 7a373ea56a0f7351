//! The YAML documents of a patch, with places in the file in which they are written.

use crate::diag::{Diagnostic, SourceId, Sources, Span};
use crate::template::files::Contents;
use crate::template::model::{Inline, Patch};
use crate::yaml::{self, Limits, Node, NodeKind};

/// One document of a patch.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::template) struct Part {
    /// In which text.
    pub(in crate::template) source: SourceId,
    /// Where.
    pub(in crate::template) span: Span,
    /// Merge keys that were resolved, and that Talos would have seen.
    pub(in crate::template) merges: Vec<Span>,
    /// What; `None` for a null document.
    pub(in crate::template) root: Option<Node>,
}

/// The documents of `patch`, which is written in `source`. A patch whose file is not readable has none.
///
/// # Errors
/// What is no YAML.
pub(in crate::template) fn documents(
    patch: &Patch,
    source: SourceId,
    sources: &Sources,
    contents: &Contents,
) -> Result<Vec<Part>, Vec<Diagnostic>> {
    let limits = Limits::default();
    let inline = patch.inline.as_ref().filter(|_| patch.file.value.is_empty());
    let parsed = match inline {
        Some(Inline::Mapping(node)) => {
            return Ok(vec![Part { source, span: node.span, merges: Vec::new(), root: Some(node.clone()) }]);
        }
        Some(Inline::List(items, span)) => {
            return Ok(items
                .iter()
                .map(|item| {
                    // A null entry is encoded as an empty mapping.
                    let root = item.clone().unwrap_or(Node {
                        kind: NodeKind::Map(Vec::new()),
                        span: *span,
                        tag: None,
                    });
                    Part { source, span: root.span, merges: Vec::new(), root: Some(root) }
                })
                .collect());
        }
        Some(Inline::Text(node)) => {
            let outer = sources.get(source).map(|s| s.text.as_str()).unwrap_or_default();
            yaml::parse_inner(source, outer, node, &limits)?
        }
        None => {
            let Some((id, text)) =
                contents.get(&patch.file.value).ok().and_then(|id| Some((id, &sources.get(id)?.text)))
            else {
                return Ok(Vec::new());
            };
            yaml::parse(id, text, &limits)?
        }
    };
    Ok(parsed
        .into_iter()
        .map(|d| Part {
            source: d.source,
            span: d.span,
            merges: d.merges,
            root: d.root.filter(|r| !yaml::is_null(r)),
        })
        .collect())
}
