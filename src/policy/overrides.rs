//! What somebody allows by hand: always of one thing at one address, never of everything.

use std::fmt;
use std::str::FromStr;

use crate::address::Address;

/// One `--allow` or `--acknowledge`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Override {
    /// `--allow destroy:ADDRESS`
    Destroy(Address),
    /// `--allow threshold:SCOPE=N`
    Threshold {
        /// Which count.
        scope: Scope,
        /// So many are allowed.
        most: u32,
    },
    /// `--allow loosen:OPTION`
    Loosen(
        /// Path of the option in the spec, as the message prints it.
        String,
    ),
    /// `--acknowledge G05:ADDRESS`
    Acknowledge {
        /// The guard.
        guard: String,
        /// The address that it speaks of.
        address: Address,
    },
}

/// What a threshold counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Machines of one cluster.
    Cluster(Address),
    /// Machines of all clusters.
    Total,
    /// Machine classes.
    Classes,
    /// Clusters.
    Clusters,
}

/// Why a text is no override.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// There is no `:` between kind and address.
    #[error("it has no `:` between what is allowed and where")]
    NoAddress,
    /// The kind is not known.
    #[error("`{0}` cannot be allowed")]
    Kind(String),
    /// The address is none.
    #[error("`{address}` is no address: {why}")]
    Address {
        /// What was given.
        address: String,
        /// Why not.
        why: String,
    },
    /// A threshold without a number.
    #[error("`{0}` has no number behind `=`")]
    Number(String),
    /// An option that names nothing.
    #[error("`{0}` is no option of the spec: it is named as the message prints it")]
    Option(String),
    /// A guard that cannot be acknowledged.
    #[error("`{0}` is no guard that can be acknowledged")]
    Guard(String),
}

impl Override {
    /// The value of `--allow`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn allow(text: &str) -> Result<Self, OverrideError> {
        let (kind, rest) = text.split_once(':').ok_or(OverrideError::NoAddress)?;
        match kind {
            "destroy" => Ok(Self::Destroy(address(rest)?)),
            "loosen" if rest.is_empty() || rest.contains('*') => Err(OverrideError::Option(rest.to_owned())),
            "loosen" => Ok(Self::Loosen(rest.to_owned())),
            "threshold" => {
                let (scope, number) =
                    rest.rsplit_once('=').ok_or_else(|| OverrideError::Number(rest.to_owned()))?;
                let most = number.parse().map_err(|_| OverrideError::Number(rest.to_owned()))?;
                let scope = match scope {
                    "total" => Scope::Total,
                    "classes" => Scope::Classes,
                    "clusters" => Scope::Clusters,
                    other => {
                        let cluster = address(other)?;
                        if cluster.kind() != "cluster" || cluster.parent().is_some() {
                            return Err(OverrideError::Address {
                                address: other.to_owned(),
                                why: "a threshold is of `cluster/NAME`, `total`, `classes` or `clusters`"
                                    .to_owned(),
                            });
                        }
                        Scope::Cluster(cluster)
                    }
                };
                Ok(Self::Threshold { scope, most })
            }
            other => Err(OverrideError::Kind(other.to_owned())),
        }
    }

    /// The value of `--acknowledge`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn acknowledge(text: &str) -> Result<Self, OverrideError> {
        let (guard, rest) = text.split_once(':').ok_or(OverrideError::NoAddress)?;
        let known = super::guards::ALL.iter().any(|g| g.code == guard && g.acknowledged);
        if !known {
            return Err(OverrideError::Guard(guard.to_owned()));
        }
        Ok(Self::Acknowledge { guard: guard.to_owned(), address: address(rest)? })
    }

    /// Whether this is enough for a finding that asks for `asked`.
    pub fn covers(&self, asked: &Self) -> bool {
        match (self, asked) {
            (Self::Threshold { scope: a, most: given }, Self::Threshold { scope: b, most: needed }) => {
                a == b && given >= needed
            }
            _ => self == asked,
        }
    }
}

fn address(text: &str) -> Result<Address, OverrideError> {
    let wrong = |why: String| OverrideError::Address { address: text.to_owned(), why };
    let address: Address = text.parse().map_err(|e: crate::address::AddressError| wrong(e.to_string()))?;
    if text.contains('*') {
        return Err(wrong("what is allowed is named, not matched by a pattern".to_owned()));
    }
    if address.parent().is_none() && address.name().is_empty() {
        return Err(wrong("it names nothing; write it as plans do, as `cluster/NAME`".to_owned()));
    }
    Ok(address)
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster(address) => write!(f, "{address}"),
            Self::Total => f.write_str("total"),
            Self::Classes => f.write_str("classes"),
            Self::Clusters => f.write_str("clusters"),
        }
    }
}

/// The flag as it is typed.
impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Destroy(address) => write!(f, "--allow destroy:{address}"),
            Self::Threshold { scope, most } => write!(f, "--allow threshold:{scope}={most}"),
            Self::Loosen(option) => write!(f, "--allow loosen:{option}"),
            Self::Acknowledge { guard, address } => write!(f, "--acknowledge {guard}:{address}"),
        }
    }
}

/// The flag as it is typed, back.
impl FromStr for Override {
    type Err = OverrideError;
    fn from_str(text: &str) -> Result<Self, OverrideError> {
        match text.split_once(' ') {
            Some(("--allow", rest)) => Self::allow(rest),
            Some(("--acknowledge", rest)) => Self::acknowledge(rest),
            _ => Err(OverrideError::Kind(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_and_printed_the_same() {
        for text in [
            "--allow destroy:cluster/dev",
            "--allow destroy:cluster/dev/machineset/control-planes",
            "--allow threshold:cluster/a%20b=3",
            "--allow threshold:total=12",
            "--allow threshold:classes=4",
            "--allow threshold:clusters=2",
            "--acknowledge G06:cluster/dev",
            "--allow loosen:policy.rules.small",
        ] {
            assert_eq!(text.parse::<Override>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nothing_is_allowed_as_a_whole() {
        for (text, words) in [
            ("--allow destroy", "no `:`"),
            ("--allow destroy:", "no empty parts"),
            ("--allow loosen:", "no option"),
            ("--allow loosen:policy.*", "no option"),
            ("--allow destroy:cluster", "it names nothing"),
            ("--allow destroy:cluster/*", "not matched by a pattern"),
            ("--allow destroy:**", "not matched by a pattern"),
            ("--allow everything:cluster/a", "`everything` cannot be allowed"),
            ("--allow threshold:cluster/a", "no number"),
            ("--allow threshold:cluster/a=many", "no number"),
            ("--allow threshold:cluster/a/machineset/w=2", "a threshold is of"),
            ("--acknowledge G06", "no `:`"),
            ("--acknowledge G03:cluster/a", "no guard that can be acknowledged"),
            ("--acknowledge G99:cluster/a", "no guard that can be acknowledged"),
        ] {
            let error = text.parse::<Override>().unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_threshold_covers_up_to_its_number_in_its_own_scope() {
        let flag = |text: &str| text.parse::<Override>().unwrap();
        let given = flag("--allow threshold:cluster/a=3");
        assert!(given.covers(&flag("--allow threshold:cluster/a=3")));
        assert!(given.covers(&flag("--allow threshold:cluster/a=2")));
        assert!(!given.covers(&flag("--allow threshold:cluster/a=4")));
        assert!(!given.covers(&flag("--allow threshold:cluster/b=2")));
        assert!(!given.covers(&flag("--allow threshold:total=2")));
        assert!(!flag("--allow destroy:cluster/a").covers(&flag("--allow destroy:cluster/a/node/x")));
    }
}
