//! Drift of what templates declare: the live value replaces the file's value in its place.

use super::document::{self, Subject};
use super::{Edited, File, Input, Refusal};
use crate::diag::{Sink, SourceId, Sources, Span};
use crate::plan::{Change, Step};
use crate::resource::LiveResource;
use crate::template::export::{Fidelity, Options, export};
use crate::template::{self, FileMap, FileProblem, PatchFiles, Rendered};
use crate::value::Value;
use crate::yaml::edit::{EditError, Editor, Path};
use crate::yaml::{Document, Limits, Node, NodeKind};

/// The template of a cluster.
pub(super) fn template(input: Input<'_>) -> Result<&File, Refusal> {
    let cluster = input.address.cluster_name().unwrap_or_default();
    let wanted = Subject::Cluster(cluster.to_owned());
    let found =
        input.templates.iter().find(|f| document::position(&document::documents(&f.text), &wanted).is_some());
    found.ok_or_else(|| {
        input.unfit(
            format!("no template of this repository has the cluster `{cluster}`"),
            Some(&format!("`omni-scale import --cluster {cluster}` writes its files")),
        )
    })
}

/// What is live of the address' cluster, as a template.
pub(super) struct Exported {
    pub(super) documents: Vec<Document>,
    pub(super) rendered: Vec<Rendered>,
    /// Why each resource is not in it.
    pub(super) losses: Vec<template::export::Loss>,
}

pub(super) fn exported(input: Input<'_>) -> Result<Exported, Refusal> {
    let cluster = input.address.cluster_name().unwrap_or_default();
    let live = input.snapshot.omni.types.values().filter_map(|t| t.known()).flatten();
    let options = Options { kernel_args: false, fidelity: Fidelity::Full, dialect: input.dialect };
    let all = export(live, cluster, options)
        .map_err(|e| input.unfit(format!("the live cluster fits into no template: {e}"), None))?;
    let documents = document::documents(&all.text);
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let source = sources.add("live.yaml", all.text.as_str());
    let loaded =
        template::load(input.dialect, source, &documents, &FileMap::default(), &mut sources, &mut sink);
    Ok(Exported { documents, rendered: loaded.resources, losses: all.losses })
}

/// Lookup of the files that a template names.
struct Beside<'a> {
    folder: &'a str,
    input: Input<'a>,
    edited: &'a Edited,
}

impl PatchFiles for Beside<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileProblem> {
        let target = template::resolve(self.folder, ".", path)?;
        let edited = self.edited.files.get(&target).map(|t| t.as_bytes().to_vec());
        edited.or_else(|| self.input.contents.get(&target).cloned()).ok_or(FileProblem::Missing)
    }
    fn shown(&self, path: &str) -> String {
        template::join(self.folder, path)
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or(".", |(folder, _)| folder)
}

/// What a template renders to, also if rules of templates are broken: a plan will say so.
fn rendered(input: Input<'_>, path: &str, text: &str, edited: &Edited) -> Vec<Rendered> {
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let source = sources.add(path, text);
    let beside = Beside { folder: folder(path), input, edited };
    let documents = document::documents(text);
    template::load(input.dialect, source, &documents, &beside, &mut sources, &mut sink).resources
}

