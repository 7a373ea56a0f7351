//! Tolerant semantic versions, as omnictl reads them: blanks around, one `v`, missing parts and leading zeros are fine.

use std::cmp::Ordering;

/// A version: three numbers and what is before the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    parts: [u64; 3],
    pre: Vec<Pre>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pre {
    Number(u64),
    Text(String),
}

impl Version {
    pub(super) fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self { parts: [major, minor, patch], pre: Vec::new() }
    }

    /// Major and minor number.
    pub(super) fn minor(&self) -> (u64, u64) {
        let [major, minor, _] = self.parts;
        (major, minor)
    }

    /// Reads a version; the error is a short reason.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let mut parts: Vec<String> = text.splitn(3, '.').map(without_zeros).collect();
        if parts.len() < 3 {
            if parts.last().is_some_and(|p| p.contains(['+', '-'])) {
                return Err("a version of less than three parts cannot have a pre-release or build".into());
            }
            parts.resize(3, "0".to_owned());
        }
        let [major, minor, rest] = parts.as_slice() else { return Err("not three parts".into()) };
        let (rest, build) = rest.split_once('+').map_or((rest.as_str(), None), |(r, b)| (r, Some(b)));
        let (patch, pre) = rest.split_once('-').map_or((rest, None), |(p, pre)| (p, Some(pre)));
        let parts = [number("major", major)?, number("minor", minor)?, number("patch", patch)?];
        let pre = pre.map_or(Ok(Vec::new()), |pre| pre.split('.').map(pre_release).collect())?;
        if build.is_some_and(|b| b.split('.').any(|part| part.is_empty() || !alphanumeric(part))) {
            return Err("invalid build part".into());
        }
        Ok(Self { parts, pre })
    }
}

fn without_zeros(part: &str) -> String {
    if part.len() <= 1 {
        return part.to_owned();
    }
    let rest = part.trim_start_matches('0');
    if rest.starts_with(|c: char| c.is_ascii_digit()) { rest.to_owned() } else { format!("0{rest}") }
}

fn number(which: &str, text: &str) -> Result<u64, String> {
    if text.bytes().all(|b| b.is_ascii_digit()) && (text.len() < 2 || !text.starts_with('0')) {
        text.parse().map_err(|_| format!("the {which} number is missing or too large"))
    } else {
        Err(format!("invalid characters in the {which} number"))
    }
}

fn alphanumeric(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn pre_release(part: &str) -> Result<Pre, String> {
    if part.is_empty() || !alphanumeric(part) {
        return Err("invalid pre-release".into());
    }
    if !part.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(Pre::Text(part.to_owned()));
    }
    if part.len() > 1 && part.starts_with('0') {
        return Err("a number of the pre-release has leading zeros".into());
    }
    part.parse().map(Pre::Number).map_err(|_| "a number of the pre-release is too large".into())
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    /// A pre-release comes before its release; build parts do not count.
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts.cmp(&other.parts).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ => self.pre.cmp(&other.pre),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerant() {
        for text in ["v1.34.3", "1.34", "1", " v1.2.3 ", "v01.036", "1.2.3-alpha.1+b.7", "v1.2.3-0a", "v0"] {
            assert!(Version::parse(text).is_ok(), "{text}");
        }
        for text in [
            "vv1.2.3",
            "latest",
            "1.2.3.4",
            "v1.13.x",
            "v1.2-rc.1",
            "1.2+b",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3-a..b",
            "1.2.3+",
            "",
            "v",
            ".1.2",
            "1..2",
            "v1.3.0gamma.0",
            "99999999999999999999.0.0",
        ] {
            assert!(Version::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pre_releases_are_older() {
        let v = |t| Version::parse(t).unwrap();
        assert!(v("1.5.0-alpha.0") < v("1.5.0") && v("1.5.0-alpha.2") < v("1.5.0-alpha.10"));
        assert!(v("1.5.0-alpha") < v("1.5.0-alpha.0") && v("1.5.0-1") < v("1.5.0-a"));
        assert_eq!(v("v1.05"), Version::new(1, 5, 0));
    }
}
