//! What a scalar means: the rules of Go's YAML, by which omnictl and the Proxmox provider read files.
//!
//! Untyped, a plain scalar is null, a truth value, a number, a time or text by its spelling alone ([`resolve`]). Where a
//! field's type is known, Go takes a little more ([`as_bool`]: `yes`, `on`, `y` …; [`as_string`]: numbers by their text).

use std::collections::BTreeMap;

use super::timestamp;
use super::{Node, NodeKind, ScalarStyle};
use crate::value::Value;

/// What a scalar means where nothing else is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// `null`, `~`, nothing.
    Null,
    /// `true`, `False`, `TRUE`; not `yes`, not `tRue`.
    Bool(bool),
    /// A whole number that fits 64 bits, signed or unsigned: `12`, `0x1F`, `0o17`, `017`, `0b11`, `1_000`.
    Int(i128),
    /// Any other number: `1.5`, `1e3`, `.inf`, `-0`, whole numbers beyond 64 bits.
    Float(f64),
    /// A date or time, in the form in which it is written out again (`2024-01-02T00:00:00Z`).
    Timestamp(String),
    /// Anything else.
    Str,
}

/// A value that a field cannot take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("wanted {wanted}, found {found}")]
pub struct Mismatch {
    /// What the field takes, with article.
    pub wanted: &'static str,
    /// What stands there, with article.
    pub found: &'static str,
}

/// What a node is called in a message.
pub fn describe(node: &Node) -> &'static str {
    match &node.kind {
        NodeKind::Seq(_) => "a list",
        NodeKind::Map(_) => "a mapping",
        NodeKind::Scalar { .. } => match resolve(node) {
            Scalar::Null => "nothing",
            Scalar::Bool(_) => "a truth value",
            Scalar::Int(_) => "a whole number",
            Scalar::Float(_) => "a number",
            Scalar::Timestamp(_) => "a date",
            Scalar::Str => "text",
        },
    }
}

/// The meaning of a scalar node; [`Scalar::Str`] for collections.
pub fn resolve(node: &Node) -> Scalar {
    let NodeKind::Scalar { text, style } = &node.kind else { return Scalar::Str };
    match node.tag.as_deref() {
        None | Some("!") if *style != ScalarStyle::Plain => Scalar::Str,
        // An explicit core tag reads quoted text too: `!!int "4"` is a number.
        None | Some("!" | "!!int" | "!!bool" | "!!null" | "!!timestamp") => resolve_plain(text),
        Some("!!float") => match resolve_plain(text) {
            Scalar::Int(i) => Scalar::Float(i as f64),
            other => other,
        },
        Some(_) => Scalar::Str,
    }
}

/// Whether an explicit core tag contradicts the text (`!!int four`); Go refuses the document.
pub(super) fn tag_contradicts(node: &Node) -> bool {
    let meaning = resolve(node);
    match node.tag.as_deref() {
        Some("!!int") => !matches!(meaning, Scalar::Int(_)),
        Some("!!float") => !matches!(meaning, Scalar::Float(_)),
        Some("!!bool") => !matches!(meaning, Scalar::Bool(_)),
        Some("!!null") => !matches!(meaning, Scalar::Null),
        Some("!!timestamp") => !matches!(meaning, Scalar::Timestamp(_)),
        _ => false,
    }
}

/// The meaning of a plain, untagged scalar.
pub fn resolve_plain(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        "-0" | "-0.0" => return Scalar::Float(-0.0),
        _ => {}
    }
    match text.bytes().next() {
        Some(b'.') => float(text).map_or(Scalar::Str, Scalar::Float),
        Some(b'+' | b'-' | b'0'..=b'9') => {
            if let Some(time) = timestamp::canonical(text) {
                return Scalar::Timestamp(time);
            }
            let plain: String = text.chars().filter(|c| *c != '_').collect();
            if let Some(i) = integer(&plain) {
                return Scalar::Int(i);
            }
            float(&plain).map_or(Scalar::Str, Scalar::Float)
        }
        _ => Scalar::Str,
    }
}

/// A whole number with a sign and an optional base: `0x`, `0o`, `0b`, or `0` for octal.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let signed = digits.len() != text.len();
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, lower.get(1..).unwrap_or_default())
    } else {
        (10, lower.as_str())
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    let value = i128::from_str_radix(digits, base).ok()?;
    let value = if negative { -value } else { value };
    // Only an unsigned spelling may use the upper half of 64 bits.
    let max = if signed { i128::from(i64::MAX) } else { i128::from(u64::MAX) };
    (value >= i128::from(i64::MIN) && value <= max).then_some(value)
}

