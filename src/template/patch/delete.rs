//! `$patch: delete`: what a patch removes is taken out before the rest is read as machine configuration.

use crate::diag::Span;
use crate::yaml::{Node, NodeKind};

/// Why a removal cannot be carried out; the place and omnictl's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadDelete {
    pub(super) span: Span,
    pub(super) why: String,
}

/// Takes removals out of a document. Gives the rest (`None` if nothing is left of it), and whether there were any.
pub(super) fn strip(root: &Node) -> Result<(Option<Node>, bool), BadDelete> {
    let mut walk = Walk { root, any: false };
    let mut rest = root.clone();
    let gone = walk.node(&mut rest, &mut Vec::new(), Parent::Document)?;
    Ok(((!gone).then_some(rest), walk.any))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Parent {
    Document,
    Mapping,
    Sequence,
}

struct Walk<'a> {
    root: &'a Node,
    any: bool,
}

impl Walk<'_> {
    /// Whether the node goes: by a removal of its own, or because removals emptied it.
    fn node(&mut self, node: &mut Node, path: &mut Vec<String>, parent: Parent) -> Result<bool, BadDelete> {
        let span = node.span;
        match &mut node.kind {
            NodeKind::Map(pairs) => {
                if pairs.iter().any(|(k, v)| k.text() == Some("$patch") && v.text() == Some("delete")) {
                    self.removal(pairs, path, parent, span)?;
                    return Ok(true);
                }
                let mut kept = Vec::new();
                let mut removed = false;
                for (key, mut value) in std::mem::take(pairs) {
                    path.push(key.text().unwrap_or_default().to_owned());
                    let gone = self.node(&mut value, path, Parent::Mapping)?;
                    path.pop();
                    removed |= gone;
                    if !gone {
                        kept.push((key, value));
                    }
                }
                let empty = removed && kept.is_empty();
                *pairs = kept;
                Ok(empty)
            }
            NodeKind::Seq(items) => {
                let mut kept = Vec::new();
                let mut removed = false;
                for (i, mut item) in std::mem::take(items).into_iter().enumerate() {
                    path.push(format!("[{i}]"));
                    let gone = self.node(&mut item, path, Parent::Sequence)?;
                    path.pop();
                    removed |= gone;
                    if !gone {
                        kept.push(item);
                    }
                }
                let empty = removed && kept.is_empty();
                *items = kept;
                Ok(empty)
            }
            NodeKind::Scalar { .. } => Ok(false),
        }
    }

    fn removal(
        &mut self,
        pairs: &[(Node, Node)],
        path: &[String],
        parent: Parent,
        span: Span,
    ) -> Result<(), BadDelete> {
        self.any = true;
        let bad = |why: String| Err(BadDelete { span, why });
        if parent == Parent::Sequence {
            // The entry to remove is found by another key of it.
            if pairs.len() < 2 {
                return bad(format!("no key:val found in sequence node for path {}", path.join(".")));
            }
        } else if path.iter().any(|p| p.is_empty() || p.starts_with('[')) {
            return bad(format!("cannot delete an inner key in '{}'", path.join(".")));
        }
        let value = |key| self.root.get(key).and_then(Node::text).unwrap_or_default();
        for key in ["apiVersion", "kind"] {
            if path.is_empty() && self.root.get(key).is_none() {
                return bad(format!("missing {key} in document for which $patch: delete is used"));
            }
        }
        if value("kind").is_empty() != value("apiVersion").is_empty() {
            return bad(format!("kind and apiVersion must be both set for path {}", path.join(".")));
        }
        Ok(())
    }
}
