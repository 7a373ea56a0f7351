//! Resources as the gateway shows them: a JSON document inside a JSON string.

use serde_json::{Map, Value, json};

use super::store::{Phase, Resource};

/// RFC 3339 in whole seconds.
pub(super) fn time(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

/// The resource as a document; empty labels, annotations and finalizers are left out.
pub(super) fn document(resource: &Resource) -> String {
    let mut metadata = Map::new();
    metadata.insert("created".to_owned(), time(resource.created).into());
    metadata.insert("updated".to_owned(), time(resource.updated).into());
    metadata.insert("namespace".to_owned(), resource.key.namespace.as_str().into());
    metadata.insert("type".to_owned(), resource.key.kind.as_str().into());
    metadata.insert("id".to_owned(), resource.key.id.as_str().into());
    metadata.insert("owner".to_owned(), resource.owner.as_str().into());
    let phase = match resource.phase {
        Phase::Running => "running",
        Phase::TearingDown => "tearingDown",
    };
    metadata.insert("phase".to_owned(), phase.into());
    if !resource.labels.is_empty() {
        metadata.insert("labels".to_owned(), json!(resource.labels));
    }
    if !resource.annotations.is_empty() {
        metadata.insert("annotations".to_owned(), json!(resource.annotations));
    }
    if !resource.finalizers.is_empty() {
        metadata.insert("finalizers".to_owned(), json!(resource.finalizers));
    }
    metadata.insert("version".to_owned(), resource.version.into());
    escape(&json!({ "spec": resource.spec, "metadata": Value::Object(metadata) }).to_string())
}

/// `<`, `>`, `&` and two line separators as Go writes them inside JSON. Outside of strings JSON has none of them.
fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') {
            out.push_str(&format!("\\u{:04x}", c as u32));
        } else {
            out.push(c);
        }
    }
    out
}
