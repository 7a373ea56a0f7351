//! Times and durations, as Go reads and prints them.

use jiff::{SignedDuration, Timestamp};

/// A duration such as `1h30m` or `-1.5s`.
pub(super) fn duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanos: i128 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at_checked(digits)?;
        let letters = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(letters)?;
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && part.is_empty() || number.matches('.').count() > 1 {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        nanos = nanos.checked_add(whole.checked_mul(unit)?)?;
        let mut scale = unit;
        for digit in part.bytes() {
            scale /= 10;
            nanos = nanos.checked_add(i128::from(digit - b'0') * scale)?;
        }
        rest = after;
    }
    // Go counts a duration in 64 bits.
    let nanos = i64::try_from(if negative { -nanos } else { nanos }).ok()?;
    Some(SignedDuration::from_nanos(nanos))
}

/// Seconds with their fraction, as cel-go prints a duration.
pub(super) fn duration_text(duration: SignedDuration) -> String {
    let nanos = duration.as_nanos();
    let sign = if nanos < 0 { "-" } else { "" };
    let (seconds, rest) = (nanos.unsigned_abs() / 1_000_000_000, nanos.unsigned_abs() % 1_000_000_000);
    if rest == 0 {
        return format!("{sign}{seconds}s");
    }
    let fraction = format!("{rest:09}");
    format!("{sign}{seconds}.{}s", fraction.trim_end_matches('0'))
}

/// A point in time by RFC 3339.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    // A place for the zone is asked for there; jiff takes more forms.
    let shape = text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T');
    text.parse().ok().filter(|_| shape && !text.contains('['))
}

/// A zone: `UTC`, or hours and minutes as in `-08:00`. Names of zones are not known here.
pub(super) fn zone(text: &str) -> Option<jiff::tz::TimeZone> {
    if matches!(text, "UTC" | "") {
        return Some(jiff::tz::TimeZone::UTC);
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let offset = jiff::tz::Offset::from_seconds(
        sign * (hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?),
    )
    .ok()?;
    Some(offset.to_time_zone())
}