/// Copies what differs.
pub(super) fn drift(input: Input<'_>, live: &LiveResource) -> Result<Edited, Refusal> {
    let step = input.plan.steps.iter().find(|s| s.address == *input.address && !s.changes.is_empty());
    let Some(step) = step else { return Err(Refusal::Same(input.address.to_string())) };
    let file = template(input)?;
    let mut editor = Editor::new(&file.text, &Limits::default())
        .map_err(|_| input.unfit(format!("`{}` is not YAML", file.path), None))?;
    let mut edited = Edited::default();
    match input.address.kind() {
        "patch" | "manifest" => entry(input, file, &mut editor, step, live, "inline", "data", &mut edited)?,
        "healthcheck" => entry(input, file, &mut editor, step, live, "job", "job", &mut edited)?,
        kind => {
            let all = exported(input)?;
            let subject = level(input, kind, live)?;
            let position = document::position(editor.documents(), &subject);
            let from = document::position(&all.documents, &subject);
            let from = from.and_then(|i| all.documents.get(i)).and_then(|d| d.root.as_ref());
            let position = match (position, &subject) {
                (Some(position), _) => position,
                (None, Subject::Machine(id)) => {
                    machine(&mut editor, id).map_err(|e| input.refused(&file.path, &e))?
                }
                (None, _) => {
                    return Err(input.unfit(format!("`{}` has no document about it", file.path), None));
                }
            };
            let root = Path::document(position);
            for change in &step.changes {
                one(&mut editor, &root, from, change).map_err(|e| input.refused(&file.path, &e))?;
            }
        }
    }
    if editor.text() != file.text {
        edited.files.insert(file.path.clone(), editor.text().to_owned());
    }
    Ok(edited)
}

/// Adds a Machine document; gives its number.
pub(super) fn machine(editor: &mut Editor, id: &str) -> Result<usize, EditError> {
    editor.append_document(crate::yaml::Out::Map(vec![
        ("kind".to_owned(), "Machine".into()),
        ("name".to_owned(), id.into()),
    ]))?;
    Ok(editor.documents().len().saturating_sub(1))
}

/// The document that an address of this kind is written in.
pub(super) fn level(input: Input<'_>, kind: &str, live: &LiveResource) -> Result<Subject, Refusal> {
    let cluster = input.address.cluster_name().unwrap_or_default();
    let name = input.address.name().to_owned();
    let label = |key: &str| live.resource.omni_label(key);
    match kind {
        "cluster" => Ok(Subject::Cluster(cluster.to_owned())),
        "machineset" => Ok(Subject::MachineSet(name)),
        "node" | "kernelargs" => Ok(Subject::Machine(name)),
        "extensions" => Ok(match (label("cluster-machine"), label("machine-set")) {
            (Some(machine), _) => Subject::Machine(machine.to_owned()),
            (_, Some(set)) => Subject::MachineSet(
                set.strip_prefix(cluster).and_then(|s| s.strip_prefix('-')).unwrap_or(set).to_owned(),
            ),
            _ => Subject::Cluster(cluster.to_owned()),
        }),
        other => Err(input.unfit(
            format!("changes of a `{other}` are not copied into files"),
            Some("edit the file by hand"),
        )),
    }
}

/// One field of a document.
fn one(editor: &mut Editor, root: &Path, from: Option<&Node>, change: &Change) -> Result<(), EditError> {
    let mut words: Vec<String> = change.path.iter().take_while(|w| !w.starts_with('[')).cloned().collect();
    if words == ["machineClass", "allocation"] {
        words = vec!["machineClass".to_owned(), "size".to_owned()];
    }
    if let [map, key] = words.as_slice()
        && matches!(map.as_str(), "labels" | "annotations")
    {
        return mark(editor, root, map, key, change.before.as_ref());
    }
    let version = matches!(words.as_slice(), [of, what] if what == "version" && matches!(of.as_str(), "kubernetes" | "talos"));
    if version && let Some(Value::Str(live)) = &change.before {
        let path = words.iter().fold(root.clone(), |p, w| p.key(w));
        let bare = editor.get(&path).and_then(Node::text).is_some_and(|t| !t.starts_with('v'));
        let live = live.trim_start_matches('v');
        let text = if bare { live.to_owned() } else { format!("v{live}") };
        return editor.set(&path, Value::from(text));
    }
    document::copy(editor, root, from, &words)
}

/// One label or annotation.
fn mark(
    editor: &mut Editor,
    root: &Path,
    map: &str,
    key: &str,
    live: Option<&Value>,
) -> Result<(), EditError> {
    let path = root.key(map).key(key);
    match live {
        Some(value) => document::put(editor, root, &[map.to_owned(), key.to_owned()], value.clone()),
        None if editor.get(&path).is_none() => Ok(()),
        None => {
            let alone = matches!(editor.get(&root.key(map)), Some(Node { kind: NodeKind::Map(p), .. }) if p.len() == 1);
            editor.remove(&if alone { root.key(map) } else { path })
        }
    }
}

