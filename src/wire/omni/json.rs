//! JSON from outside, bounded: depth, number of values, no key twice.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::value::Value;

/// Deepest nesting accepted. Omni's deepest message has about a dozen levels.
const DEPTH: usize = 64;
/// Most values in one text: far above a list of ten thousand machines, far below what would exhaust memory.
const VALUES: usize = 2_000_000;

/// Why a text is not JSON that we accept. It never quotes the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It ends too early.
    #[error("it ends in the middle (line {line}, column {column})")]
    Truncated {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Anything else: not JSON, a key twice, too deep, too many values.
    #[error("it is not well-formed JSON, repeats a key or is too large (line {line}, column {column})")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
}

/// Reads exactly one JSON value. Keys that are `null` count as absent, as they do for Omni.
pub fn parse_json(bytes: &[u8]) -> Result<Value, JsonError> {
    let values = Cell::new(VALUES);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = Bounded { depth: DEPTH, values: &values }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    parsed.map_err(|e| {
        let (line, column) = (e.line(), e.column());
        if e.is_eof() { JsonError::Truncated { line, column } } else { JsonError::Malformed { line, column } }
    })
}

#[derive(Clone, Copy)]
struct Bounded<'a> {
    depth: usize,
    values: &'a Cell<usize>,
}

impl Bounded<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(E::custom("too deep")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        match self.values.get().checked_sub(1) {
            Some(left) => self.values.set(left),
            None => return Err(D::Error::custom("too many values")),
        }
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E: Error>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_i64<E: Error>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Int(v.into()))
    }
    fn visit_u64<E: Error>(self, v: u64) -> Result<Value, E> {
        Ok(Value::Int(v.into()))
    }
    fn visit_f64<E: Error>(self, v: f64) -> Result<Value, E> {
        Ok(Value::Float(v))
    }
    fn visit_str<E: Error>(self, v: &str) -> Result<Value, E> {
        Ok(Value::Str(v.to_owned()))
    }
    fn visit_string<E: Error>(self, v: String) -> Result<Value, E> {
        Ok(Value::Str(v))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut entries = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(inner)?;
            if entries.insert(key, value).is_some() {
                return Err(A::Error::custom("key twice"));
            }
        }
        entries.retain(|_, v| *v != Value::Null);
        Ok(Value::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_are_read() {
        let v = parse_json(br#"{"a":[1,-2,18446744073709551615,1.5,true,null,"x\u00e9"],"b":null}"#).unwrap();
        assert_eq!(v.canonical(), r#"{"a":[1,-2,18446744073709551615,1.5,true,null,"xé"]}"#);
    }

    #[test]
    fn depth_duplicates_and_tails_are_refused() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse_json(nested(DEPTH).as_bytes()).is_ok());
        for text in [
            nested(DEPTH + 1),
            nested(100_000),
            r#"{"a":1,"a":1}"#.into(),
            r#"{"a":1,"\u0061":null}"#.into(),
            "{} {}".into(),
        ] {
            assert!(matches!(parse_json(text.as_bytes()), Err(JsonError::Malformed { .. })));
        }
        for text in ["", "{", r#"{"a":"#, r#""x"#] {
            assert!(matches!(parse_json(text.as_bytes()), Err(JsonError::Truncated { .. })), "{text}");
        }
        assert!(parse_json(b"\"\xff\"").is_err());
    }
}
