//! Reading fields of what was seen. What may be shown is escaped here.

use crate::address::Address;
use crate::resource::LiveResource;
use crate::untrusted::Untrusted;
use crate::value::Value;

/// Longest text of a status or an error that is shown.
const LONG: usize = 300;
/// Longest name.
const NAME: usize = 120;

/// A name from outside, to be shown.
pub(in crate::checks) fn shown(text: &str) -> String {
    Untrusted::new(text).line(NAME)
}

/// A sentence from outside, to be shown.
pub(in crate::checks) fn said(text: &str) -> String {
    Untrusted::new(text).line(LONG)
}

/// A text field for comparisons, if it says something.
pub(in crate::checks) fn raw<'a>(live: &'a LiveResource, path: &[&str]) -> Option<&'a str> {
    live.resource.spec.at(path).and_then(Value::as_str).filter(|t| !t.is_empty())
}

/// A number or an enum; zero if it is left out.
pub(in crate::checks) fn number(live: &LiveResource, path: &[&str]) -> i128 {
    live.resource.spec.at(path).and_then(Value::as_int).unwrap_or(0)
}

/// A flag; false if it is left out.
pub(in crate::checks) fn flag(live: &LiveResource, path: &[&str]) -> bool {
    live.resource.spec.at(path).and_then(Value::as_bool) == Some(true)
}

/// Seconds since 1970 of a time as Omni writes it.
pub(in crate::checks) fn seconds(time: &str) -> Option<u64> {
    u64::try_from(time.parse::<jiff::Timestamp>().ok()?.as_second()).ok()
}

/// A time for people, in UTC.
pub(in crate::checks) fn time(unix: u64) -> String {
    i64::try_from(unix)
        .ok()
        .and_then(|s| jiff::Timestamp::from_second(s).ok())
        .map_or_else(|| format!("Unix time {unix}"), |t| t.to_string())
}

/// A span for people.
pub(in crate::checks) fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Address of a machine by its request.
pub(in crate::checks) fn machine_address(request: &str) -> Address {
    Address::new("machine", request)
}

/// Address of a VM.
pub(in crate::checks) fn vm_address(proxmox: &str, vmid: u32) -> Address {
    Address::new("vm", proxmox).facet(&vmid.to_string())
}

/// A word of a command that people paste: quoted for a shell unless it is plainly harmless.
pub(in crate::checks) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '@' | '!');
    let text = shown(text);
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_is_one_word() {
        assert_eq!(word("c-workers-b2"), "c-workers-b2");
        assert_eq!(word("a; rm -rf '/'"), "'a; rm -rf '\\''/'\\'''");
        assert_eq!(word("--force"), "'--force'");
    }

    #[test]
    fn times_are_read_and_written() {
        assert_eq!(seconds("2026-03-01T00:00:00Z"), Some(1_772_323_200));
        assert_eq!(seconds(""), None);
        assert_eq!(time(1_772_323_200), "2026-03-01T00:00:00Z");
        assert_eq!(
            (span(90).as_str(), span(600).as_str(), span(200_000).as_str()),
            ("90 s", "10 min", "2 days")
        );
    }
}
