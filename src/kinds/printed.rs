//! The printed form of a spec: what omnictl shows.

use super::duration::Span;
use super::fields::{Field, FieldKind, Kind};
use crate::value::Value;
use crate::yaml::Out;

/// A spec as omnictl prints it: all fields of the kind in their order, lower-case names, zero values written out, unset
/// messages as null, enums as numbers, durations as seconds and nanoseconds, bytes as an empty list. Fields that Omni 1.9
/// does not know are written only when set, unless the client is a `newer` one; so are unknown ones always.
pub fn to_yaml_tree(kind: &Kind, spec: &Value, newer: bool) -> Out {
    message(kind.fields, spec, newer)
}

fn message(fields: &[Field], value: &Value, newer: bool) -> Out {
    let mut out = Vec::new();
    for field in fields {
        let value = value.get(field.json);
        if field.newer && !newer && value.is_none() {
            continue;
        }
        out.push((field.yaml(), field_out(field.kind, value, newer)));
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

fn field_out(kind: FieldKind, value: Option<&Value>, newer: bool) -> Out {
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
        (FieldKind::Message(fields), Value::Map(_)) => message(fields, value, newer),
        (FieldKind::Messages(fields), Value::List(items)) => {
            Out::List(items.iter().map(|item| message(fields, item, newer)).collect())
        }
        // The plain text beside it says the same.
        (FieldKind::Bytes, _) => Out::List(Vec::new()),
        (FieldKind::Duration, Value::Str(text)) => Span::from_json(text).map_or_else(
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{CLUSTERS, KUBERNETES_MANIFEST_GROUPS, MACHINE_SETS, from_yaml_keys, normalise};
    use crate::yaml;

    fn printed(kind: &Kind, json: &str) -> String {
        let spec = Value::from_json(&serde_json::from_str(json).unwrap());
        yaml::write(&to_yaml_tree(kind, &normalise(kind, &spec), false), 2)
    }

    #[test]
    fn defaults_are_written_and_newer_fields_only_when_set() {
        assert_eq!(
            printed(
                &CLUSTERS,
                r#"{"talos_version":"1.11.6","features":{},"backup_configuration":{"interval":"90.5s"}}"#
            ),
            "kubernetesversion: \"\"\ntalosversion: 1.11.6\nfeatures:\n  enableworkloadproxy: false\n  diskencryption: false\n  \
             useembeddeddiscoveryservice: false\n  enablenodeauditskip: false\nbackupconfiguration:\n  interval:\n    \
             seconds: 90\n    nanos: 500000000\n  enabled: false\n"
        );
        let set =
            printed(&CLUSTERS, r#"{"features":{"disable_public_discovery_service":true,"new_one":[1]}}"#);
        assert!(set.contains("  disablepublicdiscoveryservice: true\n  newone:\n    - 1\n"), "{set}");
        assert_eq!(
            printed(
                &KUBERNETES_MANIFEST_GROUPS,
                r#"{"data":"a","mode":"ONE_TIME","compressed_data":"KLUv"}"#
            ),
            "compresseddata: []\ndata: a\nmode: 2\n"
        );
    }

    #[test]
    fn what_is_printed_reads_back_the_same() {
        let json = r#"{"update_strategy":1,"machine_allocation":{"name":"c","allocation_type":1},
            "delete_strategy_config":{"rolling":{"max_parallelism":3}},"bootstrap_spec":{"cluster_uuid":"u","snapshot":"s"}}"#;
        let spec = normalise(&MACHINE_SETS, &Value::from_json(&serde_json::from_str(json).unwrap()));
        let text = printed(&MACHINE_SETS, json);
        let documents = yaml::parse(crate::diag::SourceId(0), &text, &yaml::Limits::default()).unwrap();
        let tree = yaml::to_value(documents[0].root.as_ref().unwrap());
        assert_eq!(from_yaml_keys(&MACHINE_SETS, &tree), (spec, Vec::new()));
    }
}
