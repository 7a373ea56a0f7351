//! What the template language is for a server: which keys there are, what patches may not set, how an install disk is stored.
//!
//! A template is read as by the client that belongs to the server. Clients of one minor version read alike; what came after
//! 1.10 is one dialect, because no released server tells its steps apart.

use std::fmt;

/// The language that a template is read in: that of the client which belongs to a version of Omni. Ordered from old to new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// Omni 1.9 and older.
    #[default]
    V1_9,
    /// Omni 1.10: two more features of a cluster, and a longer list of what patches may not set, in all their documents.
    V1_10,
    /// Newer: the install disk is a resource of its own.
    Newest,
}

impl Dialect {
    /// All of them, old to new.
    pub const ALL: [Self; 3] = [Self::V1_9, Self::V1_10, Self::Newest];

    /// The dialect that a version number or the word `newest` names, when no server can be asked. `None` if it is neither.
    pub fn named(text: &str) -> Option<Self> {
        if text == "newest" {
            return Some(Self::Newest);
        }
        minor(text).map(|(major, minor)| match (major, minor) {
            (0, _) | (1, ..=9) => Self::V1_9,
            (1, 10) => Self::V1_10,
            _ => Self::Newest,
        })
    }

    /// The dialect of a server that says `version` of itself, and that can or cannot list install disks as resources. A number
    /// does not tell the latter: development versions call themselves 1.10, and no released 1.10 has the type.
    pub fn of_server(version: Option<&str>, install_disks: bool) -> Option<Self> {
        if install_disks {
            return Some(Self::Newest);
        }
        version.and_then(Self::named).map(|named| named.min(Self::V1_10))
    }

    /// Whether a Machine's install disk is a resource rather than a config patch.
    pub(super) fn has_install_disks(self) -> bool {
        self >= Self::Newest
    }

    /// Whether all documents of a patch are searched for what it may not set, rather than the first.
    pub(super) fn searches_all_documents(self) -> bool {
        self >= Self::V1_10
    }

    /// Whether a date without quotes is refused where text is wanted.
    pub(super) fn refuses_dates_as_text(self) -> bool {
        self >= Self::V1_10
    }

    /// Whether features that came after 1.9 are printed even when they are off.
    pub(super) fn prints_newer_features(self) -> bool {
        self >= Self::V1_10
    }

    /// How to say to the tool that the server is at least of this dialect.
    pub(super) fn way_out(self) -> String {
        match self {
            Self::V1_9 => String::new(),
            Self::V1_10 => "for a server of Omni 1.10 write `version: \"1.10\"` into `omni` of the spec, or render with \
                 `--omni 1.10`"
                .to_owned(),
            Self::Newest => "for a server newer than Omni 1.10 write `version: newest` into `omni` of the spec, or render \
                 with `--omni newest`"
                .to_owned(),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_9 => "Omni 1.9",
            Self::V1_10 => "Omni 1.10",
            Self::Newest => "the newest Omni",
        })
    }
}

/// Major and minor number of `1.10`, `v1.9.3` or `v1.10.0-beta.0`; what follows the minor number may be anything that begins
/// with `.`, `-` or `+`.
pub fn minor(text: &str) -> Option<(u32, u32)> {
    let number = |part: &str| {
        let plain = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse::<u32>().ok()).flatten()
    };
    let (major, rest) = text.strip_prefix('v').unwrap_or(text).split_once('.')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (minor, rest) = rest.split_at(end);
    let ends = rest.is_empty() || rest.starts_with(['.', '-', '+']);
    Some((number(major)?, number(minor).filter(|_| ends)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_name_dialects() {
        for (text, dialect) in [
            ("1.8", Some(Dialect::V1_9)),
            ("1.9", Some(Dialect::V1_9)),
            ("v1.9.3", Some(Dialect::V1_9)),
            ("0.52.1", Some(Dialect::V1_9)),
            ("1.10", Some(Dialect::V1_10)),
            ("v1.10.0-beta.0", Some(Dialect::V1_10)),
            ("1.11", Some(Dialect::Newest)),
            ("v2.0.0+dirty", Some(Dialect::Newest)),
            ("newest", Some(Dialect::Newest)),
            ("1", None),
            ("1.", None),
            ("1.x", None),
            ("1.10x", None),
            ("latest", None),
            ("", None),
        ] {
            assert_eq!(Dialect::named(text), dialect, "{text}");
        }
    }

    #[test]
    fn only_a_listed_type_makes_the_install_disk_a_resource() {
        assert_eq!(Dialect::of_server(Some("v1.10.0-beta.0"), true), Some(Dialect::Newest));
        assert_eq!(Dialect::of_server(Some("v1.10.4"), false), Some(Dialect::V1_10));
        assert_eq!(Dialect::of_server(Some("v1.12.0"), false), Some(Dialect::V1_10));
        assert_eq!(Dialect::of_server(Some("v1.9.3"), false), Some(Dialect::V1_9));
        assert_eq!(Dialect::of_server(Some("private build"), false), None);
        assert_eq!(Dialect::of_server(None, false), None);
    }
}
