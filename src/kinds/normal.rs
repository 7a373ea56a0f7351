//! Normal form: any legal spelling of a spec to the one that is compared, recorded and sent.

use std::collections::BTreeMap;

use super::duration::Span;
use super::fields::{Field, FieldKind, Kind, by_json, by_yaml};
use crate::value::Value;

/// The normal form of a spec in JSON: `snake_case` names, numbers for 64-bit texts and enum names, durations as
/// seconds, fields with zero values left out. A message that is set but empty stays as an empty mapping. Unknown
/// fields of newer servers are kept as they are, unless they are null.
pub fn normalise(kind: &Kind, spec: &Value) -> Value {
    message(kind.fields, spec)
}

fn message(fields: &'static [Field], value: &Value) -> Value {
    let Value::Map(entries) = value else {
        return if matches!(value, Value::Null) { Value::map() } else { value.clone() };
    };
    let mut out = BTreeMap::new();
    for (key, value) in entries {
        if matches!(value, Value::Null) {
            continue;
        }
        match by_json(fields, key) {
            Some(field) => {
                if let Some(value) = field_value(field.kind, value) {
                    out.insert(field.json.to_owned(), value);
                }
            }
            None => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Map(out)
}

/// The normal form of a field's value; `None` if it is the zero value. A value of another type than the field's is
/// kept, so that nothing that a server says is lost.
fn field_value(kind: FieldKind, value: &Value) -> Option<Value> {
    let normal = match (kind, value) {
        (FieldKind::Uint, Value::Str(text)) => text.parse().map_or_else(|_| value.clone(), Value::Int),
        (FieldKind::Enum(names), Value::Str(text)) => names
            .iter()
            .find(|(name, _)| name == text)
            .map(|(_, n)| Value::from(*n))
            .or_else(|| text.parse().ok().map(Value::Int))
            .unwrap_or_else(|| value.clone()),
        (FieldKind::Message(fields), Value::Map(_)) => return Some(message(fields, value)),
        (FieldKind::Messages(fields), Value::List(items)) => {
            Value::List(items.iter().map(|item| message(fields, item)).collect())
        }
        (FieldKind::Duration, Value::Str(text)) => {
            return Some(Span::from_json(text).map_or_else(|| value.clone(), |d| d.to_json().into()));
        }
        _ => value.clone(),
    };
    (!is_zero(&normal)).then_some(normal)
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) | Value::Int(0) => true,
        Value::Float(f) => *f == 0.0,
        Value::Str(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Bool(true) | Value::Int(_) | Value::Map(_) => false,
    }
}

/// A spec as omnictl prints it (lower-case names, durations as `{seconds, nanos}`, bytes as lists of numbers) in normal
/// form, and the paths of keys that the kind does not have. Unknown keys are kept as they are.
pub fn from_yaml_keys(kind: &Kind, spec: &Value) -> (Value, Vec<String>) {
    let mut unknown = Vec::new();
    let json = rename(kind.fields, spec, "", &mut unknown);
    (normalise(kind, &json), unknown)
}

fn rename(fields: &'static [Field], value: &Value, path: &str, unknown: &mut Vec<String>) -> Value {
    let Value::Map(entries) = value else { return value.clone() };
    let mut out = BTreeMap::new();
    for (key, value) in entries {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let Some(field) = by_yaml(fields, key) else {
            unknown.push(path);
            out.insert(key.clone(), value.clone());
            continue;
        };
        let value = match (field.kind, value) {
            (FieldKind::Message(inner), Value::Map(_)) => rename(inner, value, &path, unknown),
            (FieldKind::Messages(inner), Value::List(items)) => Value::List(
                items
                    .iter()
                    .enumerate()
                    .map(|(i, item)| rename(inner, item, &format!("{path}[{i}]"), unknown))
                    .collect(),
            ),
            (FieldKind::Duration, Value::Map(_)) => {
                let part = |name| value.get(name).and_then(Value::as_int).unwrap_or(0);
                Span::new(part("seconds"), part("nanos"))
                    .map_or_else(|| value.clone(), |d| d.to_json().into())
            }
            // Go's own spelling of a duration, as in a template.
            (FieldKind::Duration, Value::Str(text)) => {
                Span::from_go(text).map_or_else(|| value.clone(), |d| d.to_json().into())
            }
            _ => value.clone(),
        };
        out.insert(field.json.to_owned(), value);
    }
    Value::Map(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{CLUSTERS, MACHINE_CLASSES, MACHINE_SETS};

    fn json(text: &str) -> Value {
        Value::from_json(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn zero_values_go_and_set_messages_stay() {
        let spec = json(
            r#"{"kubernetesVersion":"1.34.3","talos_version":"","features":{"disk_encryption":false},
                "backup_configuration":null,"not_known_here":0}"#,
        );
        assert_eq!(
            normalise(&CLUSTERS, &spec),
            json(r#"{"kubernetes_version":"1.34.3","features":{},"not_known_here":0}"#)
        );
    }

    #[test]
    fn names_and_texts_become_numbers() {
        let spec = json(
            r#"{"updateStrategy":"Rolling","machine_allocation":{"machine_count":"3","allocation_type":"Static"}}"#,
        );
        assert_eq!(
            normalise(&MACHINE_SETS, &spec),
            json(r#"{"update_strategy":1,"machine_allocation":{"machine_count":3}}"#)
        );
    }

    #[test]
    fn durations_have_one_spelling() {
        for text in ["5400s", "5400.0s", "5400.000s"] {
            let spec = json(&format!(r#"{{"backup_configuration":{{"interval":"{text}"}}}}"#));
            assert_eq!(normalise(&CLUSTERS, &spec), json(r#"{"backup_configuration":{"interval":"5400s"}}"#));
        }
    }

    #[test]
    fn printed_yaml_is_read_back() {
        let spec = json(
            r#"{"matchlabels":[],"autoprovision":{"providerid":"p","metavalues":[{"key":12,"value":"x","odd":1}],
                "grpctunnel":0,"kernelarg":[]}}"#,
        );
        let (normal, unknown) = from_yaml_keys(&MACHINE_CLASSES, &spec);
        assert_eq!(
            normal,
            json(
                r#"{"auto_provision":{"provider_id":"p","meta_values":[{"key":12,"value":"x","odd":1}],"kernelarg":[]}}"#
            )
        );
        assert_eq!(unknown, ["autoprovision.kernelarg", "autoprovision.metavalues[0].odd"]);
    }
}
