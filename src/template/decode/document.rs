//! One document to one model: the key `kind` decides.

use super::fields::{Context, tag};
use super::{cluster, machine, machine_set};
use crate::diag::{Diagnostic, Sink, SourceId, closest, codes};
use crate::template::dialect::Dialect;
use crate::template::model::{Model, Role, Template};
use crate::untrusted::Untrusted;
use crate::yaml::{Document, Node, NodeKind};

const KINDS: [&str; 4] = ["Cluster", "ControlPlane", "Workers", "Machine"];

/// Reads the documents of one template file. All problems of all documents are reported; a document that cannot be
/// read is left out and marks the template as incomplete.
pub fn decode(dialect: Dialect, source: SourceId, documents: &[Document], sink: &mut Sink) -> Template {
    let mut template = Template { source, models: Vec::new(), incomplete: false, counts: [0, 0] };
    for document in documents {
        let before = sink.all().len();
        match model(dialect, document, &mut template.counts, sink) {
            Some(model) => template.models.push(model),
            None => template.incomplete = true,
        }
        template.incomplete |= sink.all().len() > before;
    }
    template
}

fn model(dialect: Dialect, document: &Document, counts: &mut [usize; 2], sink: &mut Sink) -> Option<Model> {
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
                .note(format!("omnictl: unexpected node kind {kind}, expecting mapping")),
        );
        return None;
    }
    let kind = kind_of(source, root, sink)?;
    let mut cx = Context { dialect, source, sink, lost: false };
    let model = match kind {
        "Cluster" => {
            counts[0] += 1;
            Model::Cluster(cluster::decode(&mut cx, root))
        }
        "ControlPlane" => {
            counts[1] += 1;
            Model::MachineSet(machine_set::decode(&mut cx, root, Role::ControlPlane))
        }
        "Workers" => Model::MachineSet(machine_set::decode(&mut cx, root, Role::Workers)),
        _ => Model::Machine(machine::decode(&mut cx, root)),
    };
    (!cx.lost).then_some(model)
}

fn kind_of(source: SourceId, root: &Node, sink: &mut Sink) -> Option<&'static str> {
    let Some((key, value)) = root.entry("kind") else {
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
    let found = KINDS.into_iter().find(|k| *k == text);
    if found.is_none() {
        let name = Untrusted::new(text).line(60);
        let mut problem = Diagnostic::error(
            codes::TEMPLATE_DOCUMENT,
            format!("there is no kind `{name}` in cluster templates"),
        )
        .at(source, if text.is_empty() { key.span } else { value.span }, "unknown kind")
        .note(format!("omnictl: unknown model kind \"{name}\""));
        problem = match closest(&name, KINDS) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(format!("kinds: {}", KINDS.join(", "))),
        };
        sink.push(problem);
    }
    found
}