/// A decimal number with fraction and exponent, within the range of 64 bits.
fn float(text: &str) -> Option<f64> {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((m, e)) => (m, Some(e)),
        None => (body, None),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    if let Some(e) = exponent {
        let e = e.strip_prefix(['+', '-']).unwrap_or(e);
        if e.is_empty() || !digits(e) {
            return None;
        }
    }
    text.parse::<f64>().ok().filter(|f| f.is_finite())
}

fn mismatch<T>(wanted: &'static str, node: &Node) -> Result<T, Mismatch> {
    Err(Mismatch { wanted, found: describe(node) })
}

/// A truth value where one is wanted; `None` for null.
///
/// # Errors
/// Anything but `true`, `false`, `yes`, `no`, `on`, `off`, `y`, `n` in a usual case.
pub fn as_bool(node: &Node) -> Result<Option<bool>, Mismatch> {
    const WANTED: &str = "a truth value (`true` or `false`)";
    if !matches!(node.kind, NodeKind::Scalar { .. }) {
        return mismatch(WANTED, node);
    }
    match resolve(node) {
        Scalar::Null => Ok(None),
        Scalar::Bool(b) => Ok(Some(b)),
        Scalar::Str => match node.text().unwrap_or_default() {
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Ok(Some(true)),
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Ok(Some(false)),
            _ => mismatch(WANTED, node),
        },
        _ => mismatch(WANTED, node),
    }
}

/// Text where text is wanted: other scalars are taken by their spelling (`1.10` stays `1.10`); `None` for null.
///
/// # Errors
/// Collections.
pub fn as_string(node: &Node) -> Result<Option<&str>, Mismatch> {
    let NodeKind::Scalar { text, .. } = &node.kind else { return mismatch("text", node) };
    match resolve(node) {
        Scalar::Null => Ok(None),
        _ => Ok(Some(text)),
    }
}

/// A whole number from `min` to `max`; numbers without fraction count (`4.0`, `1e3`), quoted ones do not; `None` for null.
///
/// # Errors
/// Anything else.
pub fn as_integer(node: &Node, min: i128, max: i128) -> Result<Option<i128>, Mismatch> {
    const WANTED: &str = "a whole number";
    const IN_RANGE: &str = "a whole number in range";
    if !matches!(node.kind, NodeKind::Scalar { .. }) {
        return mismatch(WANTED, node);
    }
    let value = match resolve(node) {
        Scalar::Null => return Ok(None),
        Scalar::Int(i) => i,
        Scalar::Float(f) if f.fract() == 0.0 && f.abs() < 1.9e19 => f as i128,
        _ => return mismatch(WANTED, node),
    };
    if value < min || value > max { mismatch(IN_RANGE, node) } else { Ok(Some(value)) }
}

/// A signed number of 64 bits.
///
/// # Errors
/// As [`as_integer`].
pub fn as_i64(node: &Node) -> Result<Option<i64>, Mismatch> {
    Ok(as_integer(node, i64::MIN.into(), i64::MAX.into())?.and_then(|i| i64::try_from(i).ok()))
}

/// An unsigned number of 64 bits.
///
/// # Errors
/// As [`as_integer`].
pub fn as_u64(node: &Node) -> Result<Option<u64>, Mismatch> {
    Ok(as_integer(node, 0, u64::MAX.into())?.and_then(|i| u64::try_from(i).ok()))
}

/// An unsigned number of 32 bits.
///
/// # Errors
/// As [`as_integer`].
pub fn as_u32(node: &Node) -> Result<Option<u32>, Mismatch> {
    Ok(as_integer(node, 0, u32::MAX.into())?.and_then(|i| u32::try_from(i).ok()))
}

/// The elements of a list; an empty slice for null.
///
/// # Errors
/// Anything but a list or null.
pub fn as_list(node: &Node) -> Result<&[Node], Mismatch> {
    match &node.kind {
        NodeKind::Seq(items) => Ok(items),
        _ if is_null(node) => Ok(&[]),
        _ => mismatch("a list", node),
    }
}

/// The entries of a mapping; an empty slice for null.
///
/// # Errors
/// Anything but a mapping or null.
pub fn as_pairs(node: &Node) -> Result<&[(Node, Node)], Mismatch> {
    match &node.kind {
        NodeKind::Map(pairs) => Ok(pairs),
        _ if is_null(node) => Ok(&[]),
        _ => mismatch("a mapping", node),
    }
}

/// Whether a node is null.
pub fn is_null(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Scalar { .. }) && resolve(node) == Scalar::Null
}

