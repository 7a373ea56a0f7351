//! Endpoints, addresses and names.

use core::net::IpAddr;

use url::{Host, Url};

use crate::diag::{Diagnostic, SourceId, Span};
use crate::spec::fields::{bad_value, quote};

/// An endpoint that was refused. What stands before an `@` or behind a `?` may be a password: then only the rest is shown.
pub(in crate::spec) fn refused(source: SourceId, span: Span, text: &str, why: &str) -> Diagnostic {
    let host = text.rsplit('@').next().unwrap_or_default();
    let host = host.split(['?', '#']).next().unwrap_or_default();
    let problem = bad_value(source, span, format!("the endpoint {} {why}", quote(host)));
    if host == text { problem } else { problem.unquoted() }
}

/// The origin of an endpoint: `https://host[:port]`, or `http://` on a loopback address.
///
/// # Errors
/// Why it is refused, as the end of a sentence.
pub(in crate::spec) fn endpoint(text: &str, plain_allowed: bool) -> Result<String, String> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) || text.contains('\\') {
        return Err("has blanks or backslashes in it".into());
    }
    let url = Url::parse(text).map_err(|e| format!("is no address: {e}"))?;
    let host = url.host().ok_or("has no host")?;
    let loopback = match &host {
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
        Host::Domain(name) => *name == "localhost",
    };
    match url.scheme() {
        "https" => {}
        "http" if plain_allowed && loopback => {}
        "http" if plain_allowed => {
            return Err("is not encrypted; `http://` is for loopback addresses only".into());
        }
        "http" => return Err("is not encrypted; it begins with `https://`".into()),
        _ => return Err("does not begin with `https://`".into()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name or password in it; secrets come from the environment".into());
    }
    if url.query().is_some() || url.fragment().is_some() || !matches!(url.path(), "" | "/") {
        return Err("has more than scheme, host and port".into());
    }
    if text.split("://").nth(1).is_some_and(|rest| rest.contains('@')) {
        return Err("has an `@` in it".into());
    }
    if let Host::Domain(name) = &host
        && name.ends_with('.')
    {
        return Err("has a host that ends with a dot".into());
    }
    Ok(url.origin().ascii_serialization())
}

/// An IP address in its usual form.
pub(in crate::spec) fn ip(text: &str) -> Option<String> {
    text.parse::<IpAddr>().ok().map(|ip| ip.to_string())
}

/// An address with a prefix length (`192.168.3.10/24`), and its parts.
pub(in crate::spec) fn cidr(text: &str) -> Option<(IpAddr, u8)> {
    let (ip, prefix) = text.split_once('/')?;
    let ip: IpAddr = ip.parse().ok()?;
    let prefix: u8 = prefix.parse().ok().filter(|_| !prefix.starts_with('+'))?;
    (prefix <= if ip.is_ipv4() { 32 } else { 128 }).then_some((ip, prefix))
}

/// Whether `other` lies in the network of an address with prefix length.
pub(in crate::spec) fn same_network((ip, prefix): (IpAddr, u8), other: IpAddr) -> bool {
    let bits = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)) << 96, 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    };
    let ((a, width), (b, other_width)) = (bits(ip), bits(other));
    width == other_width && (prefix == 0 || (a ^ b) >> (128 - u32::from(prefix)) == 0)
}

/// A name of one DNS label: what Proxmox takes for nodes and host names.
pub(in crate::spec) fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 63
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_origins() {
        for (text, want) in [
            ("https://omni.spaceships.work", "https://omni.spaceships.work"),
            ("https://omni.spaceships.work/", "https://omni.spaceships.work"),
            ("https://192.168.3.5:8006", "https://192.168.3.5:8006"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(endpoint(text, true).as_deref(), Ok(want), "{text}");
        }
        for text in [
            "http://omni.spaceships.work",
            "https://user:pw@host",
            "https://host:99999",
            "file:///etc/passwd",
            "https://host/#",
            "https://host/?a=b",
            "https://host/api",
            "https://@host",
            "https://host.",
            "https://[::1%25eth0]",
            "host",
            "https://",
            "https://a b",
            "ftp://host",
        ] {
            assert!(endpoint(text, true).is_err(), "{text}");
        }
        assert!(endpoint("http://127.0.0.1", false).is_err());
    }

    #[test]
    fn networks() {
        let net = cidr("192.168.3.10/24").unwrap();
        assert!(same_network(net, "192.168.3.1".parse().unwrap()));
        assert!(!same_network(net, "192.168.4.1".parse().unwrap()));
        assert!(
            cidr("192.168.3.10").is_none() && cidr("192.168.3.10/33").is_none() && cidr("x/24").is_none()
        );
    }
}
