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
    let head = Head { version: "undefined", phase: "running", created: time, updated: time, finalizers: &[] };
    let documents: Vec<String> =
        resources.iter().map(|one| resource(dialect, &one.resource, &head)).collect();
    documents.join("---\n")
}

/// What a resource says about itself besides its content. Nobody owns what templates make.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Counter of its writes, or `undefined`.
    pub version: &'a str,
    /// `running` or `tearingDown`.
    pub phase: &'a str,
    /// RFC 3339, UTC, seconds.
    pub created: &'a str,
    /// RFC 3339, UTC, seconds.
    pub updated: &'a str,
    /// Names that block destruction.
    pub finalizers: &'a [String],
}

/// One resource as the client of a `dialect` prints it.
pub fn resource(dialect: Dialect, resource: &Resource, head: &Head<'_>) -> String {
    yaml::write(&document(dialect, resource, head), 2)
}

fn document(dialect: Dialect, resource: &Resource, head: &Head<'_>) -> Out {
    let raw = |text: &str| Out::Raw(text.to_owned());
    let mut metadata = vec![
        ("namespace".to_owned(), raw(&resource.id.namespace)),
        ("type".to_owned(), raw(&resource.id.kind)),
        ("id".to_owned(), raw(&resource.id.id)),
        ("version".to_owned(), raw(head.version)),
        ("owner".to_owned(), raw("")),
        ("phase".to_owned(), raw(head.phase)),
        ("created".to_owned(), raw(head.created)),
        ("updated".to_owned(), raw(head.updated)),
    ];
    for (name, map) in [("labels", &resource.labels), ("annotations", &resource.annotations)] {
        if !map.is_empty() {
            metadata.push((name.to_owned(), raw_map(map)));
        }
    }
    if !head.finalizers.is_empty() {
        let names = head.finalizers.iter().map(|name| raw(name)).collect();
        metadata.push(("finalizers".to_owned(), Out::List(names)));
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