/// The plain data of a node, scalars by [`resolve`]. Times become text, keys are taken by their text.
pub fn to_value(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar { text, .. } => match resolve(node) {
            Scalar::Null => Value::Null,
            Scalar::Bool(b) => Value::Bool(b),
            Scalar::Int(i) => Value::Int(i),
            Scalar::Float(f) => Value::Float(f),
            Scalar::Timestamp(t) => Value::Str(t),
            Scalar::Str => Value::Str(text.clone()),
        },
        NodeKind::Seq(items) => Value::List(items.iter().map(to_value).collect()),
        NodeKind::Map(pairs) => Value::Map(
            pairs
                .iter()
                .map(|(k, v)| (k.text().unwrap_or_default().to_owned(), to_value(v)))
                .collect::<BTreeMap<_, _>>(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceId;
    use crate::yaml::{Limits, parse};

    fn value(text: &str) -> Node {
        let docs = parse(SourceId(0), &format!("v: {text}\n"), &Limits::default()).unwrap();
        docs.into_iter().next().unwrap().root.unwrap().get("v").unwrap().clone()
    }

    #[test]
    fn untyped_scalars_mean_what_go_says() {
        use Scalar::{Bool, Float, Int, Null, Str};
        let table = [
            ("", Null),
            ("~", Null),
            ("NULL", Null),
            ("nUll", Str),
            ("true", Bool(true)),
            ("FALSE", Bool(false)),
            ("tRue", Str),
            ("yes", Str),
            ("on", Str),
            ("y", Str),
            ("12", Int(12)),
            ("+12", Int(12)),
            ("-12", Int(-12)),
            ("010", Int(8)),
            ("0777", Int(511)),
            ("08", Float(8.0)),
            ("0o17", Int(15)),
            ("0x1F", Int(31)),
            ("0X1f", Int(31)),
            ("0b101", Int(5)),
            ("-0b11", Int(-3)),
            ("1_000", Int(1000)),
            ("0_7", Int(7)),
            ("18446744073709551615", Int(i128::from(u64::MAX))),
            ("99999999999999999999", Float(1e20)),
            ("0xFFFFFFFFFFFFFFFFF", Str),
            ("1.50", Float(1.5)),
            ("1e3", Float(1000.0)),
            (".5", Float(0.5)),
            ("5.", Float(5.0)),
            (".inf", Float(f64::INFINITY)),
            ("1e999", Str),
            ("1.2.3", Str),
            ("1:30", Str),
            ("0x", Str),
            ("-", Str),
            ("'true'", Str),
            ("\"5\"", Str),
            ("!!str 5", Str),
            ("!!int \"4\"", Int(4)),
            ("!!float 1", Float(1.0)),
        ];
        for (text, want) in table {
            if text == "-" {
                continue;
            }
            assert_eq!(resolve(&value(text)), want, "{text}");
        }
        assert!(matches!(resolve(&value("-0")), Float(f) if f == 0.0 && f.is_sign_negative()));
        assert_eq!(resolve(&value("2024-01-02")), Scalar::Timestamp("2024-01-02T00:00:00Z".into()));
    }

    #[test]
    fn typed_fields_take_a_little_more() {
        for (text, want) in
            [("yes", true), ("On", true), ("y", true), ("off", false), ("N", false), ("True", true)]
        {
            assert_eq!(as_bool(&value(text)), Ok(Some(want)), "{text}");
        }
        for text in ["1", "0", "'true'", "\"false\"", "tRue", "[]", "yeS"] {
            assert!(as_bool(&value(text)).is_err(), "{text}");
        }
        for (text, want) in [("1.10", "1.10"), ("0x10", "0x10"), ("08", "08"), ("true", "true"), ("'x'", "x")]
        {
            assert_eq!(as_string(&value(text)), Ok(Some(want)), "{text}");
        }
        assert_eq!(as_string(&value("~")), Ok(None));
        assert!(as_string(&value("{}")).is_err());
        for (text, want) in
            [("4", 4), ("4.0", 4), ("1e3", 1000), ("0x10", 16), ("0o10", 8), ("010", 8), ("1_000", 1000)]
        {
            assert_eq!(as_u32(&value(text)), Ok(Some(want)), "{text}");
        }
        for text in ["\"4\"", "4.5", "four", "-1", "4294967296", "true", "[4]"] {
            assert!(as_u32(&value(text)).is_err(), "{text}");
        }
        assert_eq!(as_i64(&value("-1")), Ok(Some(-1)));
        assert_eq!(as_u64(&value("18446744073709551615")), Ok(Some(u64::MAX)));
    }
}
