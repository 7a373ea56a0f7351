//! Dates and times as Go's YAML recognises and rewrites them.

/// The text in the form in which Go writes it out again (RFC 3339, fraction without trailing zeros), or `None` if Go does
/// not take it for a time: it must begin with four digits and `-`, be a real date, and have one of the forms
/// `Y-M-D`, `Y-M-DTh:m:s[.f]Z`, `Y-M-Dth:m:s[.f]+hh:mm`, `Y-M-D h:m:s[.f]`.
pub(super) fn canonical(text: &str) -> Option<String> {
    let mut rest = Rest(text);
    if !text.as_bytes().get(..4).is_some_and(|y| y.iter().all(u8::is_ascii_digit)) {
        return None;
    }
    let year: u32 = text.get(..4)?.parse().ok()?;
    rest.0 = text.get(4..)?;
    rest.literal('-')?;
    let month = rest.number(2)?;
    rest.literal('-')?;
    let day = rest.number(2)?;
    if !(1..=12).contains(&month) || day < 1 || day > days(year, month) {
        return None;
    }
    if rest.0.is_empty() {
        return Some(format!("{year:04}-{month:02}-{day:02}T00:00:00Z"));
    }
    let separator = rest.any()?;
    if !matches!(separator, 'T' | 't' | ' ') {
        return None;
    }
    let hour = rest.number(2)?;
    rest.literal(':')?;
    let minute = rest.number(2)?;
    rest.literal(':')?;
    let second = rest.number(2)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = rest.fraction();
    let zone = if separator == ' ' { "Z".to_owned() } else { rest.zone()? };
    rest.0
        .is_empty()
        .then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn any(&mut self) -> Option<char> {
        let c = self.0.chars().next()?;
        self.0 = self.0.get(c.len_utf8()..)?;
        Some(c)
    }
    fn literal(&mut self, want: char) -> Option<()> {
        self.0 = self.0.strip_prefix(want)?;
        Some(())
    }
    /// One to `max` digits.
    fn number(&mut self, max: usize) -> Option<u32> {
        let n = self.0.bytes().take(max).take_while(u8::is_ascii_digit).count();
        let value = self.0.get(..n)?.parse().ok()?;
        self.0 = self.0.get(n..)?;
        Some(value)
    }
    /// `.` and digits, cut to nanoseconds and freed of trailing zeros; nothing if there are none.
    fn fraction(&mut self) -> String {
        let Some(after) = self.0.strip_prefix(['.', ',']) else { return String::new() };
        let n = after.bytes().take_while(u8::is_ascii_digit).count();
        if n == 0 {
            return String::new();
        }
        let digits = after.get(..n.min(9)).unwrap_or_default().trim_end_matches('0');
        self.0 = after.get(n..).unwrap_or_default();
        if digits.is_empty() { String::new() } else { format!(".{digits}") }
    }
    /// `Z` or `+hh:mm`.
    fn zone(&mut self) -> Option<String> {
        if self.literal('Z').is_some() {
            return Some("Z".into());
        }
        let text = self.0;
        let sign = self.any()?;
        let hours = text.get(1..3).filter(|h| h.bytes().all(|b| b.is_ascii_digit()))?;
        let minutes = text.get(4..6).filter(|m| m.bytes().all(|b| b.is_ascii_digit()))?;
        let in_range = hours.parse::<u32>().ok()? <= 24 && minutes.parse::<u32>().ok()? < 60;
        if !matches!(sign, '+' | '-') || text.get(3..4) != Some(":") || !in_range {
            return None;
        }
        self.0 = text.get(6..)?;
        Some(if hours == "00" && minutes == "00" { "Z".into() } else { format!("{sign}{hours}:{minutes}") })
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn times_in_and_out() {
        let table = [
            ("2024-01-02", Some("2024-01-02T00:00:00Z")),
            ("2024-1-2", Some("2024-01-02T00:00:00Z")),
            ("2001-12-14t21:59:43.10-05:00", Some("2001-12-14T21:59:43.1-05:00")),
            ("2001-12-14 21:59:43.100", Some("2001-12-14T21:59:43.1Z")),
            ("2001-12-15T02:59:43+00:00", Some("2001-12-15T02:59:43Z")),
            ("2024-02-30", None),
            ("2023-02-29", None),
            ("24-01-02", None),
            ("2024-01", None),
            ("2001-12-14 21:59:43 Z", None),
            ("2001-12-14T21:59:43", None),
            ("2024-01-02x", None),
        ];
        for (text, want) in table {
            assert_eq!(canonical(text).as_deref(), want, "{text}");
        }
    }
}
