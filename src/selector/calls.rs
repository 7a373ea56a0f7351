//! Functions and operators. Their errors are cel-go's.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};

use super::eval::no_overload;
use super::time;
use super::value::{Value, entry};
use crate::untrusted::Untrusted;

const TOO_LARGE: &str = "integer overflow";
const TOO_LARGE_UNSIGNED: &str = "unsigned integer overflow";
/// Most states of a regular expression, in bytes of its compiled form.
const REGEX_BYTES: usize = 1 << 20;

/// The value of a call. The checker made sure of the kinds, except where something is `dyn`.
pub(super) fn call(name: &str, args: &[Value]) -> Result<Value, String> {
    match args {
        [one] => unary(name, one),
        [a, b] => binary(name, a, b),
        _ => Err(no_overload()),
    }
}

fn unary(name: &str, one: &Value) -> Result<Value, String> {
    use Value::{Bool, Bytes, Double, Int, List, Map, String, Uint};
    Ok(match (name, one) {
        ("!_", Bool(b)) => Bool(!b),
        ("-_", Int(i)) => Int(i.checked_neg().ok_or(TOO_LARGE)?),
        ("-_", Double(f)) => Double(-f),
        ("size", String(text)) => Int(text.chars().count() as i64),
        ("size", Bytes(bytes)) => Int(bytes.len() as i64),
        ("size", List(items)) => Int(items.len() as i64),
        ("size", Map(entries)) => Int(entries.len() as i64),
        ("dyn", value) => value.clone(),
        ("type", value) => Value::Type(value.kind()),
        ("int", value) => Int(whole(value)?),
        ("uint", value) => Uint(unsigned(value)?),
        ("double", value) => Double(real(value)?),
        ("bool", Bool(b)) => Bool(*b),
        ("bool", String(text)) => match text.as_ref() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Bool(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Bool(false),
            _ => return Err(unreadable("Bool", text)),
        },
        ("string", value) => Value::text(text_of(value).ok_or_else(no_overload)?),
        ("bytes", Bytes(_)) | ("timestamp", Value::Timestamp(_)) | ("duration", Value::Duration(_)) => {
            one.clone()
        }
        ("bytes", String(text)) => Bytes(text.as_bytes().into()),
        ("timestamp", String(text)) => Value::Timestamp(time::timestamp(text).ok_or_else(|| {
            let shown = Untrusted::new(text.as_ref()).line(60);
            format!(
                "parsing time {shown:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {shown:?} as \"2006\""
            )
        })?),
        ("timestamp", Int(seconds)) => {
            Value::Timestamp(Timestamp::from_second(*seconds).map_err(|_| "timestamp overflow".to_owned())?)
        }
        ("duration", String(text)) => {
            Value::Duration(time::duration(text).ok_or_else(|| {
                format!("time: invalid duration {:?}", Untrusted::new(text.as_ref()).line(60))
            })?)
        }
        (_, Value::Timestamp(at)) => part(name, *at, "UTC")?,
        (_, Value::Duration(length)) => Int(match name {
            "getHours" => length.as_secs() / 3600,
            "getMinutes" => length.as_secs() / 60,
            "getSeconds" => length.as_secs(),
            "getMilliseconds" => i64::from(length.subsec_millis()),
            _ => return Err(no_overload()),
        }),
        _ => return Err(no_overload()),
    })
}

