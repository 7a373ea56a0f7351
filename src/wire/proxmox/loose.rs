//! Proxmox's loose types: booleans are `0`, `1` or `"1"`, numbers may be strings, an absent key is a default or unknown.

use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Bool(bool),
    Unsigned(u64),
    Float(f64),
    Text(String),
    Other(serde::de::IgnoredAny),
}

/// Largest integer that a float holds exactly (2⁵³).
const EXACT: f64 = 9_007_199_254_740_992.0;

fn whole(f: f64) -> Option<u64> {
    ((0.0..=EXACT).contains(&f) && f.fract() == 0.0).then_some(f as u64)
}

/// A whole number, `None` for anything that is not one: metrics come and go, and a bad one is an unknown one.
pub(super) fn number<'de, D: Deserializer<'de>>(source: D) -> Result<Option<u64>, D::Error> {
    Ok(match Scalar::deserialize(source)? {
        Scalar::Unsigned(n) => Some(n),
        Scalar::Float(f) => whole(f),
        Scalar::Text(t) => t.trim().parse().ok().or_else(|| t.trim().parse().ok().and_then(whole)),
        Scalar::Bool(_) | Scalar::Other(_) => None,
    })
}

/// A boolean.
pub(super) fn flag<'de, D: Deserializer<'de>>(source: D) -> Result<Option<bool>, D::Error> {
    Ok(match Scalar::deserialize(source)? {
        Scalar::Bool(b) => Some(b),
        Scalar::Unsigned(n) => Some(n != 0),
        Scalar::Float(f) => Some(f != 0.0),
        Scalar::Text(t) => match t.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Some(true),
            "0" | "false" | "no" | "off" | "" => Some(false),
            _ => None,
        },
        Scalar::Other(_) => None,
    })
}

/// A text, also where the server sends it as a number.
pub(super) fn text<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    Ok(match Scalar::deserialize(source)? {
        Scalar::Text(t) => Some(t),
        Scalar::Unsigned(n) => Some(n.to_string()),
        Scalar::Float(f) => Some(f.to_string()),
        Scalar::Bool(_) | Scalar::Other(_) => None,
    })
}

#[cfg(test)]
mod tests {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "super::number")]
        n: Option<u64>,
        #[serde(default, deserialize_with = "super::flag")]
        b: Option<bool>,
        #[serde(default, deserialize_with = "super::text")]
        t: Option<String>,
    }

    fn row(json: &str) -> (Option<u64>, Option<bool>, Option<String>) {
        let Row { n, b, t } = serde_json::from_str(json).unwrap();
        (n, b, t)
    }

    #[test]
    fn every_spelling_that_servers_use_is_read() {
        assert_eq!(row(r#"{"n":"8192","b":"1","t":107}"#), (Some(8192), Some(true), Some("107".into())));
        assert_eq!(row(r#"{"n":8192.0,"b":0,"t":"x"}"#), (Some(8192), Some(false), Some("x".into())));
        assert_eq!(row(r#"{"n":18446744073709551615,"b":true}"#), (Some(u64::MAX), Some(true), None));
        assert_eq!(row("{}"), (None, None, None));
        assert_eq!(row(r#"{"n":null,"b":null,"t":null}"#), (None, None, None));
        assert_eq!(row(r#"{"n":-1,"b":[1],"t":{}}"#), (None, None, None));
        assert_eq!(row(r#"{"n":"a lot","b":"maybe","t":[]}"#), (None, None, None));
        assert_eq!(row(r#"{"n":1e300,"b":"","t":""}"#), (None, Some(false), Some(String::new())));
    }
}
