//! Machine classes: drift in their file, or a file of their own.

use super::document::{self, put};
use super::{Edited, Input, Refusal};
use crate::kinds::{MACHINE_CLASSES, to_yaml_tree};
use crate::resource::LiveResource;
use crate::spec::CLASS_TYPE;
use crate::value::Value;
use crate::yaml::edit::{EditError, Editor, Path};
use crate::yaml::{Limits, Node, Out};

/// Copies what differs.
pub(super) fn drift(input: Input<'_>, live: &LiveResource) -> Result<Edited, Refusal> {
    let step = input.plan.steps.iter().find(|s| s.address == *input.address && !s.changes.is_empty());
    let Some(step) = step else { return Err(Refusal::Same(input.address.to_string())) };
    let id = input.address.name();
    let found = input.classes.iter().find_map(|file| {
        let documents = document::documents(&file.text);
        let at = documents.iter().position(|d| {
            let metadata = d.root.as_ref().and_then(|r| r.get("metadata"));
            metadata.and_then(|m| m.get("id")).and_then(Node::text) == Some(id)
        })?;
        Some((file, Path::document(at)))
    });
    let (file, root) = found.ok_or_else(|| input.unfit("no file of machine classes has it", None))?;
    let mut editor = Editor::new(&file.text, &Limits::default())
        .map_err(|_| input.unfit(format!("`{}` is not YAML", file.path), None))?;
    let printed = printed(live);
    let mut data = false;
    for change in &step.changes {
        let words: Vec<String> = change.path.iter().take_while(|w| !w.starts_with('[')).cloned().collect();
        let done = match words.first().map(String::as_str) {
            Some("providerdata") => {
                data = true;
                Ok(())
            }
            Some("labels" | "annotations") => {
                let metadata = root.key("metadata");
                match &change.before {
                    Some(value) => put(&mut editor, &metadata, &words, value.clone()),
                    None => take_away(&mut editor, &metadata, &words),
                }
            }
            _ => match at(&printed, &words) {
                Some(value) => put(&mut editor, &root.key("spec"), &words, value.clone()),
                None => take_away(&mut editor, &root.key("spec"), &words),
            },
        };
        done.map_err(|e| input.refused(&file.path, &e))?;
    }
    if data {
        let text = live.resource.spec.at(&["auto_provision", "provider_data"]).and_then(Value::as_str);
        let path = root.key("spec").key("autoprovision").key("providerdata");
        let text = text.unwrap_or_default();
        let set = if editor.get(&path).is_some_and(|n| n.text().is_some()) {
            editor.set_text(&path, text)
        } else {
            let words: Vec<String> = ["autoprovision", "providerdata"].map(str::to_owned).to_vec();
            put(&mut editor, &root.key("spec"), &words, text.into())
        };
        set.map_err(|e| input.refused(&file.path, &e))?;
    }
    let mut edited = Edited::default();
    edited.files.insert(file.path.clone(), editor.text().to_owned());
    Ok(edited)
}

fn take_away(editor: &mut Editor, root: &Path, words: &[String]) -> Result<(), EditError> {
    let path = words.iter().fold(root.clone(), |p, w| p.key(w));
    if editor.get(&path).is_some() { editor.remove(&path) } else { Ok(()) }
}

/// The spec in the words of class files, without what is not set.
fn printed(live: &LiveResource) -> Value {
    fn plain(out: &Out) -> Option<Value> {
        match out {
            Out::Map(pairs) => {
                let map: std::collections::BTreeMap<String, Value> =
                    pairs.iter().filter_map(|(k, v)| Some((k.clone(), plain(v)?))).collect();
                (!map.is_empty()).then_some(Value::Map(map))
            }
            Out::List(items) => {
                let items: Vec<Value> = items.iter().filter_map(plain).collect();
                (!items.is_empty()).then_some(Value::List(items))
            }
            Out::Scalar(value) => match value {
                Value::Null | Value::Bool(false) | Value::Int(0) => None,
                Value::Str(text) if text.is_empty() => None,
                value => Some(value.clone()),
            },
            Out::Raw(text) | Out::Literal(text) | Out::Quoted(text) => Some(text.as_str().into()),
            Out::Pairs(_) => None,
        }
    }
    plain(&to_yaml_tree(&MACHINE_CLASSES, &live.resource.spec, false)).unwrap_or_else(Value::map)
}

fn at<'a>(value: &'a Value, words: &[String]) -> Option<&'a Value> {
    words.iter().try_fold(value, |v, w| v.get(w))
}

/// A file for a class that nobody declared.
pub(super) fn new(input: Input<'_>, live: &LiveResource) -> Result<Edited, Refusal> {
    let id = live.resource.id.id.as_str();
    let Some(folder) = input.class_folder else {
        return Err(
            input.unfit("the spec names no folder of machine classes", Some("name one in `machine_classes`"))
        );
    };
    let plain = !id.starts_with('.') && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if !plain {
        return Err(input.unfit("its id is no name for a file", Some("write a file for it by hand")));
    }
    let path = if folder == "." { format!("{id}.yaml") } else { format!("{folder}/{id}.yaml") };
    if input.classes.iter().any(|f| f.path == path) || input.contents.contains_key(&path) {
        return Err(input.unfit(format!("`{path}` exists already and holds something else"), None));
    }
    let text = |t: &str| Out::from(t);
    let mut metadata = vec![
        ("namespace".to_owned(), text("default")),
        ("type".to_owned(), text(CLASS_TYPE)),
        ("id".to_owned(), text(id)),
    ];
    for (name, map) in [("labels", &live.resource.labels), ("annotations", &live.resource.annotations)] {
        if !map.is_empty() {
            let pairs = map.iter().map(|(k, v)| (k.clone(), text(v))).collect();
            metadata.push((name.to_owned(), Out::Map(pairs)));
        }
    }
    let spec = Out::from(&printed(live));
    let root = Out::Map(vec![("metadata".to_owned(), Out::Map(metadata)), ("spec".to_owned(), spec)]);
    let mut edited = Edited::default();
    edited.files.insert(path, crate::yaml::write(&root, 2));
    Ok(edited)
}
