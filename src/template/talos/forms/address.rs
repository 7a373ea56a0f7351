//! Addresses of networks and hardware, ports, routing tables.

use core::net::{IpAddr, Ipv6Addr};

/// An IP address; one of version 6 may have a zone.
pub(super) fn ip(text: &str) -> Option<IpAddr> {
    match text.split_once('%') {
        Some((_, "")) => None,
        Some((address, _)) => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

/// An IP address without a zone, a slash and a length without leading zeros.
pub(super) fn prefix(text: &str) -> bool {
    let Some((address, length)) = text.rsplit_once('/') else { return false };
    let most = match ip(address) {
        Some(_) if address.contains('%') => return false,
        Some(IpAddr::V4(_)) => 32,
        Some(IpAddr::V6(_)) => 128,
        None => return false,
    };
    digits(length)
        && (length.len() == 1 || !length.starts_with('0'))
        && length.parse::<u8>().is_ok_and(|n| n <= most)
}

/// An IP address, of version 6 in brackets, a colon and a port.
pub(super) fn with_port(text: &str) -> bool {
    let Some((address, port)) = text.rsplit_once(':') else { return false };
    let fits = match address.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.and_then(ip).is_some_and(|ip| ip.is_ipv6()),
        None => ip(address).is_some_and(|ip| ip.is_ipv4()),
    };
    fits && is_port(port)
}

/// Pairs of hexadecimal digits; colons may stand anywhere.
pub(super) fn hardware(text: &str) -> bool {
    let bytes = text.bytes().filter(|b| *b != b':');
    bytes.clone().all(|b| b.is_ascii_hexdigit()) && bytes.count().is_multiple_of(2)
}

/// A name in any letter case, or a number that no name stands for.
pub(super) fn routing_table(text: &str) -> bool {
    ["unspec", "default", "main", "local"].iter().any(|name| name.eq_ignore_ascii_case(text))
        || (digits(text) && !text.starts_with('0') && text.parse::<u8>().is_ok_and(|n| n <= 252))
}

/// Two ports with a dash between them.
pub(super) fn ports(text: &str) -> bool {
    text.split_once('-').is_some_and(|(low, high)| is_port(low) && is_port(high))
}

fn is_port(text: &str) -> bool {
    digits(text) && text.parse::<u16>().is_ok()
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for text in ["1.2.3.4", "::", "fe80::1%eth0", "::ffff:1.2.3.4"] {
            assert!(ip(text).is_some(), "{text}");
        }
        for text in ["1.2.3", "01.2.3.4", "1.2.3.4%eth0", "fe80::1%", "[::1]", "x"] {
            assert!(ip(text).is_none(), "{text}");
        }
        assert!(prefix("10.0.0.0/8") && prefix("::/0") && prefix("1.2.3.4/32"));
        for text in
            ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "fe80::1%a/64", "::/129", "10.0.0.0/"]
        {
            assert!(!prefix(text), "{text}");
        }
        assert!(with_port("1.2.3.4:53") && with_port("[::1]:53"));
        assert!(
            !with_port("::1:53")
                && !with_port("[1.2.3.4]:53")
                && !with_port("1.2.3.4:65536")
                && !with_port("x:1")
        );
    }

    #[test]
    fn hardware_tables_and_ports() {
        assert!(hardware("aa:BB:00:01:02:03") && hardware("aabb") && !hardware("aab") && !hardware("aa-bb"));
        assert!(
            routing_table("Main") && routing_table("252") && !routing_table("253") && !routing_table("0")
        );
        assert!(ports("1-65535") && !ports("1-") && !ports("80") && !ports("1-+2"));
    }
}
