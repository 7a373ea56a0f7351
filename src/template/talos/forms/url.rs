//! URLs as Go reads them: what it refuses, Talos refuses while decoding.

use super::address;
use core::net::IpAddr;

/// Whether Go reads a text as a URL.
pub(super) fn fits(text: &str) -> bool {
    if text.bytes().any(|b| b < b' ' || b == 0x7f) {
        return false;
    }
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    let Some((scheme, rest)) = scheme(text) else { return false };
    let rest = rest.split_once('?').map_or(rest, |(path, _)| path);
    escapes(fragment) && hierarchy(scheme, rest)
}

/// The scheme, if there is one, and the rest; `None` if nothing stands before the colon.
fn scheme(text: &str) -> Option<(&str, &str)> {
    for (i, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if i > 0 => {}
            ':' if i == 0 => return None,
            ':' => return text.split_once(':'),
            _ => break,
        }
    }
    Some(("", text))
}

fn hierarchy(scheme: &str, rest: &str) -> bool {
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            return true;
        }
        // A first part with a colon would look like a scheme.
        if rest.split('/').next().is_some_and(|first| first.contains(':')) {
            return false;
        }
    }
    let authority = rest.strip_prefix("//").filter(|_| !scheme.is_empty() || !rest.starts_with("///"));
    let Some(after) = authority else { return escapes(rest) };
    let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
    let host = match authority.rsplit_once('@') {
        Some((user, host)) => {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:!$&'()*+,;=%@".contains(c);
            if !user.chars().all(plain) || !escapes(user) {
                return false;
            }
            host
        }
        None => authority,
    };
    is_host(scheme, host) && escapes(path)
}

fn is_host(scheme: &str, host: &str) -> bool {
    match host.rfind('[') {
        Some(0) => {
            let Some((inner, port)) = host.get(1..).and_then(|rest| rest.rsplit_once(']')) else {
                return false;
            };
            let (address, zone) = inner.split_once("%25").unwrap_or((inner, "z"));
            let version_6 = matches!(address::ip(address), Some(IpAddr::V6(_)));
            is_port(port) && version_6 && !zone.is_empty()
        }
        Some(_) => false,
        None => {
            // Of several colons, the web's schemes may have none.
            let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
            let colon = if web { host.find(':') } else { host.rfind(':') };
            let port = colon.and_then(|at| host.get(at..)).unwrap_or_default();
            is_port(port) && host_characters(host)
        }
    }
}

/// Nothing, or a colon and digits.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

/// Escapes in a host stand for characters outside ASCII only.
fn host_characters(host: &str) -> bool {
    let plain = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:[]<>\"%".contains(c);
    let mut parts = host.split('%');
    let _ = parts.next();
    escapes(host)
        && host.chars().all(plain)
        && parts.all(|part| part.starts_with("25") || part.starts_with(|c: char| !('0'..='7').contains(&c)))
}

/// Whether two hexadecimal digits follow every `%`.
fn escapes(text: &str) -> bool {
    let mut parts = text.split('%');
    let _ = parts.next();
    parts.all(|part| part.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn what_go_reads() {
        for text in [
            "",
            "x",
            "/a b",
            "https://example.org:6443/a?b=c#d",
            "udp://1.2.3.4:5",
            "tcp://[::1]:5/",
            "mailto:a@b",
            "http://[fe80::1%25eth0]:1/",
            "http://user:p%20w@host/",
            "a/b:c",
            "http://h:/",
            "tcp://a:1:2",
            "http://é/",
        ] {
            assert!(fits(text), "{text}");
        }
        for text in [
            ":a",
            "1:2",
            "a b:c",
            "http://a b/",
            "http://h:x/",
            "http://::1/",
            "http://[::1/",
            "http://[x]/",
            "a\u{7f}",
            "http://h/%zz",
            "http://h/%4",
            "http://%41/",
            "http://a[::1]/",
            "http://[1.2.3.4]/",
            "http://us er@h/",
            "a#%",
        ] {
            assert!(!fits(text), "{text}");
        }
    }
}
