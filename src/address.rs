//! Addresses: the only identity used in graph, record, plan and output.
//!
//! An address alternates kind and name: `cluster/talos-prod-01/machineset/workers`. Names are percent-encoded, so that
//! `/`, `%` and control characters in an id never change the structure. A last part without a name is a facet of
//! its parent (`provider/Proxmox/container`).

mod glob;

use std::fmt;
use std::str::FromStr;

pub use glob::Glob;

/// The name of one thing, printed and parsed the same everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    parts: Vec<String>,
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The text, or a part between two slashes, is empty.
    #[error("an address has no empty parts")]
    Empty,
    /// A `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
    #[error("`{0}` is not percent-encoded text")]
    Encoding(String),
}

impl Address {
    /// `kind/name`.
    pub fn new(kind: &str, name: &str) -> Self {
        Self { parts: vec![kind.to_owned(), name.to_owned()] }
    }
    /// `provider/ID`: an infrastructure provider, case-sensitive.
    pub fn provider(id: &str) -> Self {
        Self::new("provider", id)
    }
    /// `class/ID`: a machine class.
    pub fn class(id: &str) -> Self {
        Self::new("class", id)
    }
    /// `cluster/NAME`.
    pub fn cluster(name: &str) -> Self {
        Self::new("cluster", name)
    }
    /// This address followed by `kind/name`.
    #[must_use]
    pub fn child(&self, kind: &str, name: &str) -> Self {
        let mut parts = self.parts.clone();
        parts.push(kind.to_owned());
        parts.push(name.to_owned());
        Self { parts }
    }
    /// This address followed by a facet without a name (`container`, `files`).
    #[must_use]
    pub fn facet(&self, kind: &str) -> Self {
        let mut parts = self.parts.clone();
        parts.push(kind.to_owned());
        Self { parts }
    }
    /// Its parts in order, decoded: `class`, `a` of `class/a`.
    pub fn parts(&self) -> &[String] {
        &self.parts
    }
    /// The last kind: `machineset` of `cluster/a/machineset/b`, `container` of `provider/P/container`.
    pub fn kind(&self) -> &str {
        let n = self.parts.len();
        let at = if n.is_multiple_of(2) { n.saturating_sub(2) } else { n - 1 };
        self.parts.get(at).map_or("", String::as_str)
    }
    /// The last name, decoded; empty for a facet.
    pub fn name(&self) -> &str {
        if self.parts.len().is_multiple_of(2) { self.parts.last().map_or("", String::as_str) } else { "" }
    }
    /// The address above this one, if any.
    pub fn parent(&self) -> Option<Self> {
        let cut = if self.parts.len().is_multiple_of(2) { 2 } else { 1 };
        let keep = self.parts.len().checked_sub(cut).filter(|n| *n > 0)?;
        Some(Self { parts: self.parts.iter().take(keep).cloned().collect() })
    }
    /// Whether `other` is this address or lies below it.
    pub fn contains(&self, other: &Self) -> bool {
        other.parts.len() >= self.parts.len() && other.parts.iter().zip(&self.parts).all(|(a, b)| a == b)
    }
    /// The cluster this address belongs to, if it is a cluster or lies below one.
    pub fn cluster_name(&self) -> Option<&str> {
        match self.parts.first().map(String::as_str) {
            Some("cluster") => self.parts.get(1).map(String::as_str),
            _ => None,
        }
    }
}

fn encode(part: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write as _;
    for c in part.chars() {
        if c == '/' || c == '%' || c.is_control() || c.is_whitespace() {
            let mut buf = [0u8; 4];
            for b in c.encode_utf8(&mut buf).bytes() {
                write!(out, "%{b:02X}")?;
            }
        } else {
            out.write_char(c)?;
        }
    }
    Ok(())
}

fn decode(part: &str) -> Result<String, AddressError> {
    let bad = || AddressError::Encoding(part.to_owned());
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(b) = rest.next() {
        if b == b'%' {
            let pair = [rest.next().ok_or_else(bad)?, rest.next().ok_or_else(bad)?];
            let text = std::str::from_utf8(&pair).map_err(|_| bad())?;
            bytes.push(u8::from_str_radix(text, 16).map_err(|_| bad())?);
        } else {
            bytes.push(b);
        }
    }
    String::from_utf8(bytes).map_err(|_| bad())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, part) in self.parts.iter().enumerate() {
            if i > 0 {
                f.write_str("/")?;
            }
            encode(part, f)?;
        }
        Ok(())
    }
}

impl FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let parts = text.split('/').map(decode).collect::<Result<Vec<_>, _>>()?;
        if parts.iter().any(String::is_empty) {
            return Err(AddressError::Empty);
        }
        Ok(Self { parts })
    }
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_and_parsed_the_same() {
        let a = Address::cluster("talos-prod-01").child("patch", "200-cluster-x-patches/a b.yaml");
        assert_eq!(a.to_string(), "cluster/talos-prod-01/patch/200-cluster-x-patches%2Fa%20b.yaml");
        assert_eq!(a.to_string().parse::<Address>().unwrap(), a);
        assert_eq!(a.kind(), "patch");
        assert_eq!(a.cluster_name(), Some("talos-prod-01"));
    }

    #[test]
    fn facets_have_a_kind_and_no_name() {
        let a = Address::provider("Proxmox").facet("container");
        assert_eq!((a.kind(), a.name()), ("container", ""));
        assert_eq!(a.parent(), Some(Address::provider("Proxmox")));
        assert_eq!("a//b".parse::<Address>(), Err(AddressError::Empty));
    }
}
