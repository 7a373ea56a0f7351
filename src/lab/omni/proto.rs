//! Messages from JSON, by the rules of the gateway: either spelling of a name, numbers in strings, enumerations by number or
//! exact name, `null` as absent, unknown fields refused. The result is in answer form: original names, zero values left out.

use base64::Engine as _;
use serde_json::{Map, Number, Value};

use super::json::{Json, Kind, place};
use super::schema::{Field, Shape};

/// Reads a message. `known` says which fields this server version has. A field that is not in the table but in what the server
/// has `stored` is known to it all the same: so plays an Omni that is newer than the table.
pub(super) fn message(
    text: &str,
    json: &Json,
    fields: &[Field],
    known: &dyn Fn(&Field) -> bool,
    stored: Option<&Value>,
) -> Result<Value, String> {
    Decoder { text, known }.message(json, fields, stored)
}

struct Decoder<'a> {
    text: &'a str,
    known: &'a dyn Fn(&Field) -> bool,
}

impl Decoder<'_> {
    fn error(&self, at: usize, why: &str) -> String {
        format!("proto: {}: {why}", place(self.text, at))
    }

    fn message(&self, json: &Json, fields: &[Field], stored: Option<&Value>) -> Result<Value, String> {
        let Kind::Object(entries) = &json.kind else {
            return Err(self.error(json.at, &format!("unexpected token {}", json.raw())));
        };
        let mut out = Map::new();
        let mut seen: Vec<&str> = Vec::new();
        for (at, key, value) in entries {
            let Some(field) = fields.iter().find(|f| (f.name == *key || f.camel == *key) && (self.known)(f))
            else {
                if stored.and_then(|s| s.get(key)).is_some() {
                    out.insert(key.clone(), value.plain());
                    continue;
                }
                return Err(self.error(*at, &format!("unknown field \"{key}\"")));
            };
            if seen.contains(&field.name.as_str()) {
                return Err(self.error(*at, &format!("duplicate field \"{key}\"")));
            }
            seen.push(&field.name);
            if value.kind == Kind::Null {
                continue;
            }
            let inside = stored.and_then(|s| s.get(&field.name));
            let decoded = match &field.shape {
                Shape::Message(fields) => self.message(value, fields, inside)?,
                shape => self.value(value, field, shape)?,
            };
            // A message that is present stays, even when it is empty: presence carries meaning.
            if matches!(field.shape, Shape::Message(_)) || !zero(&decoded) {
                out.insert(field.name.clone(), decoded);
            }
        }
        Ok(Value::Object(out))
    }

    fn value(&self, json: &Json, field: &Field, shape: &Shape) -> Result<Value, String> {
        let bad = |kind: &str| {
            Err(self
                .error(json.at, &format!("invalid value for {kind} field {}: {}", field.camel, json.raw())))
        };
        match (shape, &json.kind) {
            (Shape::Message(fields), _) => self.message(json, fields, None),
            (Shape::Repeated(inner), Kind::List(items)) => items
                .iter()
                .map(|i| self.value(i, field, inner))
                .collect::<Result<Vec<_>, _>>()
                .map(Value::from),
            (Shape::Map(inner), Kind::Object(entries)) => {
                let mut out = Map::new();
                for (_, key, value) in entries {
                    out.insert(key.clone(), self.value(value, field, inner)?);
                }
                Ok(Value::Object(out))
            }
            (Shape::Text, Kind::Text(t)) => Ok(Value::from(t.as_str())),
            (Shape::Text, _) => bad("string"),
            (Shape::Bool, Kind::Bool(b)) => Ok(Value::from(*b)),
            (Shape::Bool, _) => bad("bool"),
            (Shape::Int { bits, signed }, Kind::Number(n) | Kind::Text(n)) => {
                let kind = format!("{}int{bits}", if *signed { "" } else { "u" });
                integer(n, *bits, *signed).map_or_else(|| bad(&kind), Ok)
            }
            (Shape::Int { bits, signed }, _) => bad(&format!("{}int{bits}", if *signed { "" } else { "u" })),
            (Shape::Double, Kind::Number(n) | Kind::Text(n)) => {
                match n.parse().ok().and_then(Number::from_f64) {
                    Some(number) => Ok(Value::Number(number)),
                    None => bad("double"),
                }
            }
            (Shape::Double, _) => bad("double"),
            (Shape::Enum(names), Kind::Text(t)) => {
                names.iter().find(|(n, _)| n == t).map_or_else(|| bad("enum"), |(_, v)| Ok(Value::from(*v)))
            }
            (Shape::Enum(_), Kind::Number(n)) => integer(n, 32, true).map_or_else(|| bad("enum"), Ok),
            (Shape::Enum(_), _) => bad("enum"),
            (Shape::Bytes, Kind::Text(t)) => {
                let alphabet = t.replace('-', "+").replace('_', "/");
                let engine = base64::engine::general_purpose::STANDARD_NO_PAD;
                match engine.decode(alphabet.trim_end_matches('=')) {
                    Ok(bytes) => Ok(Value::from(base64::engine::general_purpose::STANDARD.encode(bytes))),
                    Err(_) => bad("bytes"),
                }
            }
            (Shape::Bytes, _) => bad("bytes"),
            (Shape::Duration, Kind::Text(t)) => {
                match duration(t) {
                    Some(text) => Ok(Value::from(text)),
                    None => Err(self
                        .error(json.at, &format!("invalid google.protobuf.Duration value {}", json.raw()))),
                }
            }
            (Shape::Time, Kind::Text(t)) => {
                match t.parse::<jiff::Timestamp>() {
                    Ok(time) => Ok(Value::from(time.to_string())),
                    Err(_) => Err(self
                        .error(json.at, &format!("invalid google.protobuf.Timestamp value {}", json.raw()))),
                }
            }
            (Shape::Repeated(_) | Shape::Map(_) | Shape::Duration | Shape::Time, _) => {
                Err(self.error(json.at, &format!("unexpected token {}", json.raw())))
            }
        }
    }
}

