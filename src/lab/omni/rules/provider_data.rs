//! Provider data against the schema that the provider published.

use serde_json::{Map, Value, json};

use crate::diag::SourceId;
use crate::yaml::{Limits, Node, NodeKind, Scalar, parse, resolve};
use jsonschema::error::ValidationErrorKind;

/// One thing that the data has wrong.
pub(in crate::lab::omni) struct Violation {
    /// JSON pointer into the schema, to the object that holds the keyword.
    pub(in crate::lab::omni) schema: String,
    /// JSON pointer into the data.
    pub(in crate::lab::omni) data: String,
    /// What is wrong; `None` when a required property is missing.
    pub(in crate::lab::omni) cause: Option<String>,
}

/// What a machine class is refused for, if its data does not fit. Without a schema anything goes.
pub(super) fn check(schema: &str, data: &str) -> Option<String> {
    if schema.is_empty() {
        return None;
    }
    match violations(schema, data) {
        Err(why) => Some(why),
        Ok(list) if list.is_empty() => None,
        Ok(list) => {
            let texts: Vec<String> = list
                .iter()
                .map(|v| {
                    let cause = v.cause.as_deref().unwrap_or("is required");
                    format!("config value \"{}\": {cause}", v.data.replace('/', "."))
                })
                .collect();
            Some(format!("- {}", texts.join("; ")))
        }
    }
}

/// All violations; missing properties first, in the schema's order.
pub(in crate::lab::omni) fn violations(schema: &str, data: &str) -> Result<Vec<Violation>, String> {
    let schema: Value = serde_json::from_str(schema).map_err(|e| format!("failed to parse schema: {e}"))?;
    let data = match load(data)? {
        Value::Null => json!({}),
        other => other,
    };
    let validator =
        jsonschema::validator_for(&schema).map_err(|e| format!("failed to compile schema: {e}"))?;
    let mut missing = Vec::new();
    let mut wrong = Vec::new();
    for error in validator.iter_errors(&data) {
        let keyword = error.schema_path().to_string();
        let holder = keyword.rsplit_once('/').map_or("", |(holder, _)| holder).to_owned();
        let data = error.instance_path().to_string();
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or("");
                missing.push(Violation { schema: holder, data: format!("{data}/{name}"), cause: None });
            }
            kind => wrong.push(Violation { schema: holder, data, cause: Some(cause(kind, &error)) }),
        }
    }
    missing.append(&mut wrong);
    Ok(missing)
}

/// The words of the validator that Omni uses.
fn cause(kind: &ValidationErrorKind, error: &jsonschema::ValidationError<'_>) -> String {
    let got = error.instance();
    match kind {
        ValidationErrorKind::Type { kind } => {
            let wanted = match kind {
                jsonschema::error::TypeKind::Single(t) => t.to_string(),
                jsonschema::error::TypeKind::Multiple(_) => return error.to_string(),
            };
            let found = match got.as_ref() {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            format!("got {found}, want {wanted}")
        }
        ValidationErrorKind::Minimum { limit } => format!("minimum: got {got}, want {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("maximum: got {got}, want {limit}"),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let names: Vec<String> = unexpected.iter().map(|n| format!("'{n}'")).collect();
            format!("additional properties {} not allowed", names.join(", "))
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> = options
                .as_array()
                .into_iter()
                .flatten()
                .map(|o| o.as_str().map_or_else(|| o.to_string(), |s| format!("'{s}'")))
                .collect();
            format!("value must be one of {}", options.join(", "))
        }
        _ => error.to_string(),
    }
}

/// YAML or JSON text as data.
fn load(text: &str) -> Result<Value, String> {
    let documents = parse(SourceId::default(), text, &Limits::default()).map_err(|problems| {
        let why = problems.first().map_or("", |p| p.message.as_str());
        // The parser's words differ from version to version.
        format!("failed to unmarshal YAML {why}")
    })?;
    Ok(documents.first().and_then(|d| d.root.as_ref()).map_or(Value::Null, value))
}

fn value(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Seq(items) => items.iter().map(value).collect(),
        NodeKind::Map(pairs) => {
            let pair = |(k, v): &(Node, Node)| Some((k.text()?.to_owned(), value(v)));
            Value::Object(pairs.iter().filter_map(pair).collect::<Map<_, _>>())
        }
        NodeKind::Scalar { text, .. } => match resolve(node) {
            Scalar::Null => Value::Null,
            Scalar::Bool(b) => b.into(),
            Scalar::Int(i) => i64::try_from(i).map_or_else(|_| json!(i as u64), Value::from),
            Scalar::Float(f) => json!(f),
            Scalar::Timestamp(_) | Scalar::Str => text.as_str().into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{
        "cores":{"type":"integer","minimum":1},"memory":{"type":"integer","minimum":2048}},"required":["cores","memory"]}"#;

    #[test]
    fn missing_values_come_first() {
        assert_eq!(check(SCHEMA, "cores: 4\nmemory: 4096\n"), None);
        assert_eq!(check("", "cores: ["), None);
        assert_eq!(
            check(SCHEMA, "").as_deref(),
            Some("- config value \".cores\": is required; config value \".memory\": is required")
        );
        assert_eq!(
            check(SCHEMA, "cores: a").as_deref(),
            Some(
                "- config value \".memory\": is required; config value \".cores\": got string, want integer"
            )
        );
        assert!(check(SCHEMA, "cores: [1").unwrap().starts_with("failed to unmarshal YAML"));
    }
}
