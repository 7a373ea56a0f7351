//! Types, and which of them fits where. The rules are those of cel-go's checker.

use std::fmt;

/// Type of a part of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// Of something that was refused already; fits everywhere, so that one mistake is told once.
    Unknown,
    /// Known when it is evaluated only.
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    /// A type as a value: `string` is a `type(string)`.
    Meta(Box<Type>),
    /// To be found out: the entries of `[]`, the `A` of an overload.
    Open(usize),
}

impl Type {
    pub(super) fn list(of: Self) -> Self {
        Self::List(Box::new(of))
    }
    pub(super) fn map(key: Self, value: Self) -> Self {
        Self::Map(Box::new(key), Box::new(value))
    }
    pub(super) fn of_type(of: Self) -> Self {
        Self::Meta(Box::new(of))
    }
    fn anything(&self) -> bool {
        matches!(self, Self::Unknown | Self::Dyn)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("!error!"),
            Self::Dyn | Self::Open(_) => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::List(of) => write!(f, "list({of})"),
            Self::Map(key, value) => write!(f, "map({key}, {value})"),
            // The type of all types has no parameter of its own.
            Self::Meta(of) if matches!(**of, Self::Meta(_)) => f.write_str("type(type)"),
            Self::Meta(of) => write!(f, "type({of})"),
        }
    }
}

/// What open types turned out to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Solution {
    found: Vec<Option<Type>>,
}

impl Solution {
    /// An open type of its own.
    pub(super) fn open(&mut self) -> Type {
        self.found.push(None);
        Type::Open(self.found.len() - 1)
    }

    fn known(&self, open: usize) -> Option<&Type> {
        self.found.get(open).and_then(Option::as_ref)
    }

    fn set(&mut self, open: usize, to: Type) {
        if let Some(slot) = self.found.get_mut(open) {
            *slot = Some(to);
        }
    }

    /// Whether `got` may stand where `wanted` is asked for; what is open in either is settled with it.
    pub(super) fn fits(&mut self, wanted: &Type, got: &Type) -> bool {
        match (wanted, got) {
            (Type::Open(a), Type::Open(b)) if a == b => true,
            (Type::Open(open), other) | (other, Type::Open(open)) => match self.known(*open).cloned() {
                Some(known) => {
                    let fits = if matches!(wanted, Type::Open(_)) {
                        self.fits(&known, other)
                    } else {
                        self.fits(other, &known)
                    };
                    // The wider of the two counts from here on.
                    if fits && *other == Type::Dyn {
                        self.set(*open, Type::Dyn);
                    }
                    fits
                }
                None if self.mentions(other, *open) => false,
                None => {
                    self.set(*open, other.clone());
                    true
                }
            },
            (a, b) if a.anything() || b.anything() => true,
            // Times may be absent, and all types are of one kind.
            (Type::Null, Type::Timestamp | Type::Duration)
            | (Type::Timestamp | Type::Duration, Type::Null)
            | (Type::Meta(_), Type::Meta(_)) => true,
            (Type::List(a), Type::List(b)) => self.fits(a, b),
            (Type::Map(ak, av), Type::Map(bk, bv)) => self.fits(ak, bk) && self.fits(av, bv),
            (a, b) => a == b,
        }
    }

    fn mentions(&self, of: &Type, open: usize) -> bool {
        match of {
            Type::Open(other) => {
                *other == open || self.known(*other).is_some_and(|t| self.mentions(&t.clone(), open))
            }
            Type::List(inner) | Type::Meta(inner) => self.mentions(inner, open),
            Type::Map(key, value) => self.mentions(key, open) || self.mentions(value, open),
            _ => false,
        }
    }

    /// The type that `of` turned out to be; what is still open stays so.
    pub(super) fn settled(&self, of: &Type) -> Type {
        match of {
            Type::Open(open) => self.known(*open).map_or_else(|| of.clone(), |t| self.settled(t)),
            Type::List(inner) => Type::list(self.settled(inner)),
            Type::Meta(inner) => Type::of_type(self.settled(inner)),
            Type::Map(key, value) => Type::map(self.settled(key), self.settled(value)),
            other => other.clone(),
        }
    }

    /// What a list of the first and then the second has as its entries.
    pub(super) fn joined(&mut self, first: Type, second: &Type) -> Type {
        let before = self.clone();
        if self.fits(&first, second) {
            return if *second == Type::Dyn { Type::Dyn } else { first };
        }
        *self = before;
        Type::Dyn
    }
}
