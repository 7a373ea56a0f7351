//! The form in which a resource is remembered: enough to tell whether it changed, without what is secret in it.
//!
//! YAML inside a text (patches, provider data, manifests) is remembered as its tree, so that a field is compared with the
//! field that was applied: `{"$documents": […], "$text": "hmac:…"}`, where the digest stands for the exact text. A value
//! that may be secret is remembered as `{"$secret": "hmac:…"}`: equal values have equal digests.

use super::embedded::{Tree, documents, field};
use super::sensitive::{conceals, sensitive_entry};
use crate::resource::Resource;
use crate::secret::{DigestKey, is_digest, names_secret, reveals};
use crate::value::Value;

/// Key of a digest.
pub(super) const SECRET: &str = "$secret";
/// Key of the documents of a text.
const DOCUMENTS: &str = "$documents";
/// Key of the digest of a text.
const TEXT: &str = "$text";
/// What stands for a secret where there is no key to make a digest with: it equals nothing.
const UNKNOWN: &str = "hmac:unknown";

/// The remembered form of a resource. What is in that form already stays as it is.
///
/// Without a key the secrets in it are known to nobody, and compare as unknown.
pub fn remembered(resource: &Resource, key: Option<&DigestKey>) -> Resource {
    let mut out = resource.clone();
    let text_at = field(resource.id.short_kind());
    let text = text_at.and_then(|path| resource.spec.at(path));
    let embedded = match text {
        Some(Value::Str(text)) if !text.is_empty() => Some(remembered_text(text, key)),
        other => other.cloned(),
    };
    out.spec = mask(&resource.spec, false, false, key);
    if let (Some(slot), Some(embedded)) = (text_at.and_then(|path| out.spec.at_mut(path)), embedded) {
        *slot = embedded;
    }
    for map in [&mut out.labels, &mut out.annotations] {
        for (name, value) in map {
            if (names_secret(name) || reveals(value)) && !is_digest(value) && value != UNKNOWN {
                *value = digest(value, key);
            }
        }
    }
    out
}

/// Whether a remembered resource holds a digest that `key` did not make: what that stands for is unknown.
pub fn is_unknown(resource: &Resource, key: Option<&DigestKey>) -> bool {
    let texts = resource.labels.values().chain(resource.annotations.values());
    unknown(&resource.spec, key) || texts.map(String::as_str).any(|text| unknown_text(text, key))
}

fn unknown_text(text: &str, key: Option<&DigestKey>) -> bool {
    (is_digest(text) || text == UNKNOWN) && !key.is_some_and(|k| k.made(text))
}

/// Whether a remembered value holds a digest that `key` did not make.
pub(super) fn unknown(value: &Value, key: Option<&DigestKey>) -> bool {
    match value {
        Value::Str(text) => unknown_text(text, key),
        Value::List(items) => items.iter().any(|v| unknown(v, key)),
        Value::Map(map) => map.values().any(|v| unknown(v, key)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => false,
    }
}

/// Whether a remembered value holds a digest in the place of something that may be secret.
pub(super) fn shows_digest(value: &Value) -> bool {
    match value {
        Value::Str(text) => is_digest(text) || text == UNKNOWN,
        Value::List(items) => items.iter().any(shows_digest),
        Value::Map(map) => map.values().any(shows_digest),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => false,
    }
}

/// The tree of a remembered text; `None` if the text was not YAML.
pub(super) fn remembered_tree(text: Option<&Value>) -> Option<Tree> {
    match text {
        None | Some(Value::Null) => Some(Tree::Nothing),
        Some(Value::Str(text)) if text.is_empty() => Some(Tree::Nothing),
        Some(value) => Tree::of(value.get(DOCUMENTS)?.as_list()?.to_vec()),
    }
}

fn remembered_text(text: &str, key: Option<&DigestKey>) -> Value {
    let Some(documents) = documents(text) else { return hide(&text.into(), key) };
    let mut out = Value::map();
    out.set(DOCUMENTS, Value::List(documents.iter().map(|d| mask(d, false, true, key)).collect()));
    out.set(TEXT, digest(text, key).into());
    out
}

/// Replaces what may be secret: everything under a `secret` key, and texts that look like it; with `strict` also every
/// text of several lines and the content of every file, of which nobody knows what they are.
fn mask(value: &Value, secret: bool, strict: bool, key: Option<&DigestKey>) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::List(items) => Value::List(items.iter().map(|v| mask(v, secret, strict, key)).collect()),
        Value::Map(map) if is_masked(value) => Value::Map(map.clone()),
        Value::Map(map) => Value::Map(
            map.iter()
                .map(|(k, v)| {
                    let file = strict && k == "content" && map.contains_key("path");
                    let secret = secret || file || sensitive_entry(k, v) || conceals(value, k);
                    (k.clone(), mask(v, secret, strict, key))
                })
                .collect(),
        ),
        Value::Str(text) if secret || reveals(text) || (strict && text.contains('\n')) => hide(value, key),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) if secret => hide(value, key),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => value.clone(),
    }
}

