//! What nobody declared: it gets its place in the cluster's template.

use super::declared::{Exported, exported, level, machine, span_of, template};
use super::document::{self, Subject};
use super::{Edited, Input, Refusal};
use crate::resource::LiveResource;
use crate::yaml::edit::{EditError, Editor, Path, Step};
use crate::yaml::{Limits, Node, Out, to_value};

/// Writes it into the template.
pub(super) fn take(input: Input<'_>, live: &LiveResource) -> Result<Edited, Refusal> {
    let file = template(input)?;
    let mut editor = Editor::new(&file.text, &Limits::default())
        .map_err(|_| input.unfit(format!("`{}` is not YAML", file.path), None))?;
    let all = exported(input)?;
    let span = span_of(&all, live).ok_or_else(|| unsaid(input, &all, live))?;
    let refused = |e: EditError| input.refused(&file.path, &e);
    match input.address.kind() {
        "machineset" => {
            let from = all.documents.iter().find(|d| d.root.as_ref().is_some_and(|r| r.span == span));
            let root = from.and_then(|d| d.root.as_ref()).ok_or_else(|| unsaid(input, &all, live))?;
            editor.append_document(document::again(root)).map_err(refused)?;
            machines_of(&mut editor, &all, root).map_err(refused)?;
        }
        "patch" | "manifest" | "healthcheck" => {
            let from = document::at_span(&all.documents, span).ok_or_else(|| unsaid(input, &all, live))?;
            list_item(input, &mut editor, &all, &from, live).map_err(refused)?;
        }
        "node" => {
            let set = live.resource.omni_label("machine-set").unwrap_or_default();
            let cluster = input.address.cluster_name().unwrap_or_default();
            let short = set.strip_prefix(cluster).and_then(|s| s.strip_prefix('-')).unwrap_or(set);
            let at = document::position(editor.documents(), &Subject::MachineSet(short.to_owned()));
            let at = at.ok_or_else(|| {
                input.unfit(
                    format!("its machine set `{short}` is not in `{}`", file.path),
                    Some(&format!("adopt `cluster/{cluster}/machineset/{short}` first")),
                )
            })?;
            append(&mut editor, &Path::document(at), &["machines"], input.address.name().into())
                .map_err(refused)?;
            let own = Subject::Machine(input.address.name().to_owned());
            if document::position(editor.documents(), &own).is_none()
                && let Some(root) = root_of(&all, &own)
            {
                editor.append_document(document::again(root)).map_err(refused)?;
            }
        }
        kind @ ("extensions" | "kernelargs") => {
            let key = if kind == "extensions" { "systemExtensions" } else { "kernelArgs" };
            let subject = level(input, kind, live)?;
            let value = root_of(&all, &subject).and_then(|r| r.get(key)).map(to_value);
            let value = value.ok_or_else(|| unsaid(input, &all, live))?;
            let root = place(&mut editor, &subject).map_err(refused)?;
            let root =
                root.ok_or_else(|| input.unfit("the template has no document about its level", None))?;
            editor.update(&root.key(key), &value).map_err(refused)?;
        }
        other => {
            return Err(
                input.unfit(format!("a `{other}` is not written into templates by this command"), None)
            );
        }
    }
    let mut edited = Edited::default();
    edited.files.insert(file.path.clone(), editor.text().to_owned());
    Ok(edited)
}

/// Why a template cannot say it.
fn unsaid(input: Input<'_>, all: &Exported, live: &LiveResource) -> Refusal {
    let loss = all.losses.iter().find(|l| l.resource == live.resource.id);
    let why = loss.map_or_else(|| "a template cannot say it".to_owned(), |l| l.why.clone());
    input.unfit(why, Some("it stays as it is; remove it in Omni if it is not wanted"))
}

fn root_of<'a>(all: &'a Exported, subject: &Subject) -> Option<&'a Node> {
    let at = document::position(&all.documents, subject)?;
    all.documents.get(at)?.root.as_ref()
}

/// The document about a subject; one about a machine is made if it is not there.
fn place(editor: &mut Editor, subject: &Subject) -> Result<Option<Path>, EditError> {
    Ok(match (document::position(editor.documents(), subject), subject) {
        (Some(at), _) => Some(Path::document(at)),
        (None, Subject::Machine(id)) => Some(Path::document(machine(editor, id)?)),
        (None, _) => None,
    })
}

/// The Machine documents of a new set's machines.
fn machines_of(editor: &mut Editor, all: &Exported, set: &Node) -> Result<(), EditError> {
    let crate::yaml::NodeKind::Seq(machines) = (match set.get("machines") {
        Some(node) => &node.kind,
        None => return Ok(()),
    }) else {
        return Ok(());
    };
    for id in machines.iter().filter_map(Node::text) {
        let own = Subject::Machine(id.to_owned());
        if document::position(editor.documents(), &own).is_none()
            && let Some(root) = root_of(all, &own)
        {
            editor.append_document(document::again(root))?;
        }
    }
    Ok(())
}

/// An entry of a list, behind the last: the ids of the others come from their positions.
fn list_item(
    input: Input<'_>,
    editor: &mut Editor,
    all: &Exported,
    from: &Path,
    live: &LiveResource,
) -> Result<(), EditError> {
    let missing = || EditError::Missing { path: from.to_string(), wanted: "entry" };
    let node = document::get(&all.documents, from).ok_or_else(missing)?;
    let subject = all.documents.get(from.document).and_then(document::subject).ok_or_else(missing)?;
    let keys: Vec<&str> = from
        .steps
        .iter()
        .filter_map(|s| match s {
            Step::Key(key) => Some(key.as_str()),
            Step::Item(_) => None,
        })
        .collect();
    let mut item = document::again(node);
    if input.address.kind() != "manifest"
        && let Out::Map(pairs) = &mut item
        && !pairs.iter().any(|(k, _)| k == "idOverride")
    {
        // In another place of the list its name would give another id.
        let at = pairs.iter().position(|(k, _)| k == "name").map_or(0, |i| i + 1);
        pairs.insert(at, ("idOverride".to_owned(), live.resource.id.id.as_str().into()));
    }
    let root = place(editor, &subject)?.ok_or_else(missing)?;
    append(editor, &root, &keys, item)
}

/// Appends to a list, which is made if it is not there.
fn append(editor: &mut Editor, root: &Path, keys: &[&str], item: Out) -> Result<(), EditError> {
    let path = keys.iter().fold(root.clone(), |p, k| p.key(*k));
    if editor.get(&path).is_some() {
        return editor.append_item(&path, item);
    }
    if let [outer, _] = keys
        && editor.get(&root.key(*outer)).is_none()
    {
        let inner = Out::Map(vec![(keys.last().map_or("", |k| *k).to_owned(), Out::List(vec![item]))]);
        return editor.set(&root.key(*outer), inner);
    }
    editor.set(&path, Out::List(vec![item]))
}
