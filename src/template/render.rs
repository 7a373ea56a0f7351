//! The rendered form: what `omnictl cluster template render` prints.

use std::collections::BTreeMap;

use super::rendered::Rendered;
use crate::kinds::{DurationSpan, Field, FieldKind, Kind, by_type};
use crate::resource::Resource;
use crate::value::Value;
use crate::yaml::{self, Out};

/// The YAML stream of `resources`; `time` (RFC 3339, UTC, seconds) stands as both `created` and `updated`.
///
/// Metadata scalars, keys included, are written without type quoting, as omnictl does: `"true"` as `true`, an empty text as
/// nothing. A reader must take every metadata scalar as text.
pub fn text(resources: &[Rendered], time: &str) -> String {
    let documents: Vec<String> =
        resources.iter().map(|one| yaml::write(&document(&one.resource, time), 2)).collect();
    documents.join("---\n")
}

fn document(resource: &Resource, time: &str) -> Out {
    let raw = |text: &str| Out::Raw(text.to_owned());
    let mut metadata = vec![
        ("namespace".to_owned(), raw(&resource.id.namespace)),
        ("type".to_owned(), raw(&resource.id.kind)),
        ("id".to_owned(), raw(&resource.id.id)),
        ("version".to_owned(), raw("undefined")),
        ("owner".to_owned(), raw("")),
        ("phase".to_owned(), raw("running")),
        ("created".to_owned(), raw(time)),
        ("updated".to_owned(), raw(time)),
    ];
    for (name, map) in [("labels", &resource.labels), ("annotations", &resource.annotations)] {
        if !map.is_empty() {
            metadata.push((name.to_owned(), raw_map(map)));
        }
    }
    let spec = match by_type(&resource.id.kind) {
        Some(kind) => to_yaml_tree(kind, &resource.spec),
        None => Out::from(&resource.spec),
    };
    Out::Map(vec![("metadata".to_owned(), Out::Map(metadata)), ("spec".to_owned(), spec)])
}

fn raw_map(map: &BTreeMap<String, String>) -> Out {
    Out::Pairs(map.iter().map(|(k, v)| (Out::Raw(k.clone()), Out::Raw(v.clone()))).collect())
}

/// A spec as omnictl prints it: all fields of the kind in their order, lower-case names, zero values written out, unset
/// messages as null, enums as numbers, durations as seconds and nanoseconds, bytes as an empty list. Fields that Omni 1.9.3
/// does not know, and unknown ones, are written only when set.
pub fn to_yaml_tree(kind: &Kind, spec: &Value) -> Out {
    message(kind.fields, spec)
}

fn message(fields: &[Field], value: &Value) -> Out {
    let mut out = Vec::new();
    for field in fields {
        let value = value.get(field.json);
        if field.newer && value.is_none() {
            continue;
        }
        out.push((field.yaml(), field_out(field.kind, value)));
    }
    if let Some(entries) = value.as_map() {
        for (key, value) in entries {
            if !fields.iter().any(|f| f.json == key) {
                out.push((key.replace('_', ""), Out::from(value)));
            }
        }
    }
    Out::Map(out)
}

fn field_out(kind: FieldKind, value: Option<&Value>) -> Out {
    let Some(value) = value else {
        return match kind {
            FieldKind::Text => Out::from(""),
            FieldKind::Bool => Out::Scalar(Value::Bool(false)),
            FieldKind::Uint | FieldKind::Enum(_) => Out::Scalar(Value::Int(0)),
            FieldKind::Texts | FieldKind::Messages(_) | FieldKind::Bytes => Out::List(Vec::new()),
            FieldKind::Message(_) | FieldKind::Duration => Out::Scalar(Value::Null),
        };
    };
    match (kind, value) {
        (FieldKind::Message(fields), Value::Map(_)) => message(fields, value),
        (FieldKind::Messages(fields), Value::List(items)) => {
            Out::List(items.iter().map(|item| message(fields, item)).collect())
        }
        // The plain text beside it says the same.
        (FieldKind::Bytes, _) => Out::List(Vec::new()),
        (FieldKind::Duration, Value::Str(text)) => DurationSpan::from_json(text).map_or_else(
            || Out::from(value),
            |d| {
                Out::Map(vec![
                    ("seconds".to_owned(), Out::Scalar(d.seconds().into())),
                    ("nanos".to_owned(), Out::Scalar(d.subsec_nanos().into())),
                ])
            },
        ),
        _ => Out::from(value),
    }
}
