//! One document to one model: the key `kind` decides.

use super::fields::{Context, tag};
use super::{cluster, machine, machine_set};
use crate::diag::{Diagnostic, Sink, SourceId, Span, closest, codes};
use crate::template::dialect::Dialect;
use crate::template::model::{Model, Role, Template};
use crate::template::quote::quoted;
use crate::untrusted::Untrusted;
use crate::yaml::{Document, Node, NodeKind};

const KINDS: [&str; 4] = ["Cluster", "ControlPlane", "Workers", "Machine"];

/// Reads the documents of one template file. All problems of all documents are reported; a document that cannot be
/// read is left out and marks the template as incomplete.
pub fn decode(
    dialect: Dialect,
    source: SourceId,
    text: &str,
    documents: &[Document],
    sink: &mut Sink,
) -> Template {
    let mut template =
        Template { source, models: Vec::new(), incomplete: false, counted: [Vec::new(), Vec::new()] };
    for document in documents {
        let before = sink.all().len();
        match model(dialect, text, document, &mut template.counted, sink) {
            Some(model) => template.models.push(model),
            None => template.incomplete = true,
        }
        template.incomplete |= sink.all().len() > before;
    }
    template
}

fn model(
    dialect: Dialect,
    text: &str,
    document: &Document,
    counted: &mut [Vec<Span>; 2],
    sink: &mut Sink,
) -> Option<Model> {
    let source = document.source;
    let Some(root) = &document.root else {
        sink.push(
            Diagnostic::error(codes::TEMPLATE_DOCUMENT, "an empty document in a cluster template")
                .at(source, document.span, "nothing stands here")
                .note("omnictl: unexpected node kind 8, expecting mapping")
                .help("remove the `---` that begins it"),
        );
        return None;
    };
    if !matches!(root.kind, NodeKind::Map(_)) {
        let kind = if matches!(root.kind, NodeKind::Seq(_)) { 2 } else { 8 };
        sink.push(
            Diagnostic::error(codes::TEMPLATE_DOCUMENT, "a document of a cluster template must be a mapping")
                .at(source, root.span, format!("this is {}", crate::yaml::describe(root)))
                .unquoted()
                .note(format!("omnictl: unexpected node kind {kind}, expecting mapping")),
        );
        return None;
    }
    let kind = kind_of(source, text, root, sink)?;
    let mut cx = Context { dialect, source, sink, lost: false };
    let model = match kind {
        "Cluster" => {
            counted[0].push(root.span);
            Model::Cluster(cluster::decode(&mut cx, root))
        }
        "ControlPlane" => {
            counted[1].push(root.span);
            Model::MachineSet(machine_set::decode(&mut cx, root, Role::ControlPlane))
        }
        "Workers" => Model::MachineSet(machine_set::decode(&mut cx, root, Role::Workers)),
        _ => Model::Machine(machine::decode(&mut cx, root)),
    };
    (!cx.lost).then_some(model)
}

fn kind_of(source: SourceId, written: &str, root: &Node, sink: &mut Sink) -> Option<&'static str> {
    let Some((key, value)) = root.entry("kind").filter(|(key, _)| !merged(written, root, key)) else {
        sink.push(
            Diagnostic::error(codes::TEMPLATE_DOCUMENT, "a document of a cluster template has no `kind`")
                .at(source, root.span, "this document")
                .note("omnictl: kind field not found")
                .help(format!("begin it with `kind:` and one of {}", KINDS.join(", "))),
        );
        return None;
    };
    let Some(text) = value.text() else {
        let node_kind = if matches!(value.kind, NodeKind::Seq(_)) { 2 } else { 4 };
        sink.push(
            Diagnostic::error(codes::TEMPLATE_DOCUMENT, "`kind` takes a word")
                .at(source, value.span, format!("this is {}", tag(value)))
                .note(format!("omnictl: unexpected value type for kind field {node_kind}")),
        );
        return None;
    };
    if aliased(written, key) {
        sink.push(
            Diagnostic::error(codes::TEMPLATE_DOCUMENT, "`kind` takes a word, not an alias")
                .at(source, key.span, "its value is an alias")
                .note("omnictl: unexpected value type for kind field 16")
                .help(format!("write `{}` itself", Untrusted::new(text).line(60))),
        );
        return None;
    }
    let found = KINDS.into_iter().find(|k| *k == text);
    if found.is_none() {
        let name = Untrusted::new(text).line(60);
        let mut problem = Diagnostic::error(
            codes::TEMPLATE_DOCUMENT,
            format!("there is no kind `{name}` in cluster templates"),
        )
        .at(source, if text.is_empty() { key.span } else { value.span }, "unknown kind")
        .note(format!("omnictl: unknown model kind {}", quoted(text)));
        problem = match closest(&name, KINDS) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(format!("kinds: {}", KINDS.join(", "))),
        };
        sink.push(problem);
    }
    found
}

/// Whether a key of a block mapping came by a merge key: it stands deeper than the mapping, or behind other text. omnictl asks for
/// `kind` before it merges.
fn merged(written: &str, root: &Node, key: &Node) -> bool {
    let before = |at: usize| {
        let before = written.get(..at).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        before.get(line..).unwrap_or_default().trim_start_matches('\u{feff}')
    };
    let (outer, inner) = (before(root.span.start), before(key.span.start));
    let flow = written.get(root.span.start..).is_some_and(|rest| rest.starts_with('{'));
    // Only its own indicator, anchor or tag stands before a key of the mapping itself.
    let own = match inner.trim_start_matches(' ') {
        "" => inner.len() <= outer.len(),
        before => before.starts_with(['?', '&', '!']),
    };
    !flow && !own
}

/// Whether the value of a key is written as an alias, for which omnictl does not look.
fn aliased(written: &str, key: &Node) -> bool {
    let rest = written.get(key.span.end..).unwrap_or_default().trim_start();
    rest.strip_prefix(':').is_some_and(|rest| rest.trim_start().starts_with('*'))
}