/// Whether a value is one that answers leave out.
pub(super) fn zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        Value::Object(o) => o.is_empty(),
    }
}

fn integer(text: &str, bits: u8, signed: bool) -> Option<Value> {
    // `1.0` and `1e2` are integers to the gateway, `1.5` is not.
    let number: i128 = match text.parse::<i128>() {
        Ok(n) => n,
        Err(_) => {
            let float: f64 = text.parse().ok()?;
            if float.fract() != 0.0 || float.abs() > 9e18 || text.trim() != text {
                return None;
            }
            float as i128
        }
    };
    let (low, high) = match (bits, signed) {
        (32, true) => (i128::from(i32::MIN), i128::from(i32::MAX)),
        (32, false) => (0, i128::from(u32::MAX)),
        (_, true) => (i128::from(i64::MIN), i128::from(i64::MAX)),
        (_, false) => (0, i128::from(u64::MAX)),
    };
    if number < low || number > high {
        return None;
    }
    if bits == 64 {
        return Some(if number == 0 { Value::from(0) } else { Value::from(number.to_string()) });
    }
    i64::try_from(number).ok().map(Value::from)
}

/// `3600s`, `1.5s`: printed with no, three, six or nine decimals.
fn duration(text: &str) -> Option<String> {
    let (seconds, nanos) = duration_parts(text)?;
    let sign = if text.starts_with('-') { "-" } else { "" };
    Some(match nanos {
        0 => format!("{sign}{seconds}s"),
        n if n % 1_000_000 == 0 => format!("{sign}{seconds}.{:03}s", n / 1_000_000),
        n if n % 1000 == 0 => format!("{sign}{seconds}.{:06}s", n / 1000),
        n => format!("{sign}{seconds}.{n:09}s"),
    })
}

/// Whole seconds and nanoseconds of a duration in JSON form, without its sign.
pub(super) fn duration_parts(text: &str) -> Option<(u64, u32)> {
    let body = text.strip_suffix('s')?;
    let body = body.strip_prefix('-').unwrap_or(body);
    let (whole, part) = body.split_once('.').unwrap_or((body, ""));
    if whole.is_empty() || part.len() > 9 || !part.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let seconds: u64 = whole.parse().ok().filter(|s| *s <= 315_576_000_000)?;
    let nanos = format!("{part:0<9}").parse().ok()?;
    Some((seconds, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::omni::{json, schema};
    use serde_json::json;

    fn spec(kind: &str, text: &str) -> Result<Value, String> {
        let fields = schema::kind(&format!("{kind}.omni.sidero.dev")).unwrap().spec.as_ref().unwrap();
        message(text, &json::parse(text)?, fields, &|_| true, None)
    }

    #[test]
    fn what_is_stored_is_known() {
        let fields = schema::kind("Clusters.omni.sidero.dev").unwrap().spec.as_ref().unwrap();
        let stored = json!({ "features": { "later": 1 } });
        let read = |text: &str| {
            message(text, &crate::lab::omni::json::parse(text).unwrap(), fields, &|_| true, Some(&stored))
        };
        let later = r#"{"features":{"later":2,"disk_encryption":true}}"#;
        assert_eq!(read(later), Ok(json!({ "features": { "later": 2, "disk_encryption": true } })));
        for text in [r#"{"later":2}"#, r#"{"features":{"latest":2}}"#] {
            assert!(read(text).unwrap_err().contains("unknown field"), "{text}");
        }
    }

    #[test]
    fn both_spellings_zero_values_and_names() {
        let read = spec(
            "MachineSets",
            r#"{"updateStrategy":"Rolling","machine_allocation":{"name":"c","machineCount":"3","allocation_type":0},"delete_strategy":0,"bootstrap_spec":null}"#,
        );
        assert_eq!(
            read.unwrap(),
            json!({ "update_strategy": 1, "machine_allocation": { "name": "c", "machine_count": 3 } })
        );
        assert_eq!(
            spec("MachineClasses", r#"{"auto_provision":{}}"#).unwrap(),
            json!({ "auto_provision": {} })
        );
    }

    #[test]
    fn refusals() {
        let bad = |text: &str| spec("MachineSets", text).unwrap_err();
        assert_eq!(bad(r#"{"bogus":1}"#), "proto: (line 1:2): unknown field \"bogus\"");
        assert_eq!(
            bad(r#"{"update_strategy":"Sometimes"}"#),
            "proto: (line 1:20): invalid value for enum field updateStrategy: \"Sometimes\""
        );
        assert!(
            bad(r#"{"machine_allocation":{"machine_count":-1}}"#)
                .contains("invalid value for uint32 field machineCount: -1")
        );
        assert!(
            bad(r#"{"update_strategy":1,"updateStrategy":1}"#).contains("duplicate field \"updateStrategy\"")
        );
        assert!(spec("KernelArgs", r#"{"args":"x"}"#).unwrap_err().contains("unexpected token \"x\""));
        assert_eq!(
            spec("KubernetesHealthChecks", r#"{"interval":"5.50s"}"#).unwrap(),
            json!({ "interval": "5.500s" })
        );
    }
}
