//! Patterns over addresses: `--target`, `--exclude`, `lifecycle`, exceptions of a policy.

use std::fmt;
use std::str::FromStr;

use super::{Address, AddressError, decode};

/// A pattern over addresses, compared part by part: `*` stands for any characters of one part, `?` for one character, a part
/// `**` for any number of parts, none included. So `cluster/dev/**` is the cluster and everything below it,
/// `cluster/*/patch/*` every patch of every cluster, and an address without a star is itself alone. A star that is meant as
/// a character is written `%2A`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glob {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// `**`
    Depth,
    One(Vec<Piece>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    /// `*`
    Many,
    /// `?`
    Any,
    This(char),
}

impl Glob {
    /// Whether an address fits.
    pub fn matches(&self, address: &Address) -> bool {
        let names: Vec<Vec<char>> = address.parts.iter().map(|p| p.chars().collect()).collect();
        fits(
            &self.parts,
            &names,
            |part| *part == Part::Depth,
            |part, name| match part {
                Part::Depth => true,
                Part::One(pieces) => fits(
                    pieces,
                    name,
                    |piece| *piece == Piece::Many,
                    |piece, c| match piece {
                        Piece::Many | Piece::Any => true,
                        Piece::This(this) => this == c,
                    },
                ),
            },
        )
    }
    /// The one address that it can fit, if it has no star and no question mark.
    pub fn exact(&self) -> Option<Address> {
        let part = |part: &Part| match part {
            Part::Depth => None,
            Part::One(pieces) => pieces
                .iter()
                .map(|p| match p {
                    Piece::This(c) => Some(*c),
                    Piece::Many | Piece::Any => None,
                })
                .collect::<Option<String>>(),
        };
        Some(Address { parts: self.parts.iter().map(part).collect::<Option<_>>()? })
    }
    /// The text that it was read from.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// What fits an address and everything below it.
    #[must_use]
    pub fn subtree(address: &Address) -> Self {
        let this = |name: &String| Part::One(name.chars().map(Piece::This).collect());
        let parts = address.parts.iter().map(this).chain([Part::Depth]).collect();
        // Printed, the characters that mean something in a pattern are written as numbers.
        let text = address.to_string().replace('*', "%2A").replace('?', "%3F");
        Self { text: format!("{text}/**"), parts }
    }
}

/// Whether a pattern fits a row, where a `skip` of the pattern takes any number of the row: the classic walk with one way
/// back, linear but for stars, and without recursion.
fn fits<P, T>(pattern: &[P], row: &[T], skip: impl Fn(&P) -> bool, one: impl Fn(&P, &T) -> bool) -> bool {
    let (mut p, mut r) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while let Some(item) = row.get(r) {
        match pattern.get(p) {
            Some(at) if skip(at) => {
                back = Some((p, r));
                p += 1;
            }
            Some(at) if one(at, item) => {
                p += 1;
                r += 1;
            }
            _ => match back {
                Some((star, taken)) => {
                    back = Some((star, taken + 1));
                    p = star + 1;
                    r = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(skip))
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Glob {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let part = |part: &str| {
            if part.is_empty() {
                return Err(AddressError::Empty);
            }
            if part == "**" {
                return Ok(Part::Depth);
            }
            let mut pieces = Vec::new();
            // Decoded between the stars, so that a star that was written as a number is a character.
            for stretch in part.split_inclusive(['*', '?']) {
                let (plain, wild) = match stretch.strip_suffix('*') {
                    Some(plain) => (plain, Some(Piece::Many)),
                    None => match stretch.strip_suffix('?') {
                        Some(plain) => (plain, Some(Piece::Any)),
                        None => (stretch, None),
                    },
                };
                pieces.extend(decode(plain)?.chars().map(Piece::This));
                pieces.extend(wild);
            }
            Ok(Part::One(pieces))
        };
        let parts = text.split('/').map(part).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), parts })
    }
}

impl serde::Serialize for Glob {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for Glob {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(glob: &str, address: &str) -> bool {
        glob.parse::<Glob>().unwrap().matches(&address.parse().unwrap())
    }

    #[test]
    fn a_star_is_one_part_and_two_are_any_depth() {
        for (glob, address, wanted) in [
            ("cluster/dev", "cluster/dev", true),
            ("cluster/dev", "cluster/dev/patch/a", false),
            ("cluster/dev", "cluster/dev2", false),
            ("cluster/*", "cluster/dev", true),
            ("cluster/*", "cluster/dev/patch/a", false),
            ("cluster/dev/**", "cluster/dev", true),
            ("cluster/dev/**", "cluster/dev/machineset/workers", true),
            ("cluster/dev/**", "cluster/dev2/machineset/workers", false),
            ("cluster/*/patch/*", "cluster/dev/patch/100-a", true),
            ("cluster/*/patch/*", "cluster/dev/machineset/a", false),
            ("**/patch/*", "cluster/dev/patch/a", true),
            ("**", "class/a", true),
            ("**/*", "class/a", true),
            ("**/a/**/b", "x/a/y/a/z/b", true),
            ("**/a/**/b", "x/a/y/a/z/c", false),
            ("class/matrix-*", "class/matrix-worker", true),
            ("class/*-w*r", "class/matrix-worker", true),
            ("class/*-w*x", "class/matrix-worker", false),
            ("class/node-?", "class/node-1", true),
            ("class/node-?", "class/node-11", false),
            ("class/***", "class/a", true),
            ("*", "class/a", false),
            ("Class/a", "class/a", false),
            // What is encoded never changes the structure, and a star can be a character.
            ("cluster/*", "cluster/a%2Fb", true),
            ("cluster/a%2Fb", "cluster/a%2Fb", true),
            ("cluster/a%2A", "cluster/ab", false),
            ("cluster/a%2A", "cluster/a*", true),
            ("provider/*/container", "provider/Proxmox/container", true),
        ] {
            assert_eq!(fits(glob, address), wanted, "{glob} {address}");
        }
        assert_eq!("cluster//a".parse::<Glob>(), Err(AddressError::Empty));
        assert_eq!("".parse::<Glob>(), Err(AddressError::Empty));
        assert!("cluster/%zz*".parse::<Glob>().is_err());
    }

    #[test]
    fn a_pattern_without_stars_is_one_address() {
        let address = Address::cluster("dev").child("patch", "a*b c");
        assert_eq!("cluster/dev/patch/a%2Ab%20c".parse::<Glob>().unwrap().exact(), Some(address.clone()));
        assert_eq!("cluster/*".parse::<Glob>().unwrap().exact(), None);
        let below = Glob::subtree(&address);
        assert!(below.matches(&address) && below.matches(&address.child("x", "y")));
        assert!(!below.matches(&Address::cluster("dev").child("patch", "axb c")));
        // Its text reads as itself.
        assert_eq!(below.to_string().parse::<Glob>().unwrap(), below);
    }

    #[test]
    fn many_stars_cost_little() {
        let glob = format!("cluster/{}b", "a*".repeat(40));
        let address = format!("cluster/{}", "a".repeat(4_000));
        assert!(!fits(&glob, &address));
        assert!(!fits(&format!("{}x", "**/".repeat(30)), "k/v/".repeat(200).trim_end_matches('/')));
    }
}
