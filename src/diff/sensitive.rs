//! Which values must not be shown: passwords, tokens and keys inside patches, provider data and manifests.

use super::embedded::{documents, field};
use crate::resource::Resource;
use crate::value::Value;

const WORDS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "privatekey",
    "private_key",
    "apikey",
    "api_key",
    "credential",
    "client_key",
    "authkey",
];

/// Whether the value at `path` must not be shown, by the words of its path or by what it looks like.
pub fn is_sensitive(path: &[String], value: Option<&Value>) -> bool {
    path.iter().any(|part| secret_word(part)) || value.is_some_and(holds_secret)
}

/// A copy in which every value that must not be shown is `{"$hidden": true}`. A text that holds one anywhere is hidden as
/// a whole, and so is one that cannot be read.
pub fn redact(resource: &Resource) -> Resource {
    let mut out = resource.clone();
    let text_at = field(resource.id.short_kind());
    if let Some(path) = text_at
        && let Some(text) = resource.spec.at(path).and_then(Value::as_str)
        && documents(text).is_none_or(|all| all.iter().any(|d| any(&mut Vec::new(), d)))
        && !text.is_empty()
    {
        replace(&mut out.spec, path);
    }
    for map in [&mut out.labels, &mut out.annotations] {
        for (key, value) in map {
            if is_sensitive(std::slice::from_ref(key), Some(&Value::from(value.as_str()))) {
                "(hidden)".clone_into(value);
            }
        }
    }
    out
}

/// Whether any value of a tree must not be shown.
fn any(path: &mut Vec<String>, value: &Value) -> bool {
    if is_sensitive(path, Some(value)) {
        return true;
    }
    match value {
        Value::Map(map) => map.iter().any(|(k, v)| {
            path.push(k.clone());
            let found = any(path, v);
            path.pop();
            found
        }),
        Value::List(items) => items.iter().any(|v| any(path, v)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => false,
    }
}

fn replace(value: &mut Value, path: &[&str]) {
    let Some((first, rest)) = path.split_first() else {
        *value = Value::map();
        value.set("$hidden", true.into());
        return;
    };
    if let Value::Map(map) = value
        && let Some(inner) = map.get_mut(*first)
    {
        replace(inner, rest);
    }
}

fn secret_word(part: &str) -> bool {
    let lower = part.to_lowercase();
    matches!(lower.as_str(), "auth" | "key" | "stringdata" | "presharedkey")
        || (WORDS.iter().any(|w| lower.contains(w)) && !lower.contains("secretname") && lower != "secrets")
}

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Str(text) => {
            text.contains("PRIVATE KEY-----")
                || text.lines().any(|l| l.trim() == "kind: Secret")
                || text.split_once("://").is_some_and(|(_, rest)| {
                    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
                    authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
                })
        }
        Value::List(items) => items.iter().any(holds_secret),
        Value::Map(map) => {
            map.get("kind").and_then(Value::as_str) == Some("Secret")
                || map.iter().any(|(k, v)| secret_word(k) || holds_secret(v))
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
        assert!(!is_sensitive(&path("machine/sysctls/net.core.somaxconn"), Some(&"65535".into())));
        assert!(!is_sensitive(&path("providerdata/storage_selector"), Some(&"name == \"vm_ssd\"".into())));
    }
}
