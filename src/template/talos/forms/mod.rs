//! Forms of text that Talos reads into values while it decodes a document: a text of another form refuses the whole patch.

mod address;
mod base64;
mod size;
mod url;

/// A form of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A URL, absolute or not.
    Url,
    /// Bytes in base64.
    Base64,
    /// Bytes in base64, or the stars that stand for a secret.
    Secret,
    /// A size: `10GB`, `1.5 GiB`, `4096`.
    Bytes,
    /// A size with an optional minus.
    SignedBytes,
    /// A size with an optional minus, or a percentage.
    Size,
    /// A size to compare with: `>= 1TB`.
    Compared,
    /// An IP address.
    Address,
    /// An IP address with a prefix length.
    Prefix,
    /// An IP address with a port.
    AddressPort,
    /// A hardware address in hexadecimal digits.
    Hardware,
    /// A number of a routing table, or the name of one.
    RoutingTable,
    /// Two ports with a dash.
    Ports,
}

impl Form {
    pub(super) fn parse(code: &str) -> Option<Self> {
        Some(match code {
            "url" => Self::Url,
            "base64" => Self::Base64,
            "secret" => Self::Secret,
            "bytes" => Self::Bytes,
            "signed" => Self::SignedBytes,
            "size" => Self::Size,
            "compared" => Self::Compared,
            "addr" => Self::Address,
            "prefix" => Self::Prefix,
            "addrport" => Self::AddressPort,
            "hardware" => Self::Hardware,
            "table" => Self::RoutingTable,
            "ports" => Self::Ports,
            _ => return None,
        })
    }

    /// What a field of this form takes, with article.
    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Url => "a URL",
            Self::Base64 | Self::Secret => "bytes in base64",
            Self::Bytes | Self::SignedBytes => "a size such as `10GB`",
            Self::Size => "a size such as `10GB` or `50%`",
            Self::Compared => "a size to compare with, such as `>= 10GB`",
            Self::Address => "an IP address",
            Self::Prefix => "an IP address with a prefix length",
            Self::AddressPort => "an IP address with a port",
            Self::Hardware => "a hardware address",
            Self::RoutingTable => "a routing table (`main`, or a number up to 252)",
            Self::Ports => "a port, or two with a dash",
        }
    }

    /// Whether a text has the form.
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Self::Url => url::fits(text),
            Self::Base64 => base64::fits(text),
            Self::Secret => text == "******" || base64::fits(text),
            Self::Bytes => size::bytes(text),
            Self::SignedBytes => size::signed(text),
            Self::Size => size::size(text),
            Self::Compared => size::compared(text),
            Self::Address => text.is_empty() || address::ip(text).is_some(),
            Self::Prefix => text.is_empty() || address::prefix(text),
            Self::AddressPort => text.is_empty() || address::with_port(text),
            Self::Hardware => address::hardware(text),
            Self::RoutingTable => address::routing_table(text),
            Self::Ports => address::ports(text),
        }
    }
}
