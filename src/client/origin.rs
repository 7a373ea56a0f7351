//! Where requests go: scheme, host and port, nothing else.

use crate::untrusted::Untrusted;

/// An origin in its normal form: `https://omni.example.org`, `http://127.0.0.1:8080`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

/// Why a text is not an origin that we talk to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not a URL of the forms `https://host[:port]`, `grpc://host[:port]`, `http://host[:port]`.
    #[error("`{0}` is not an endpoint; write it as `https://host` or `https://host:port`")]
    Malformed(String),
    /// It carries a user name, a query or a fragment: those would be dropped or leak.
    #[error("`{0}` holds more than scheme, host and port; write only those")]
    Extra(String),
    /// Without TLS anybody on the way could read and change everything; signatures do not cover the body.
    #[error(
        "`{0}` is not encrypted; `http://` and `grpc://` are accepted for loopback addresses only, use `https://`"
    )]
    Plain(String),
}

impl Origin {
    /// Reads an endpoint as people write it. `grpc://` is the official client's word for `http://`: no TLS, port 80. A path
    /// is dropped, as the official client does.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        // Whatever stands before an `@` or after a `?` may be a secret.
        let shown = || {
            let host = text.split('@').next_back().unwrap_or_default();
            Untrusted::new(host.split(['?', '#']).next().unwrap_or_default()).line(120)
        };
        let trimmed = text.trim();
        let normal = match trimmed.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("grpc") => format!("http://{rest}"),
            _ => trimmed.to_owned(),
        };
        if normal.contains(char::is_whitespace) || normal.contains('\\') {
            return Err(OriginError::Malformed(shown()));
        }
        let url = url::Url::parse(&normal).map_err(|_| OriginError::Malformed(shown()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(OriginError::Malformed(shown()));
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(OriginError::Extra(shown()));
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(OriginError::Plain(shown()));
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// `scheme://host[:port]`; a scheme's own port is left out.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A loopback address or the name `localhost`; no other name, whatever it resolves to.
fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(a)) => a.is_loopback(),
        Some(url::Host::Ipv6(a)) => a.is_loopback(),
        Some(url::Host::Domain(d)) => d == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_have_one_normal_form() {
        for (text, want) in [
            ("https://omni.example.org", "https://omni.example.org"),
            (" https://OMNI.example.org:443/omni/ \n", "https://omni.example.org"),
            ("https://omni.example.org:8443", "https://omni.example.org:8443"),
            ("grpc://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("GRPC://localhost", "http://localhost"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(Origin::parse(text).map(|o| o.0), Ok(want.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_refused() {
        use OriginError::{Extra, Malformed, Plain};
        for text in
            ["", "omni.example.org", "ftp://x", "https://", "https://a b", "https:\\\\x", "ssh://omni"]
        {
            assert!(matches!(Origin::parse(text), Err(Malformed(_))), "{text}");
        }
        for text in
            ["https://u:secret@omni", "https://omni/?a", "https://omni/#x", "https://good@evil.example"]
        {
            let error = Origin::parse(text).unwrap_err();
            assert!(matches!(&error, Extra(_)) && !error.to_string().contains("secret"), "{text}: {error}");
        }
        for text in [
            "http://omni.example.org",
            "grpc://192.168.3.5:8080",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
        ] {
            assert!(matches!(Origin::parse(text), Err(Plain(_))), "{text}");
        }
    }
}
