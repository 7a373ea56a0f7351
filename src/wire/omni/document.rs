//! A resource as Omni prints it: `{"spec":{…},"metadata":{…}}` inside a JSON string.

use std::collections::BTreeMap;

use super::json::parse_json;
use super::mask::mask;
use crate::resource::{LiveResource, Phase, Resource, ResourceId};
use crate::value::Value;

/// Spec as it is written: a JSON document in a string; `{}` for an empty one, because some types crash without.
pub fn encode_spec(spec: &Value) -> String {
    match spec {
        Value::Null => "{}".to_owned(),
        spec => spec.canonical(),
    }
}

/// Reads one document. Unknown spec fields are kept, join tokens masked. The error says what is missing, without quoting.
pub fn decode_document(text: &str) -> Result<LiveResource, String> {
    let mut document = parse_json(text.as_bytes()).map_err(|e| e.to_string())?;
    let Value::Map(entries) = &mut document else {
        return Err("a resource is not an object".into());
    };
    let mut spec = match entries.remove("spec") {
        None => Value::map(),
        Some(spec @ Value::Map(_)) => spec,
        Some(_) => return Err("a resource's `spec` is not an object".into()),
    };
    let Some(metadata @ Value::Map(_)) = entries.get("metadata") else {
        return Err("a resource has no `metadata`".into());
    };
    let id = ResourceId {
        kind: text_of(metadata, "type")?,
        // The server stores a resource without a namespace as well, although nobody looks there.
        namespace: optional_text(metadata, "namespace")?,
        id: text_of(metadata, "id")?,
    };
    let phase = match metadata.get("phase").map(Value::as_str) {
        Some(Some("running")) => Phase::Running,
        Some(Some("tearingDown")) => Phase::TearingDown,
        _ => return Err("a resource's `phase` is neither `running` nor `tearingDown`".into()),
    };
    let version = match metadata.get("version") {
        Some(Value::Int(n)) => u64::try_from(*n).ok(),
        Some(Value::Str(s)) => s.parse().ok(),
        None => Some(0),
        Some(_) => None,
    }
    .ok_or("a resource's `version` is not a number")?;
    let owner = optional_text(metadata, "owner")?;
    mask(&mut spec, !owner.is_empty());
    Ok(LiveResource {
        resource: Resource {
            id,
            labels: strings(metadata, "labels")?,
            annotations: strings(metadata, "annotations")?,
            spec,
        },
        version,
        phase,
        owner,
        finalizers: list(metadata, "finalizers")?,
        created: optional_text(metadata, "created")?,
        updated: optional_text(metadata, "updated")?,
    })
}

fn text_of(metadata: &Value, key: &str) -> Result<String, String> {
    metadata
        .get(key)
        .and_then(Value::as_str)
        .filter(|s| !s.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| format!("a resource has no `{key}`"))
}

fn optional_text(metadata: &Value, key: &str) -> Result<String, String> {
    match metadata.get(key) {
        None => Ok(String::new()),
        Some(Value::Str(s)) => Ok(s.clone()),
        Some(_) => Err(format!("a resource's `{key}` is not text")),
    }
}

fn strings(metadata: &Value, key: &str) -> Result<BTreeMap<String, String>, String> {
    let wrong = || format!("a resource's `{key}` are not text by name");
    match metadata.get(key) {
        None => Ok(BTreeMap::new()),
        Some(Value::Map(m)) => {
            m.iter().map(|(k, v)| Ok((k.clone(), v.as_str().ok_or_else(wrong)?.to_owned()))).collect()
        }
        Some(_) => Err(wrong()),
    }
}

fn list(metadata: &Value, key: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("a resource's `{key}` are not a list of text");
    match metadata.get(key) {
        None => Ok(Vec::new()),
        Some(Value::List(l)) => l.iter().map(|v| v.as_str().map(str::to_owned).ok_or_else(wrong)).collect(),
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOC: &str = r#"{"spec":{"match_labels":["a = b"],"later":{"x":1}},"metadata":{"created":"2026-11-20T21:58:36Z","updated":"1970-01-01T00:00:00Z","namespace":"default","type":"MachineClasses.omni.sidero.dev","id":"m","owner":"","phase":"running","labels":{"k":""},"version":14,"finalizers":["F"]}}"#;

    #[test]
    fn a_document_is_read_with_unknown_fields() {
        let live = decode_document(DOC).unwrap();
        assert_eq!(live.resource.id, ResourceId::default_ns("MachineClasses", "m"));
        assert_eq!((live.version, live.phase, live.owner.as_str()), (14, Phase::Running, ""));
        assert_eq!(live.resource.labels["k"], "");
        assert_eq!(live.finalizers, ["F"]);
        assert_eq!(live.resource.spec.canonical(), r#"{"later":{"x":1},"match_labels":["a = b"]}"#);
    }

    #[test]
    fn escaped_html_characters_read_as_themselves() {
        let live = decode_document(&DOC.replace("a = b", "a \\u003c \\u0026 \\u003e b")).unwrap();
        assert_eq!(live.resource.spec.canonical(), r#"{"later":{"x":1},"match_labels":["a < & > b"]}"#);
    }

    #[test]
    fn a_damaged_document_is_an_error() {
        for (from, to) in [
            (r#""phase":"running""#, r#""phase":"resting""#),
            (r#""version":14"#, r#""version":-1"#),
            (r#""id":"m""#, r#""id":"""#),
            (r#""labels":{"k":""}"#, r#""labels":{"k":1}"#),
            (r#""spec":{"#, r#""spec":7,"s":{"#),
        ] {
            assert!(decode_document(&DOC.replace(from, to)).is_err(), "{to}");
        }
    }
}
