//! Durations: Go's text in templates, seconds in JSON, seconds and nanoseconds in omnictl's YAML.

/// A duration in nanoseconds, within Go's range of about ±292 years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    nanos: i64,
}

const SECOND: i128 = 1_000_000_000;

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self { nanos: 0 };
    /// From seconds and nanoseconds, which add up; `None` outside Go's range.
    pub fn new(seconds: i128, nanos: i128) -> Option<Self> {
        let total = seconds.checked_mul(SECOND)?.checked_add(nanos)?;
        Some(Self { nanos: i64::try_from(total).ok()? })
    }
    /// Whether it is longer than nothing.
    pub fn is_positive(self) -> bool {
        self.nanos > 0
    }
    /// Whole seconds; the rest is [`Span::subsec_nanos`], with the same sign.
    pub fn seconds(self) -> i64 {
        self.nanos / 1_000_000_000
    }
    /// Nanoseconds beyond the whole seconds.
    pub fn subsec_nanos(self) -> i64 {
        self.nanos % 1_000_000_000
    }
    /// Seconds with suffix `s`, as the JSON gateway prints them: no fraction, or one of 3, 6 or 9 digits.
    pub fn to_json(self) -> String {
        let sign = if self.nanos < 0 { "-" } else { "" };
        let seconds = self.seconds().unsigned_abs();
        let nanos = self.subsec_nanos().unsigned_abs();
        if nanos == 0 {
            return format!("{sign}{seconds}s");
        }
        let digits = format!("{nanos:09}");
        let keep = match () {
            () if nanos.is_multiple_of(1_000_000) => 3,
            () if nanos.is_multiple_of(1_000) => 6,
            () => 9,
        };
        format!("{sign}{seconds}.{}s", digits.get(..keep).unwrap_or(&digits))
    }
    /// Reads the JSON form.
    pub fn from_json(text: &str) -> Option<Self> {
        let body = text.strip_suffix('s')?;
        let (negative, body) = body.strip_prefix('-').map_or((false, body), |rest| (true, rest));
        let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
        if fraction.len() > 9 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let seconds: i128 = whole.parse().ok()?;
        let nanos: i128 = format!("{fraction:0<9}").parse().ok()?;
        let total = seconds.checked_mul(SECOND)?.checked_add(nanos)?;
        Self::new(0, if negative { -total } else { total })
    }
    /// Go's text, as a template has it: `2h0m0s`, `1m30.5s`, `500ms`, `0s`.
    pub fn to_go(self) -> String {
        let sign = if self.nanos < 0 { "-" } else { "" };
        let total = self.nanos.unsigned_abs();
        let part = |unit: u64| decimal(total, unit);
        match total {
            0 => "0s".to_owned(),
            1..1_000 => format!("{sign}{total}ns"),
            1_000..1_000_000 => format!("{sign}{}µs", part(1_000)),
            1_000_000..1_000_000_000 => format!("{sign}{}ms", part(1_000_000)),
            _ => {
                let minutes = total / 60_000_000_000;
                let seconds = decimal(total % 60_000_000_000, 1_000_000_000);
                match minutes {
                    0 => format!("{sign}{seconds}s"),
                    1..60 => format!("{sign}{minutes}m{seconds}s"),
                    _ => format!("{sign}{}h{}m{seconds}s", minutes / 60, minutes % 60),
                }
            }
        }
    }
    /// Reads Go's text: `1h30m`, `90s`, `24h0m0.5s`, `-5m`, `0`; units ns, us, ms, s, m, h.
    pub fn from_go(text: &str) -> Option<Self> {
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Some(Self { nanos: 0 });
        }
        if rest.is_empty() {
            return None;
        }
        let mut total: i128 = 0;
        while !rest.is_empty() {
            let (whole, after) = digits(rest);
            let (fraction, after) = match after.strip_prefix('.') {
                Some(after) => digits(after),
                None => ("", after),
            };
            if whole.is_empty() && fraction.is_empty() {
                return None;
            }
            let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, after) = after.split_at(end);
            let unit: i128 = match unit {
                "ns" => 1,
                "us" | "µs" | "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => SECOND,
                "m" => 60 * SECOND,
                "h" => 3600 * SECOND,
                _ => return None,
            };
            let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
            total = total.checked_add(whole.checked_mul(unit)?)?;
            // Digits beyond what a nanosecond can hold are cut off, as Go does.
            let (mut scale, mut part): (i128, i128) = (1, 0);
            for digit in fraction.bytes().take(18) {
                part = part * 10 + i128::from(digit - b'0');
                scale *= 10;
            }
            total = total.checked_add(part * unit / scale)?;
            rest = after;
        }
        Self::new(0, if negative { -total } else { total })
    }
}

/// `nanos` in `unit`s (a power of ten), without zeros at the end.
fn decimal(nanos: u64, unit: u64) -> String {
    let rest = nanos % unit;
    if rest == 0 {
        return (nanos / unit).to_string();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    format!("{}.{}", nanos / unit, digits.trim_end_matches('0'))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_texts() {
        let json = |text| Span::from_go(text).map(Span::to_json);
        assert_eq!(json("1h30m").as_deref(), Some("5400s"));
        assert_eq!(json("24h0m0.5s").as_deref(), Some("86400.500s"));
        assert_eq!(json("-5m").as_deref(), Some("-300s"));
        assert_eq!(json("1.5us").as_deref(), Some("0.000001500s"));
        assert_eq!(json(".5s").as_deref(), Some("0.500s"));
        assert_eq!(json("0").as_deref(), Some("0s"));
        for bad in ["", "-", "1", "1d", "1 day", "1h 30m", "s", ".s", "1e3s", "9999999999h"] {
            assert_eq!(json(bad), None, "{bad}");
        }
    }

    #[test]
    fn go_texts_are_written() {
        for (json, go) in [
            ("7200s", "2h0m0s"),
            ("90.500s", "1m30.5s"),
            ("5s", "5s"),
            ("0.500s", "500ms"),
            ("0.001500s", "1.5ms"),
            ("0.000001500s", "1.5µs"),
            ("0.000000007s", "7ns"),
            ("-300s", "-5m0s"),
            ("0s", "0s"),
            ("86400.000000001s", "24h0m0.000000001s"),
        ] {
            let span = Span::from_json(json).unwrap();
            assert_eq!(span.to_go(), go);
            assert_eq!(Span::from_go(go), Some(span));
        }
    }

    #[test]
    fn json_texts() {
        for text in ["0s", "3600s", "-300s", "0.500s", "0.000001s", "-0.000000001s"] {
            assert_eq!(Span::from_json(text).map(Span::to_json).as_deref(), Some(text));
        }
        for bad in ["", "s", "1", "1.s5", "--1s", "1h", "0.1234567890s"] {
            assert_eq!(Span::from_json(bad), None, "{bad}");
        }
    }
}