fn binary(name: &str, a: &Value, b: &Value) -> Result<Value, String> {
    use Value::{Bool, Double, Int, List, Map, String, Uint};
    let ordered = |wanted: fn(Ordering) -> bool| match a.order(b) {
        Some(order) => Ok(Bool(wanted(order))),
        // Two numbers of which one is no number are in no order, and that is an answer.
        None if matches!((a, b), (Double(_), _) | (_, Double(_))) && is_number(a) && is_number(b) => {
            Ok(Bool(false))
        }
        None => Err(no_overload()),
    };
    match name {
        "_==_" => return Ok(Bool(a.same(b))),
        "_!=_" => return Ok(Bool(!a.same(b))),
        "_<_" => return ordered(Ordering::is_lt),
        "_<=_" => return ordered(Ordering::is_le),
        "_>_" => return ordered(Ordering::is_gt),
        "_>=_" => return ordered(Ordering::is_ge),
        _ => {}
    }
    Ok(match (name, a, b) {
        ("@in", one, List(items)) => Bool(items.iter().any(|i| i.same(one))),
        ("@in", one, Map(entries)) => Bool(entry(entries, one).is_some()),
        ("_[_]", List(items), at) => {
            let at = match at {
                Int(i) => *i,
                Uint(u) => i64::try_from(*u).map_err(|_| no_overload())?,
                Double(f) if f.fract() == 0.0 => *f as i64,
                _ => return Err(no_overload()),
            };
            let found = usize::try_from(at).ok().and_then(|i| items.get(i));
            found.cloned().ok_or_else(|| format!("index out of bounds: {at}"))?
        }
        ("_[_]", Map(entries), key) => {
            entry(entries, key).cloned().ok_or_else(|| format!("no such key: {}", shown(key)))?
        }
        ("contains", String(a), String(b)) => Bool(a.contains(b.as_ref())),
        ("startsWith", String(a), String(b)) => Bool(a.starts_with(b.as_ref())),
        ("endsWith", String(a), String(b)) => Bool(a.ends_with(b.as_ref())),
        ("matches", String(a), String(b)) => {
            let pattern = regex::RegexBuilder::new(b).size_limit(REGEX_BYTES).build();
            let pattern = pattern
                .map_err(|_| format!("error parsing regexp: `{}`", Untrusted::new(b.as_ref()).line(60)))?;
            Bool(pattern.is_match(a))
        }
        ("_+_", String(a), String(b)) => Value::text(format!("{a}{b}")),
        ("_+_", Value::Bytes(a), Value::Bytes(b)) => {
            Value::Bytes(a.iter().chain(b.iter()).copied().collect())
        }
        ("_+_", List(a), List(b)) => List(a.iter().chain(b.iter()).cloned().collect()),
        (_, Int(a), Int(b)) => Int(integers(name, *a, *b)?),
        (_, Uint(a), Uint(b)) => Uint(unsigneds(name, *a, *b)?),
        ("_+_", Double(a), Double(b)) => Double(a + b),
        ("_-_", Double(a), Double(b)) => Double(a - b),
        ("_*_", Double(a), Double(b)) => Double(a * b),
        ("_/_", Double(a), Double(b)) => Double(a / b),
        ("_+_", Value::Timestamp(at), Value::Duration(by))
        | ("_+_", Value::Duration(by), Value::Timestamp(at)) => moved(*at, *by)?,
        ("_-_", Value::Timestamp(at), Value::Duration(by)) => {
            moved(*at, by.checked_neg().ok_or("duration overflow")?)?
        }
        ("_-_", Value::Timestamp(a), Value::Timestamp(b)) => Value::Duration(a.duration_since(*b)),
        ("_+_", Value::Duration(a), Value::Duration(b)) => {
            Value::Duration(a.checked_add(*b).ok_or("duration overflow")?)
        }
        ("_-_", Value::Duration(a), Value::Duration(b)) => {
            Value::Duration(a.checked_sub(*b).ok_or("duration overflow")?)
        }
        (_, Value::Timestamp(at), String(zone)) => part(name, *at, zone)?,
        _ => return Err(no_overload()),
    })
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_))
}

/// Arithmetic of one type of whole numbers; what does not fit into it is an error.
macro_rules! whole_numbers {
    ($function:ident, $number:ty, $too_large:expr) => {
        fn $function(name: &str, a: $number, b: $number) -> Result<$number, String> {
            let result = match name {
                "_+_" => a.checked_add(b),
                "_-_" => a.checked_sub(b),
                "_*_" => a.checked_mul(b),
                "_/_" if b == 0 => return Err("division by zero".to_owned()),
                "_%_" if b == 0 => return Err("modulus by zero".to_owned()),
                "_/_" => a.checked_div(b),
                "_%_" => a.checked_rem(b),
                _ => return Err(no_overload()),
            };
            result.ok_or_else(|| $too_large.to_owned())
        }
    };
}

whole_numbers!(integers, i64, TOO_LARGE);
whole_numbers!(unsigneds, u64, TOO_LARGE_UNSIGNED);

fn unreadable(kind: &str, text: &str) -> String {
    format!("strconv.Parse{kind}: parsing {:?}: invalid syntax", Untrusted::new(text).line(60))
}

