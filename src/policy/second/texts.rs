//! Plain values of a tree, with YAML that stands in texts taken apart.

use std::collections::BTreeSet;

use crate::diag::SourceId;
use crate::kinds;
use crate::resource::Resource;
use crate::value::Value;
use crate::yaml::{self, Limits};

/// A place and what stands there, as canonical text. What a server cannot tell from nothing is left out; so are the numbers
/// of list elements.
pub(super) type Leaf = (String, String);

/// The leaves of a spec.
pub(super) fn leaves(resource: &Resource) -> BTreeSet<Leaf> {
    let mut out = BTreeSet::new();
    walk("spec", &spec(resource), &mut |path, leaf| _ = out.insert((path.to_owned(), leaf)));
    out
}

/// A spec in the form in which equal things look equal: times and numbers as the server prints them.
pub(super) fn spec(resource: &Resource) -> Value {
    kinds::by_type(&resource.id.kind)
        .map_or_else(|| resource.spec.clone(), |kind| kinds::normalise(kind, &resource.spec))
}

/// Calls `see` with place and canonical text of every leaf. A text of more than a word is taken apart: into the documents
/// that it holds, or into its lines where it is no YAML.
pub(super) fn walk(path: &str, value: &Value, see: &mut dyn FnMut(&str, String)) {
    match value {
        Value::Map(map) => map.iter().for_each(|(k, v)| walk(&format!("{path}.{k}"), v, see)),
        Value::List(list) => list.iter().for_each(|v| walk(&format!("{path}[]"), v, see)),
        Value::Str(text) if text.contains('\n') || text.contains(": ") => match documents(text) {
            Some(documents) => documents.iter().for_each(|d| walk(path, d, see)),
            None => text.lines().for_each(|l| see(path, Value::from(l).canonical())),
        },
        leaf if is_nothing(leaf) => {}
        leaf => see(path, leaf.canonical()),
    }
}

/// The documents of a text whose top is a map or a list.
fn documents(text: &str) -> Option<Vec<Value>> {
    let documents = yaml::parse(SourceId::default(), text, &Limits::default()).ok()?;
    let values: Vec<Value> = documents.iter().filter_map(|d| d.root.as_ref()).map(yaml::to_value).collect();
    let trees = values.iter().all(|v| matches!(v, Value::Map(_) | Value::List(_)));
    (trees && !values.is_empty()).then_some(values)
}

/// What protobuf's JSON cannot tell from something that is absent.
pub(super) fn is_nothing(leaf: &Value) -> bool {
    match leaf {
        Value::Null | Value::Bool(false) | Value::Int(0) => true,
        Value::Float(f) => *f == 0.0,
        Value::Str(s) => s.is_empty(),
        _ => false,
    }
}
