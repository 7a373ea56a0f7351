//! Secrets in what would be written: a repository keeps every version of a file for everybody who can read it.

use std::collections::BTreeMap;

use crate::diff::{conceals, documents, is_sensitive};
use crate::resource::Resource;
use crate::secret::{names_secret, reveals};
use crate::value::Value;

/// Beside these, an entry `key` names something: a taint or toleration, an entry of a ConfigMap or Secret.
const NAMING: [&str; 5] = ["effect", "operator", "name", "path", "optional"];

/// Fields of `resource` that hold a secret, or look as if: paths in the words of its text or of its spec. Empty: none.
pub(super) fn fields(resource: &Resource) -> Vec<String> {
    let mut found = Vec::new();
    for (name, map) in [("labels", &resource.labels), ("annotations", &resource.annotations)] {
        for (key, value) in map {
            let value = Value::from(value.as_str());
            if value != Value::from("") && is_sensitive(std::slice::from_ref(key), Some(&value)) {
                found.push(format!("{name}.{}", super::left::shown(key)));
            }
        }
    }
    if let Value::Map(spec) = &resource.spec {
        for (key, value) in spec {
            field(key, value, &mut found);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// A field of a spec: YAML in a text, or data.
fn field(key: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Str(text) if matches!(key, "data" | "job" | "provider_data") => embedded(text, found),
        Value::Map(map) if key == "auto_provision" => {
            for (key, value) in map {
                field(key, value, found);
            }
        }
        // The keys of META values are numbers, not secrets.
        _ => walk(value, &mut vec![key.to_owned()], found),
    }
}

fn embedded(text: &str, found: &mut Vec<String>) {
    match documents(text) {
        Some(all) => all.iter().for_each(|document| walk(document, &mut Vec::new(), found)),
        None if reveals(text) => found.push("its text".to_owned()),
        None => {}
    }
    let comment = |line: &str| {
        line.split_once('#').is_some_and(|(before, rest)| {
            (before.is_empty() || before.ends_with([' ', '\t'])) && reveals(rest)
        })
    };
    if text.lines().any(comment) {
        found.push("a comment".to_owned());
    }
}

fn walk(value: &Value, path: &mut Vec<String>, found: &mut Vec<String>) {
    match value {
        Value::Map(map) => {
            for (key, inner) in map {
                path.push(key.clone());
                if conceals(value, key) && !is_empty(inner) {
                    found.push(shown(path));
                } else if !names_something(map, key) {
                    walk(inner, path, found);
                }
                path.pop();
            }
        }
        Value::List(items) => {
            for (i, item) in items.iter().enumerate() {
                path.push(format!("[{i}]"));
                walk(item, path, found);
                path.pop();
            }
        }
        Value::Str(text) if !text.is_empty() && is_sensitive(path, Some(value)) && !plain(path, text) => {
            found.push(shown(path));
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => {}
    }
}

/// Whether a value is open although it stands in an environment, where secrets have any name: a number, a switch, a proxy
/// without a password.
fn plain(path: &[String], text: &str) -> bool {
    let named = path.iter().any(|part| names_secret(part));
    let proxy = path.last().is_some_and(|name| name.to_ascii_lowercase().ends_with("_proxy"));
    let number = text.len() < 8 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    !named && !reveals(text) && ((proxy && !text.contains('@')) || number || matches!(text, "true" | "false"))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Map(map) => map.is_empty(),
        Value::Str(text) => text.is_empty(),
        Value::Null => true,
        _ => false,
    }
}

fn names_something(map: &BTreeMap<String, Value>, key: &str) -> bool {
    key == "key" && NAMING.iter().any(|sibling| map.contains_key(*sibling))
}

/// `machine.registries.config[ghcr.io].auth.password`: parts with dots of their own in brackets.
fn shown(path: &[String]) -> String {
    let mut out = String::new();
    for part in path {
        let part = super::left::shown(part);
        if part.starts_with('[') {
            out.push_str(&part);
        } else if part.contains('.') {
            out.push_str(&format!("[{part}]"));
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&part);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::CONFIG_PATCHES;

    fn patch(data: &str) -> Vec<String> {
        let mut resource = Resource::new(CONFIG_PATCHES.id("p"));
        resource.spec.set("data", data.into());
        fields(&resource)
    }

    #[test]
    fn secrets_are_named_by_their_fields() {
        assert_eq!(
            patch(
                "machine:\n  registries:\n    config:\n      ghcr.io:\n        auth:\n          username: me\n          password: pw\n"
            ),
            [
                "machine.registries.config[ghcr.io].auth.password",
                "machine.registries.config[ghcr.io].auth.username"
            ]
        );
        assert_eq!(
            patch(
                "apiVersion: v1alpha1\nkind: ExtensionServiceConfig\nname: tailscale\nenvironment:\n  - TS_AUTHKEY=tskey-x\n"
            ),
            ["environment[0]"]
        );
        assert_eq!(patch("apiVersion: v1\nkind: Secret\ndata: {a: Yg==}\n"), ["data"]);
        assert_eq!(patch("apiVersion: v1\nkind: Secret\nstringData: {pin: 1234}\n"), ["stringData"]);
        assert_eq!(
            patch("machine: {files: [{path: /var/secret/pull.json, content: any words}]}"),
            ["machine.files[0].content"]
        );
        assert_eq!(patch("machine: {}\n# old password: hunter2\n"), ["a comment"]);
        assert_eq!(
            patch("machine: {env: {https_proxy: 'http://me:pw@proxy:3128', ANY: word, key: '1'}}"),
            ["machine.env.ANY", "machine.env.https_proxy", "machine.env.key"]
        );
        assert_eq!(patch("a: [\npassword: x\n"), ["its text"]);
        assert_eq!(patch("machine:\n  ca:\n    crt: YQ==\n    key: YQ==\n"), ["machine.ca.key"]);
    }

    #[test]
    fn names_and_switches_are_no_secrets() {
        for data in [
            "cluster: {proxy: {disabled: true}}",
            "spec: {tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists}]}",
            "machine: {nodeTaints: {a: NoSchedule}}",
            "spec: {automountServiceAccountToken: false}",
            "valueFrom: {configMapKeyRef: {name: a, key: b}}",
            "machine: {env: {https_proxy: 'http://proxy:3128', no_proxy: '10.0.0.0/8,.local', GRPC: '99', X: 'true'}}",
        ] {
            assert_eq!(patch(data), Vec::<String>::new(), "{data}");
        }
    }
}