fn whole(value: &Value) -> Result<i64, String> {
    match value {
        Value::Int(i) => Ok(*i),
        Value::Uint(u) => i64::try_from(*u).map_err(|_| TOO_LARGE.to_owned()),
        // Both ends are left out: a fraction cannot tell them from their neighbours.
        Value::Double(f) if f.abs() < 9.223_372_036_854_775e18 => Ok(*f as i64),
        Value::Double(_) => Err(TOO_LARGE.to_owned()),
        Value::String(text) => text.parse().map_err(|_| unreadable("Int", text)),
        Value::Timestamp(at) => Ok(at.as_second()),
        Value::Duration(length) => i64::try_from(length.as_nanos()).map_err(|_| TOO_LARGE.to_owned()),
        _ => Err(no_overload()),
    }
}

fn unsigned(value: &Value) -> Result<u64, String> {
    match value {
        Value::Uint(u) => Ok(*u),
        Value::Int(i) => u64::try_from(*i).map_err(|_| TOO_LARGE_UNSIGNED.to_owned()),
        Value::Double(f) if *f >= 0.0 && *f < 1.844_674_407_370_955_1e19 => Ok(*f as u64),
        Value::Double(_) => Err(TOO_LARGE_UNSIGNED.to_owned()),
        Value::String(text) => text.parse().map_err(|_| unreadable("Uint", text)),
        _ => Err(no_overload()),
    }
}

fn real(value: &Value) -> Result<f64, String> {
    match value {
        Value::Double(f) => Ok(*f),
        Value::Int(i) => Ok(*i as f64),
        Value::Uint(u) => Ok(*u as f64),
        Value::String(text) => text.parse().map_err(|_| unreadable("Float", text)),
        _ => Err(no_overload()),
    }
}

fn moved(at: Timestamp, by: SignedDuration) -> Result<Value, String> {
    at.checked_add(by).map(Value::Timestamp).map_err(|_| "timestamp overflow".to_owned())
}

fn part(name: &str, at: Timestamp, zone: &str) -> Result<Value, String> {
    let Some(known) = time::zone(zone) else {
        return Err(format!("unknown time zone {}", Untrusted::new(zone).line(60)));
    };
    let at = at.to_zoned(known);
    Ok(Value::Int(match name {
        "getFullYear" => i64::from(at.year()),
        "getMonth" => i64::from(at.month()) - 1,
        "getDate" => i64::from(at.day()),
        "getDayOfMonth" => i64::from(at.day()) - 1,
        "getDayOfWeek" => i64::from(at.weekday().to_sunday_zero_offset()),
        "getDayOfYear" => i64::from(at.day_of_year()) - 1,
        "getHours" => i64::from(at.hour()),
        "getMinutes" => i64::from(at.minute()),
        "getSeconds" => i64::from(at.second()),
        "getMilliseconds" => i64::from(at.millisecond()),
        _ => return Err(no_overload()),
    }))
}

/// A value as `string()` gives it.
fn text_of(value: &Value) -> Option<String> {
    Some(match value {
        Value::String(text) => text.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Uint(u) => u.to_string(),
        Value::Double(f) => short(*f),
        Value::Bytes(bytes) => String::from_utf8(bytes.to_vec()).ok()?,
        Value::Timestamp(at) => at.to_string(),
        Value::Duration(length) => time::duration_text(*length),
        _ => return None,
    })
}

/// A value in an error.
pub(super) fn shown(value: &Value) -> String {
    text_of(value).map_or_else(|| value.kind().to_owned(), |text| Untrusted::new(text).line(60))
}

/// A fraction as Go's `%g` prints it: the fewest digits, with an exponent from a million on and below a ten-thousandth.
fn short(f: f64) -> String {
    if f.is_nan() {
        return "NaN".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{f:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let power: i32 = exponent.parse().unwrap_or(0);
    if f != 0.0 && !(-4..6).contains(&power) {
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", power.abs());
    }
    f.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_printed_as_go_does() {
        for (f, wanted) in [
            (0.0, "0"),
            (1.5, "1.5"),
            (100_000.0, "100000"),
            (1e6, "1e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-2.5, "-2.5"),
        ] {
            assert_eq!(short(f), wanted);
        }
    }
}
