//! Machine classes to files, in the form that `omnictl apply` reads.

use crate::kinds::{MACHINE_CLASSES, to_yaml_tree};
use crate::resource::{OMNI_PREFIX, Resource};
use crate::spec::CLASS_TYPE;
use crate::value::Value;
use crate::yaml::{self, Out};

/// The text of a class file: metadata that people set, and the fields of the spec that say something. `about` is a comment.
pub(super) fn text(class: &Resource, about: &str) -> String {
    let mut metadata = vec![
        ("namespace".to_owned(), Out::from(class.id.namespace.as_str())),
        ("type".to_owned(), Out::from(CLASS_TYPE)),
        ("id".to_owned(), Out::from(class.id.id.as_str())),
    ];
    for (name, map) in [("labels", &class.labels), ("annotations", &class.annotations)] {
        let own: Vec<(String, Out)> = map
            .iter()
            .filter(|(k, _)| !k.starts_with(OMNI_PREFIX))
            .map(|(k, v)| (k.clone(), Out::from(v.as_str())))
            .collect();
        if !own.is_empty() {
            metadata.push((name.to_owned(), Out::Map(own)));
        }
    }
    let spec = match said(to_yaml_tree(&MACHINE_CLASSES, &class.spec, false)) {
        Some(spec) => spec,
        None => Out::Map(Vec::new()),
    };
    let document = Out::Map(vec![("metadata".to_owned(), Out::Map(metadata)), ("spec".to_owned(), spec)]);
    format!("{about}{}", yaml::write(&document, 2))
}

/// Without fields that say nothing.
fn said(out: Out) -> Option<Out> {
    match out {
        Out::Map(pairs) => {
            let pairs: Vec<_> = pairs.into_iter().filter_map(|(k, v)| Some((k, said(v)?))).collect();
            (!pairs.is_empty()).then_some(Out::Map(pairs))
        }
        Out::List(items) => (!items.is_empty()).then_some(Out::List(items)),
        Out::Scalar(Value::Null | Value::Bool(false) | Value::Int(0)) => None,
        Out::Scalar(Value::Str(text)) if text.is_empty() => None,
        other => Some(other),
    }
}
