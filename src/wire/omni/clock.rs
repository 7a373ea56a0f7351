//! The server's clock, as its answers show it.

/// Reads an HTTP date (`Fri, 20 Nov 2026 21:58:36 GMT`) as Unix time in seconds.
pub fn http_date(text: &str) -> Option<i64> {
    let mut parts = text.trim().split(' ');
    let weekday = parts.next()?;
    if weekday.len() != 4 || !weekday.ends_with(',') {
        return None;
    }
    let day: i64 = two(parts.next()?)?;
    let name = parts.next()?;
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = i64::try_from(months.iter().position(|m| *m == name)?).ok()? + 1;
    let year = parts.next().filter(|y| y.len() == 4 && y.bytes().all(|b| b.is_ascii_digit()))?;
    let year: i64 = year.parse().ok()?;
    let mut time = parts.next()?.split(':');
    let (hour, minute, second) = (two(time.next()?)?, two(time.next()?)?, two(time.next()?)?);
    let zone = parts.next()?;
    let valid = (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if zone != "GMT" || parts.next().is_some() || time.next().is_some() || !valid {
        return None;
    }
    // Days since 1970-01-01 of a proleptic Gregorian date, years counted from March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day - 719_469;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

fn two(text: &str) -> Option<i64> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// By how many seconds the server's clock is ahead of ours (negative: behind), from its `Date` header and our Unix time
/// when the answer came.
pub fn clock_difference(date: Option<&str>, ours: f64) -> Option<i64> {
    Some(http_date(date?)? - ours.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        for (text, unix) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Fri, 20 Nov 2026 21:58:36 GMT", 1_795_211_916),
            ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
            ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200),
        ] {
            assert_eq!(http_date(text), Some(unix), "{text}");
        }
        for text in ["", "Fri, 20 Nov 2026", "Fri, 20 Nov 2026 25:00:00 GMT", "Fri, 20 Nov 2026 21:58:36 CET"]
        {
            assert_eq!(http_date(text), None, "{text}");
        }
        assert_eq!(clock_difference(Some("Thu, 01 Jan 1970 00:10:00 GMT"), 30.2), Some(570));
    }
}
