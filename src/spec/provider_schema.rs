//! Provider data against the JSON schema that a provider publishes in Omni.
//!
//! Omni makes the same check when a class is written; here it is made before anything is written.

use jsonschema::error::ValidationErrorKind;

use crate::untrusted::Untrusted;
use crate::value::Value;

/// One place where data does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaProblem {
    /// Path in the data: `disks[0].size`; empty for the whole.
    pub path: String,
    /// What is wrong, fit to be shown.
    pub message: String,
    /// Whether it is about keys that the schema does not admit.
    pub unexpected: bool,
}

/// Why no check could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The text is not JSON, or not a schema.
    #[error("the provider publishes a schema that cannot be read: {0}")]
    Unreadable(String),
}

/// Checks `data` against the schema text; an empty text admits everything, as in Omni. References to other documents are not
/// followed.
///
/// # Errors
/// The schema itself is unusable.
pub fn check_schema(schema: &str, data: &Value) -> Result<Vec<SchemaProblem>, SchemaError> {
    if schema.trim().is_empty() {
        return Ok(Vec::new());
    }
    let unreadable = |why: String| SchemaError::Unreadable(Untrusted::new(why).line(160));
    let schema: serde_json::Value = serde_json::from_str(schema).map_err(|e| unreadable(e.to_string()))?;
    let validator = jsonschema::validator_for(&schema).map_err(|e| unreadable(e.to_string()))?;
    // Data that is absent altogether counts as an empty mapping: that is what the provider makes of it.
    let data = if *data == Value::Null { Value::map() } else { data.clone() };
    let data = data.to_json();
    let mut problems: Vec<SchemaProblem> = validator
        .iter_errors(&data)
        .map(|e| SchemaProblem {
            path: dotted(&e.instance_path().to_string()),
            message: Untrusted::new(e.to_string()).line(200),
            unexpected: matches!(
                e.kind(),
                ValidationErrorKind::AdditionalProperties { .. }
                    | ValidationErrorKind::UnevaluatedProperties { .. }
            ),
        })
        .collect();
    problems.sort_by(|a, b| (&a.path, &a.message).cmp(&(&b.path, &b.message)));
    Ok(problems)
}

/// `/disks/0/size` as `disks[0].size`.
fn dotted(pointer: &str) -> String {
    let mut out = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty() {
            out.push_str(&format!("[{part}]"));
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&part);
        }
    }
    Untrusted::new(out).line(120)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"type":"object","required":["cores","name"],"properties":{"cores":{"type":"integer","minimum":1},
        "disks":{"type":"array","items":{"type":"object","properties":{"size":{"type":"integer"}}}}}}"#;

    fn value(json: &str) -> Value {
        Value::from_json(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn problems_have_paths() {
        let problems = check_schema(SCHEMA, &value(r#"{"cores":0,"disks":[{"size":"x"}]}"#)).unwrap();
        let paths: Vec<&str> = problems.iter().map(|p| p.path.as_str()).collect();
        assert_eq!(paths, ["", "cores", "disks[0].size"]);
        assert!(problems[0].message.contains("name"));
        assert!(check_schema(SCHEMA, &value(r#"{"cores":1,"name":"x"}"#)).unwrap().is_empty());
        assert_eq!(check_schema(SCHEMA, &Value::Null).unwrap().len(), 2, "no data is an empty mapping");
    }

    #[test]
    fn an_empty_schema_admits_everything_and_a_broken_one_is_told() {
        assert!(check_schema(" ", &value(r#"{"x":1}"#)).unwrap().is_empty());
        for broken in ["{", r#"{"type":"no such type"}"#, r#"{"$ref":"https://example.com/x.json"}"#] {
            assert!(check_schema(broken, &value("{}")).is_err(), "{broken}");
        }
    }
}
