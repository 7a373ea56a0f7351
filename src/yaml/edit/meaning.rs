//! The tree that an edit asks for, and whether a text is that tree.

use super::{Path, Place, Step};
use crate::diag::{SourceId, Span};
use crate::yaml::{Limits, Node, NodeKind, Out, Scalar, ScalarStyle, parse, resolve, write};

/// The node that a value reads as.
pub(super) fn node(out: &Out, limits: &Limits) -> Option<Node> {
    let text = write(out, 2);
    let null = || Node {
        kind: NodeKind::Scalar { text: String::new(), style: ScalarStyle::Plain },
        span: Span::default(),
        tag: None,
    };
    let documents = parse(SourceId(0), &text, limits).ok()?;
    Some(documents.into_iter().next().and_then(|d| d.root).unwrap_or_else(null))
}

fn at<'a>(root: &'a mut Node, steps: &[Step]) -> Option<&'a mut Node> {
    steps.iter().try_fold(root, |node, step| match (step, &mut node.kind) {
        (Step::Key(key), NodeKind::Map(pairs)) => {
            pairs.iter_mut().find(|(k, _)| k.text() == Some(key)).map(|(_, v)| v)
        }
        (Step::Item(i), NodeKind::Seq(items)) => items.get_mut(*i),
        _ => None,
    })
}

/// What is asked for.
pub(super) enum Change<'a> {
    /// This value at the path.
    Set(Node),
    /// This key in the mapping at the path.
    Key(&'a str, &'a Place, Node),
    /// This item at this position of the list at the path.
    Item(usize, Node),
    /// Nothing at the path.
    Remove,
}

/// The root with the change; `None` where the path leads nowhere.
pub(super) fn changed(root: &Node, path: &Path, change: Change<'_>) -> Option<Node> {
    let mut root = root.clone();
    match change {
        Change::Set(value) => *at(&mut root, &path.steps)? = value,
        Change::Key(key, place, value) => {
            let NodeKind::Map(pairs) = &mut at(&mut root, &path.steps)?.kind else { return None };
            let find = |name: &str| pairs.iter().position(|(k, _)| k.text() == Some(name));
            let position = match place {
                Place::First => Some(0),
                Place::Last => None,
                Place::After(name) => find(name).map(|i| i + 1),
                Place::Before(name) => find(name),
            };
            let name = Node {
                kind: NodeKind::Scalar { text: key.to_owned(), style: ScalarStyle::Double },
                span: Span::default(),
                tag: None,
            };
            pairs.insert(position.unwrap_or(pairs.len()).min(pairs.len()), (name, value));
        }
        Change::Item(position, value) => {
            let NodeKind::Seq(items) = &mut at(&mut root, &path.steps)?.kind else { return None };
            items.insert(position.min(items.len()), value);
        }
        Change::Remove => {
            let (last, rest) = path.steps.split_last()?;
            match (last, &mut at(&mut root, rest)?.kind) {
                (Step::Key(key), NodeKind::Map(pairs)) => {
                    let position = pairs.iter().position(|(k, _)| k.text() == Some(key))?;
                    pairs.remove(position);
                }
                (Step::Item(position), NodeKind::Seq(items)) if *position < items.len() => {
                    items.remove(*position);
                }
                _ => return None,
            }
        }
    }
    Some(root)
}

/// Whether two nodes mean the same, scalars in the same spelling. The order of keys is not looked at: merge keys move it.
pub(super) fn alike(one: &Node, other: &Node) -> bool {
    if one.tag != other.tag {
        return false;
    }
    match (&one.kind, &other.kind) {
        (NodeKind::Scalar { text, .. }, NodeKind::Scalar { text: spelling, .. }) => {
            let (meaning, meant) = (resolve(one), resolve(other));
            (meaning == Scalar::Null && meant == Scalar::Null)
                || (text == spelling && std::mem::discriminant(&meaning) == std::mem::discriminant(&meant))
        }
        (NodeKind::Seq(items), NodeKind::Seq(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(item, other)| alike(item, other))
        }
        (NodeKind::Map(pairs), NodeKind::Map(others)) => {
            let same = |((key, value), (name, other)): (&(Node, Node), &(Node, Node))| {
                key.text() == name.text() && alike(value, other)
            };
            pairs.len() == others.len() && by_key(pairs).into_iter().zip(by_key(others)).all(same)
        }
        _ => false,
    }
}

fn by_key(pairs: &[(Node, Node)]) -> Vec<&(Node, Node)> {
    let mut all: Vec<&(Node, Node)> = pairs.iter().collect();
    all.sort_by_key(|(key, _)| key.text());
    all
}

/// Whether two documents' roots mean the same.
pub(super) fn roots_alike(a: Option<&Node>, b: Option<&Node>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => alike(a, b),
        (Some(one), None) | (None, Some(one)) => crate::yaml::is_null(one),
    }
}
