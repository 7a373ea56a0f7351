//! Documents of templates: finding them, and taking values from one to another.

use crate::diag::{SourceId, Span};
use crate::value::Value;
use crate::yaml::edit::{EditError, Editor, Path, Step};
use crate::yaml::{Document, Limits, Node, NodeKind, Out, Scalar, ScalarStyle, parse, resolve, to_value};

/// Who a document is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// `kind: Cluster`.
    Cluster(String),
    /// `kind: ControlPlane` or `kind: Workers`, by the name that addresses have (`control-planes`, `workers`, …).
    MachineSet(String),
    /// `kind: Machine`, by id.
    Machine(String),
}

/// What a document is about.
pub(super) fn subject(document: &Document) -> Option<Subject> {
    let root = document.root.as_ref()?;
    let text = |key: &str| root.get(key).and_then(Node::text).unwrap_or_default().to_owned();
    match root.get("kind").and_then(Node::text)? {
        "Cluster" => Some(Subject::Cluster(text("name"))),
        "ControlPlane" => Some(Subject::MachineSet("control-planes".to_owned())),
        "Workers" => Some(Subject::MachineSet(
            Some(text("name")).filter(|n| !n.is_empty()).unwrap_or("workers".to_owned()),
        )),
        "Machine" => Some(Subject::Machine(text("name"))),
        _ => None,
    }
}

/// Number of the document about a subject.
pub(super) fn position(documents: &[Document], wanted: &Subject) -> Option<usize> {
    documents.iter().position(|d| subject(d).as_ref() == Some(wanted))
}

/// The documents of a text that is known to be YAML.
pub(super) fn documents(text: &str) -> Vec<Document> {
    let limits = Limits { bytes: usize::MAX, nodes: usize::MAX, documents: usize::MAX, ..Limits::default() };
    parse(SourceId(0), text, &limits).unwrap_or_default()
}

/// The way to the value that stands at a place.
pub(super) fn at_span(documents: &[Document], span: Span) -> Option<Path> {
    fn walk(node: &Node, path: &Path, span: Span) -> Option<Path> {
        if node.span == span {
            return Some(path.clone());
        }
        match &node.kind {
            NodeKind::Map(pairs) => {
                pairs.iter().find_map(|(k, v)| walk(v, &path.key(k.text().unwrap_or_default()), span))
            }
            NodeKind::Seq(items) => items.iter().enumerate().find_map(|(i, n)| walk(n, &path.item(i), span)),
            NodeKind::Scalar { .. } => None,
        }
    }
    documents.iter().enumerate().find_map(|(i, d)| walk(d.root.as_ref()?, &Path::document(i), span))
}

/// The value at a path.
pub(super) fn get<'a>(documents: &'a [Document], path: &Path) -> Option<&'a Node> {
    let root = documents.get(path.document)?.root.as_ref()?;
    path.steps.iter().try_fold(root, |node, step| match (step, &node.kind) {
        (Step::Key(key), _) => node.get(key),
        (Step::Item(i), NodeKind::Seq(items)) => items.get(*i),
        (Step::Item(_), _) => None,
    })
}

/// A value to be written again: order of keys and blocks of text stay.
pub(super) fn again(node: &Node) -> Out {
    match &node.kind {
        NodeKind::Scalar { text, style: ScalarStyle::Literal } => Out::Literal(text.clone()),
        NodeKind::Scalar { .. } => match resolve(node) {
            Scalar::Timestamp(_) => Out::Scalar(Value::Str(node.text().unwrap_or_default().to_owned())),
            _ => Out::Scalar(to_value(node)),
        },
        NodeKind::Seq(items) => Out::List(items.iter().map(again).collect()),
        NodeKind::Map(pairs) => {
            Out::Map(pairs.iter().map(|(k, v)| (k.text().unwrap_or_default().to_owned(), again(v))).collect())
        }
    }
}

/// Makes what stands under `words` in a document what stands there in `source`: also nothing.
pub(super) fn copy(
    editor: &mut Editor,
    root: &Path,
    source: Option<&Node>,
    words: &[String],
) -> Result<(), EditError> {
    let mut found = source;
    let mut path = root.clone();
    for word in words {
        path = path.key(word);
        found = found.and_then(|n| n.get(word));
        if found.is_none() {
            // What the source does not have goes, from the first level on that it does not have.
            return if editor.get(&path).is_some() { editor.remove(&path) } else { Ok(()) };
        }
    }
    let Some(value) = found else { return Ok(()) };
    put(editor, root, words, to_value(value))
}

/// Puts a value under `words`; mappings on the way that are not there are made.
pub(super) fn put(editor: &mut Editor, root: &Path, words: &[String], value: Value) -> Result<(), EditError> {
    let mut path = root.clone();
    for (i, word) in words.iter().enumerate() {
        let next = path.key(word);
        let last = i + 1 == words.len();
        if !last && editor.get(&next).is_none_or(crate::yaml::is_null) {
            let mut inner = value;
            for word in words.get(i + 1..).unwrap_or_default().iter().rev() {
                let mut map = Value::map();
                map.set(word, inner);
                inner = map;
            }
            return editor.set(&next, inner);
        }
        path = next;
    }
    editor.update(&path, &value)
}