/// Whether a mapping is a digest in place of a secret.
fn is_masked(value: &Value) -> bool {
    value.as_map().is_some_and(|m| m.len() == 1)
        && value.get(SECRET).and_then(Value::as_str).is_some_and(|t| is_digest(t) || t == UNKNOWN)
}

fn hide(value: &Value, key: Option<&DigestKey>) -> Value {
    let mut out = Value::map();
    out.set(SECRET, digest(&value.canonical(), key).into());
    out
}

fn digest(text: &str, key: Option<&DigestKey>) -> String {
    key.map_or_else(|| UNKNOWN.to_owned(), |k| k.digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Cause, compare, same_record};
    use crate::graph::Prune;
    use crate::resource::ResourceId;

    fn patch(password: &str, sysctl: &str) -> Resource {
        let mut r = Resource::new(ResourceId::default_ns("ConfigPatches", "p"));
        let data = format!(
            "machine:\n  sysctls: {{a: \"{sysctl}\"}}\n  registries:\n    config:\n      ghcr.io: {{auth: {{password: {password}}}}}\n"
        );
        r.spec.set("data", data.into());
        r
    }

    fn causes(
        live: &Resource,
        wanted: &Resource,
        applied: &Resource,
        key: Option<&DigestKey>,
    ) -> Vec<(String, Cause)> {
        compare(live, wanted, Some(applied), Prune::Record, key)
            .into_iter()
            .map(|d| (d.path.last().cloned().unwrap_or_default(), d.cause))
            .collect()
    }

    #[test]
    fn secrets_are_compared_in_three_ways_by_their_digests() {
        let key = DigestKey::new([1; 32]);
        let applied = remembered(&patch("hunter2", "1"), Some(&key));
        assert!(!serde_json::to_string(&applied).unwrap().contains("hunter2"));
        assert_eq!(remembered(&applied, Some(&key)), applied);
        let of =
            |live: &str, wanted: &str| causes(&patch(live, "1"), &patch(wanted, "1"), &applied, Some(&key));
        let password = |cause| vec![("password".to_owned(), cause)];
        assert_eq!(of("hunter3", "hunter2"), password(Cause::Drift));
        assert_eq!(of("hunter2", "hunter3"), password(Cause::Files));
        assert_eq!(of("hunter3", "hunter4"), password(Cause::Both));
        assert_eq!(of("hunter2", "hunter2"), []);
    }

    #[test]
    fn with_another_key_only_secrets_are_compared_two_way() {
        let (old, new) = (DigestKey::new([1; 32]), DigestKey::new([2; 32]));
        let applied = remembered(&patch("hunter2", "1"), Some(&old));
        for key in [Some(&new), None] {
            assert_eq!(
                causes(&patch("hunter3", "2"), &patch("hunter2", "1"), &applied, key),
                [("password".to_owned(), Cause::Files), ("a".to_owned(), Cause::Drift)]
            );
            assert!(is_unknown(&applied, key));
        }
        assert!(!is_unknown(&applied, Some(&old)));
        assert!(same_record(&applied, &patch("hunter2", "1"), Some(&old)));
        assert!(!same_record(&applied, &patch("hunter3", "1"), Some(&old)));
        assert!(!same_record(&applied, &patch("hunter2", "1"), Some(&new)), "it is remembered anew");
        assert!(same_record(&applied, &patch("hunter2", "1"), None), "nobody could remember it");
        assert!(!same_record(&applied, &patch("hunter2", "2"), None));
    }
}
