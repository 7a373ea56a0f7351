//! Which values must not be shown: passwords, tokens and keys inside patches, provider data and manifests.

use super::embedded::{documents, field};
use crate::resource::Resource;
use crate::secret::{names_secret, reveals};
use crate::value::Value;

/// Whether the value at `path` must not be shown, by the words of its path or by what it looks like.
pub fn is_sensitive(path: &[String], value: Option<&Value>) -> bool {
    let inside = path.split_last().map_or(&[] as &[String], |(_, above)| above);
    path.iter().any(|part| names_secret(part))
        || inside.iter().any(|part| names_environment(part))
        || path.last().zip(value).is_some_and(|(key, value)| sensitive_entry(key, value))
        || value.is_some_and(holds_secret)
}

/// Whether everything under a key must not be shown: its name sounds like a secret, or it is an environment, where
/// secrets have any name. A label `environment: production` is none.
pub(super) fn sensitive_entry(key: &str, value: &Value) -> bool {
    sensitive_name(key, matches!(value, Value::Map(_) | Value::List(_)))
}

/// [`sensitive_entry`] of a key whose value is a collection, or is none.
pub(super) fn sensitive_name(key: &str, collection: bool) -> bool {
    names_secret(key) || (collection && names_environment(key))
}

/// Whether a key holds an environment, where secrets have any name.
fn names_environment(key: &str) -> bool {
    matches!(key, "env" | "environment")
}

/// Whether a mapping says that its entry `key` is a secret: the data of a Kubernetes Secret, the content of a file whose
/// path sounds like one.
pub fn conceals(map: &Value, key: &str) -> bool {
    let text = |key: &str| map.get(key).and_then(Value::as_str);
    (matches!(key, "data" | "stringData") && text("kind") == Some("Secret"))
        || (key == "content" && text("path").is_some_and(|p| p.split(['/', '.']).any(names_secret)))
}

/// A copy in which every value that must not be shown is `{"$hidden": true}`. A text that holds one anywhere is hidden as
/// a whole, and so is one that cannot be read.
pub fn redact(resource: &Resource) -> Resource {
    let mut out = resource.clone();
    let text_at = field(resource.id.short_kind());
    if let Some(path) = text_at
        && let Some(text) = resource.spec.at(path).and_then(Value::as_str)
        && !text.is_empty()
        && (reveals(text) || documents(text).is_none_or(|all| all.iter().any(holds_secret)))
        && let Some(slot) = out.spec.at_mut(path)
    {
        *slot = hidden();
    }
    hide(&mut out.spec);
    for map in [&mut out.labels, &mut out.annotations] {
        for (key, value) in map {
            if is_sensitive(std::slice::from_ref(key), Some(&Value::from(value.as_str()))) {
                "(hidden)".clone_into(value);
            }
        }
    }
    out
}

/// A copy of a tree in which every value that must not be shown is `{"$hidden": true}`, and everything else is as it is.
pub fn covered(value: &Value) -> Value {
    match value {
        Value::Str(text) if reveals(text) => hidden(),
        Value::List(items) => Value::List(items.iter().map(covered).collect()),
        Value::Map(map) => {
            let entry = |k: &String, v: &Value| {
                if sensitive_entry(k, v) || conceals(value, k) { hidden() } else { covered(v) }
            };
            Value::Map(map.iter().map(|(k, v)| (k.clone(), entry(k, v))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => value.clone(),
    }
}

/// Hides texts outside embedded YAML that hold a secret, as kernel arguments may.
fn hide(value: &mut Value) {
    match value {
        Value::Str(text) if reveals(text) => *value = hidden(),
        Value::List(items) => items.iter_mut().for_each(hide),
        Value::Map(map) => map.values_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => {}
    }
}

fn hidden() -> Value {
    let mut hidden = Value::map();
    hidden.set("$hidden", true.into());
    hidden
}

/// Whether any value in a tree must not be shown.
fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Str(text) => reveals(text),
        Value::List(items) => items.iter().any(holds_secret),
        Value::Map(map) => {
            map.iter().any(|(k, v)| sensitive_entry(k, v) || conceals(value, k) || holds_secret(v))
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_path_or_by_content() {
        let path = |p: &str| p.split('/').map(str::to_owned).collect::<Vec<_>>();
        assert!(is_sensitive(&path("machine/registries/config/ghcr.io/auth/password"), None));
        assert!(is_sensitive(&path("machine/env/http_proxy"), Some(&"http://me:pw@proxy:3128".into())));
        assert!(is_sensitive(
            &path("cluster/inlineManifests"),
            Some(&"apiVersion: v1\nkind: Secret\n".into())
        ));
        assert!(is_sensitive(&path("cluster/inlineManifests"), Some(&"data:\n  token: abc\n".into())));
        assert!(is_sensitive(&path("environment"), Some(&Value::List(vec!["A=b".into()]))));
        assert!(!is_sensitive(&path("labels/environment"), Some(&"production".into())));
        assert!(!is_sensitive(&path("machine/sysctls/net.core.somaxconn"), Some(&"65535".into())));
        assert!(!is_sensitive(&path("providerdata/storage_selector"), Some(&"name == \"vm_ssd\"".into())));
    }

    #[test]
    fn a_covered_tree_keeps_what_is_no_secret() {
        let map = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        let tree = map(
            r#"{"cluster":{"proxy":{"disabled":true}},"machine":{"token":"x","files":[{"path":"/etc/secret/a","content":"y"}]}}"#,
        );
        let wanted = r#"{"cluster":{"proxy":{"disabled":true}},"machine":{"files":[{"content":{"$hidden":true},"path":"/etc/secret/a"}],"token":{"$hidden":true}}}"#;
        assert_eq!(covered(&tree), map(wanted));
    }

    #[test]
    fn a_mapping_can_say_that_its_entry_is_a_secret() {
        let map = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        assert!(conceals(&map(r#"{"path":"/var/secret/registry.json","content":"x"}"#), "content"));
        assert!(!conceals(&map(r#"{"path":"/etc/cri/conf.d/20.part","content":"x"}"#), "content"));
        assert!(conceals(&map(r#"{"kind":"Secret","data":{}}"#), "data"));
        assert!(!conceals(&map(r#"{"kind":"ConfigMap","data":{}}"#), "data"));
    }
}