/// An entry of `patches`, `manifests` or `healthchecks`.
#[expect(clippy::too_many_arguments, reason = "one rule for three lists")]
fn entry(
    input: Input<'_>,
    file: &File,
    editor: &mut Editor,
    step: &Step,
    live: &LiveResource,
    key: &str,
    field: &str,
    edited: &mut Edited,
) -> Result<(), Refusal> {
    let of = |all: &[Rendered]| all.iter().find(|r| r.address == *input.address).cloned();
    let lost = || {
        input.unfit(format!("`{}` has no entry of its own for it", file.path), Some("edit the file by hand"))
    };
    let asked = of(&rendered(input, &file.path, &file.text, edited)).ok_or_else(lost)?;
    let path = document::at_span(editor.documents(), asked.span).ok_or_else(lost)?;
    let refused = |e: EditError| input.refused(&file.path, &e);
    let wanted = live.resource.spec.get(field).and_then(Value::as_str).unwrap_or_default();
    if asked.resource.spec.get(field).and_then(Value::as_str).unwrap_or_default() != wanted {
        let named = editor.get(&path.key("file")).and_then(Node::text).filter(|f| !f.is_empty());
        if let Some(named) = named {
            let target = template::resolve(folder(&file.path), ".", named).map_err(|_| lost())?;
            edited.files.insert(target, wanted.to_owned());
        } else {
            body(input, file, editor, &path.key(key), field, wanted, edited)?;
        }
    }
    let mut rest = Vec::new();
    for change in &step.changes {
        match change.path.as_slice() {
            [map, name] if matches!(map.as_str(), "labels" | "annotations") => {
                mark(editor, &path, map, name, change.before.as_ref()).map_err(refused)?;
            }
            [first, ..] if first == field => {}
            other => rest.push(other.to_vec()),
        }
    }
    if rest.is_empty() {
        return Ok(());
    }
    let all = exported(input)?;
    let from = of(&all.rendered).and_then(|r| document::at_span(&all.documents, r.span));
    let from = from.and_then(|p| document::get(&all.documents, &p).cloned());
    for words in rest {
        document::copy(editor, &path, from.as_ref(), &words).map_err(refused)?;
    }
    Ok(())
}

/// The body of an entry that stands in the template: as few edits as give the live bytes.
fn body(
    input: Input<'_>,
    file: &File,
    editor: &mut Editor,
    path: &Path,
    field: &str,
    wanted: &str,
    edited: &Edited,
) -> Result<(), Refusal> {
    let fits = |editor: &Editor| {
        rendered(input, &file.path, editor.text(), edited)
            .iter()
            .find(|r| r.address == *input.address)
            .and_then(|r| r.resource.spec.get(field))
            .and_then(Value::as_str)
            .unwrap_or_default()
            == wanted
    };
    let refused = |e: EditError| input.refused(&file.path, &e);
    let is_text = editor.get(path).is_some_and(|n| n.text().is_some());
    if is_text {
        return editor.set_text(path, wanted).map_err(refused);
    }
    // A mapping is encoded anew: the same text comes out only if that is how it was made.
    let tree = crate::yaml::parse(SourceId(0), wanted, &Limits::default());
    let single = tree.ok().filter(|d| d.len() == 1).and_then(|mut d| d.pop()?.root);
    if let Some(tree) = single {
        let mut copy = editor.clone();
        if copy.update(path, &crate::yaml::to_value(&tree)).is_ok() && fits(&copy) {
            *editor = copy;
            return Ok(());
        }
    }
    editor.set(path, crate::yaml::Out::Literal(wanted.to_owned())).map_err(refused)
}

/// Where a resource stands in the live cluster's template.
pub(super) fn span_of(all: &Exported, live: &LiveResource) -> Option<Span> {
    all.rendered.iter().find(|r| r.resource.id == live.resource.id).map(|r| r.span)
}
