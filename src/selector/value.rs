//! Values, when they are equal, and which one is less.

use std::cmp::Ordering;
use std::sync::Arc;

use super::types::Type;

/// Value of a part of a selector.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
    Timestamp(jiff::Timestamp),
    Duration(jiff::SignedDuration),
    List(Arc<[Value]>),
    /// With its entries in the order in which they are written.
    Map(Arc<[(Value, Value)]>),
    /// A type, by its name.
    Type(&'static str),
}

impl Value {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// The type of this value, by its name.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Type(_) => "type",
        }
    }

    /// Values of two kinds are never equal, except numbers.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Timestamp(a), Self::Timestamp(b)) => a == b,
            (Self::Duration(a), Self::Duration(b)) => a == b,
            (Self::Type(a), Self::Type(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.same(b))
            }
            (Self::Map(a), Self::Map(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, value)| entry(b, key).is_some_and(|v| v.same(value)))
            }
            _ => numbers(self, other) == Some(Ordering::Equal),
        }
    }

    /// `None` for values that have no order.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::String(a), Self::String(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            (Self::Timestamp(a), Self::Timestamp(b)) => Some(a.cmp(b)),
            (Self::Duration(a), Self::Duration(b)) => Some(a.cmp(b)),
            _ => numbers(self, other),
        }
    }
}

/// The value of a key.
pub(super) fn entry<'v>(entries: &'v [(Value, Value)], key: &Value) -> Option<&'v Value> {
    entries.iter().find(|(k, _)| k.same(key)).map(|(_, v)| v)
}

/// Numbers of all kinds have one order; none that is no number.
fn numbers(a: &Value, b: &Value) -> Option<Ordering> {
    use Value::{Double, Int, Uint};
    match (a, b) {
        (Int(a), Int(b)) => Some(a.cmp(b)),
        (Uint(a), Uint(b)) => Some(a.cmp(b)),
        (Double(a), Double(b)) => a.partial_cmp(b),
        (Int(a), Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Uint(a), Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Double(a), Int(b)) => against(*a, i128::from(*b)),
        (Double(a), Uint(b)) => against(*a, i128::from(*b)),
        (Int(a), Double(b)) => against(*b, i128::from(*a)).map(Ordering::reverse),
        (Uint(a), Double(b)) => against(*b, i128::from(*a)).map(Ordering::reverse),
        _ => None,
    }
}

fn against(real: f64, whole: i128) -> Option<Ordering> {
    if real.is_nan() {
        return None;
    }
    // Beyond every whole number of 64 bits the sign decides.
    if real.abs() >= 2f64.powi(65) {
        return Some(if real > 0.0 { Ordering::Greater } else { Ordering::Less });
    }
    let floor = real.floor();
    Some((floor as i128).cmp(&whole).then(if real > floor { Ordering::Greater } else { Ordering::Equal }))
}

/// The name of a type as a value.
pub(super) fn name_of(kind: &Type) -> &'static str {
    match kind {
        Type::Null => "null_type",
        Type::Bool => "bool",
        Type::Int => "int",
        Type::Uint => "uint",
        Type::Double => "double",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Timestamp => "google.protobuf.Timestamp",
        Type::Duration => "google.protobuf.Duration",
        Type::List(_) => "list",
        Type::Map(..) => "map",
        Type::Meta(_) => "type",
        Type::Dyn | Type::Unknown | Type::Open(_) => "dyn",
    }
}
