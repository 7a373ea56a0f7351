//! The rendered form: what `omnictl cluster template render` prints.

use std::collections::BTreeMap;

use super::dialect::Dialect;
use super::rendered::Rendered;
use crate::kinds::{by_type, to_yaml_tree};
use crate::resource::Resource;
use crate::yaml::{self, Out};

/// The YAML stream of `resources` as the client of a `dialect` prints it; `time` (RFC 3339, UTC, seconds) stands as both `created` and `updated`.
///
/// Metadata scalars, keys included, are written without type quoting, as omnictl does: `"true"` as `true`, an empty text as
/// nothing. A reader must take every metadata scalar as text.
pub fn text(dialect: Dialect, resources: &[Rendered], time: &str) -> String {
    let documents: Vec<String> =
        resources.iter().map(|one| yaml::write(&document(dialect, &one.resource, time), 2)).collect();
    documents.join("---\n")
}

fn document(dialect: Dialect, resource: &Resource, time: &str) -> Out {
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
        Some(kind) => to_yaml_tree(kind, &resource.spec, dialect.prints_newer_features()),
        None => Out::from(&resource.spec),
    };
    Out::Map(vec![("metadata".to_owned(), Out::Map(metadata)), ("spec".to_owned(), spec)])
}

fn raw_map(map: &BTreeMap<String, String>) -> Out {
    Out::Pairs(map.iter().map(|(k, v)| (Out::Raw(k.clone()), Out::Raw(v.clone()))).collect())
}
