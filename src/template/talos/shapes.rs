//! The tables of names and types, as text in `table-….txt`:
//!
//! - `kind NAME/VERSION N`: documents of this kind have shape N (`-` is the document without a kind);
//! - `next NAME/VERSION`: a kind that only newer versions know;
//! - `shape KEY=TYPE …`: the Nth such line is shape N. Types: `s` text, `b` truth value, `i` and `u` whole numbers with and without
//!   sign (`u8`, `u16`, `u32` of so many bits), `d` a duration, `w:A|B` one of some words (`e` where the words are not known), `a` an argument's value, `*` anything,
//!   `[]T` a list, `{}T` a mapping with free keys, `@N` a shape, else a form of text ([`Form`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::forms::Form;
use crate::template::dialect::Dialect;

/// Type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Bool,
    /// A whole number from the first to the second.
    Int(i128, i128),
    Duration,
    /// One of some words, in any letter case.
    Words(&'static str),
    /// Text of a form.
    Form(Form),
    /// Text; newer versions take a list of texts, too.
    Argument,
    Any,
    List(Box<Type>),
    Map(Box<Type>),
    Shape(usize),
}

impl Type {
    fn parse(code: &'static str) -> Option<Self> {
        Some(match code {
            "s" | "e" => Self::Text,
            "b" => Self::Bool,
            "i" => Self::Int(i64::MIN.into(), i64::MAX.into()),
            "u" => Self::Int(0, u64::MAX.into()),
            "u32" => Self::Int(0, u32::MAX.into()),
            "u16" => Self::Int(0, u16::MAX.into()),
            "u8" => Self::Int(0, u8::MAX.into()),
            "d" => Self::Duration,
            "a" => Self::Argument,
            "*" => Self::Any,
            _ => {
                if let Some(inner) = code.strip_prefix("[]") {
                    Self::List(Box::new(Self::parse(inner)?))
                } else if let Some(inner) = code.strip_prefix("{}") {
                    Self::Map(Box::new(Self::parse(inner)?))
                } else if let Some(words) = code.strip_prefix("w:") {
                    Self::Words(words)
                } else if let Some(number) = code.strip_prefix('@') {
                    Self::Shape(number.parse().ok()?)
                } else {
                    Self::Form(Form::parse(code)?)
                }
            }
        })
    }
}

/// Fields of a mapping.
pub(super) type Shape = BTreeMap<&'static str, Type>;

/// All of it.
#[derive(Default)]
pub(super) struct Table {
    kinds: BTreeMap<(&'static str, &'static str), usize>,
    next: BTreeSet<(&'static str, &'static str)>,
    shapes: Vec<Shape>,
}

impl Table {
    /// The document without a kind.
    pub(super) fn classic(&self) -> Option<&Shape> {
        self.kind("-", "")
    }
    /// The shape of a kind of document.
    pub(super) fn kind(&self, kind: &str, version: &str) -> Option<&Shape> {
        self.kinds.get(&(kind, version)).and_then(|n| self.shape(*n))
    }
    /// Whether newer versions know the kind.
    pub(super) fn is_next(&self, kind: &str, version: &str) -> bool {
        self.next.contains(&(kind, version))
    }
    /// Names of all kinds.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.kinds.keys().map(|(name, _)| *name)
    }
    /// One shape by its number.
    pub(super) fn shape(&self, number: usize) -> Option<&Shape> {
        self.shapes.get(number)
    }

    fn read(text: &'static str) -> Self {
        let mut table = Self::default();
        for line in text.lines() {
            let mut words = line.split(' ');
            let id = |word: &'static str| word.split_once('/').unwrap_or((word, ""));
            match words.next() {
                Some("kind") => {
                    if let (Some(name), Some(number)) =
                        (words.next(), words.next().and_then(|n| n.parse().ok()))
                    {
                        table.kinds.insert(id(name), number);
                    }
                }
                Some("next") => table.next.extend(words.next().map(id)),
                _ => table.shapes.push(
                    words
                        .filter_map(|word| word.split_once('='))
                        .map(|(key, code)| (key, Type::parse(code).unwrap_or(Type::Any)))
                        .collect(),
                ),
            }
        }
        table
    }
}

/// What the library of Omni 1.9 knows: Talos 1.14.0-alpha.1.
static V1_9: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("table-1.9.txt")));
/// What the libraries of Omni 1.10 and newer know: Talos 1.14.
static V1_10: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("table-1.10.txt")));

/// The table of a dialect, read once.
pub(super) fn table(dialect: Dialect) -> &'static Table {
    match dialect {
        Dialect::V1_9 => &V1_9,
        Dialect::V1_10 | Dialect::Newest => &V1_10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        fn whole(table: &Table, t: &Type) -> bool {
            match t {
                Type::List(t) | Type::Map(t) => whole(table, t),
                Type::Shape(n) => table.shape(*n).is_some(),
                _ => true,
            }
        }
        for dialect in Dialect::ALL {
            let table = table(dialect);
            assert!(table.classic().is_some_and(|c| c.contains_key("machine") && c.contains_key("cluster")));
            assert!(table.kind("KmsgLogConfig", "v1alpha1").is_some_and(|k| k.contains_key("url")));
            assert!(table.shapes.iter().flat_map(BTreeMap::values).all(|t| whole(table, t)));
        }
        for text in [include_str!("table-1.9.txt"), include_str!("table-1.10.txt")] {
            for line in text.lines().filter(|l| l.starts_with("shape")) {
                for word in line.split(' ').skip(1) {
                    let (_, code) = word.split_once('=').unwrap();
                    assert!(Type::parse(code).is_some(), "{word}");
                }
            }
        }
    }
}
