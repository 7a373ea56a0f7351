//! What a selector can name and call: the variables of the provider and the standard environment of cel-go, overload by overload.

use super::types::{Solution, Type};

/// The provider's variables.
pub(super) const VARIABLES: [(&str, Variable); 4] = [
    ("name", Variable::Name),
    ("node", Variable::Node),
    ("storageType", Variable::StorageType),
    ("availableSpace", Variable::AvailableSpace),
];

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    Name,
    Node,
    StorageType,
    AvailableSpace,
}

impl Variable {
    pub(super) fn kind(self) -> Type {
        if self == Self::AvailableSpace { Type::Uint } else { Type::String }
    }
}

/// Types as values, by name.
pub(super) fn type_named(name: &str, open: &mut Solution) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "bytes" => Type::Bytes,
        "double" => Type::Double,
        "int" => Type::Int,
        "string" => Type::String,
        "uint" => Type::Uint,
        "null_type" => Type::Null,
        "list" => Type::list(open.open()),
        "map" => Type::map(open.open(), open.open()),
        "type" => Type::of_type(Type::Dyn),
        _ => return None,
    })
}

/// Parameters of an overload, as they are written in the table below.
#[derive(Clone, Copy)]
pub(super) enum Of {
    A,
    B,
    Is(Plain),
    ListA,
    MapAB,
    TypeA,
    Dyn,
}

/// A type without parameters.
#[derive(Clone, Copy)]
pub(super) enum Plain {
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
}

/// How a function is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `f(a)`, or an operator.
    Global,
    /// `a.f()`.
    Member,
}

/// One overload: how it is called, what it takes (the receiver first), what it gives.
pub(super) struct Overload {
    pub(super) style: Style,
    pub(super) takes: &'static [Of],
    pub(super) gives: Of,
}

const BOOL: Of = Of::Is(Plain::Bool);
const INT: Of = Of::Is(Plain::Int);
const UINT: Of = Of::Is(Plain::Uint);
const DOUBLE: Of = Of::Is(Plain::Double);
const STRING: Of = Of::Is(Plain::String);
const BYTES: Of = Of::Is(Plain::Bytes);
const TIME: Of = Of::Is(Plain::Timestamp);
const SPAN: Of = Of::Is(Plain::Duration);

macro_rules! overloads {
    ($($style:ident ($($takes:expr),*) $gives:expr;)*) => {
        &[$(Overload { style: Style::$style, takes: &[$($takes),*], gives: $gives }),*]
    };
}

const ORDER: &[Overload] = overloads! {
    Global(BOOL, BOOL) BOOL; Global(INT, INT) BOOL; Global(UINT, UINT) BOOL; Global(DOUBLE, DOUBLE) BOOL;
    Global(STRING, STRING) BOOL; Global(BYTES, BYTES) BOOL; Global(TIME, TIME) BOOL; Global(SPAN, SPAN) BOOL;
};
const EQUAL: &[Overload] = overloads! { Global(Of::A, Of::A) BOOL; };
const LOGIC: &[Overload] = overloads! { Global(BOOL, BOOL) BOOL; };
const PART_OF_TIME: &[Overload] = overloads! { Member(TIME) INT; Member(TIME, STRING) INT; };
const PART_OF_BOTH: &[Overload] =
    overloads! { Member(TIME) INT; Member(TIME, STRING) INT; Member(SPAN) INT; };
const TEXTS: &[Overload] = overloads! { Member(STRING, STRING) BOOL; };

/// The overloads of a function or operator; `None` for what is not declared. Operators carry cel-go's names for them, which
/// its messages show.
pub(super) fn function(name: &str) -> Option<&'static [Overload]> {
    Some(match name {
        "_&&_" | "_||_" => LOGIC,
        "!_" => overloads! { Global(BOOL) BOOL; },
        "_?_:_" => overloads! { Global(BOOL, Of::A, Of::A) Of::A; },
        "_==_" | "_!=_" => EQUAL,
        "_<_" | "_<=_" | "_>_" | "_>=_" => ORDER,
        "_+_" => overloads! {
            Global(BYTES, BYTES) BYTES; Global(DOUBLE, DOUBLE) DOUBLE; Global(SPAN, SPAN) SPAN; Global(SPAN, TIME) TIME;
            Global(TIME, SPAN) TIME; Global(INT, INT) INT; Global(Of::ListA, Of::ListA) Of::ListA;
            Global(STRING, STRING) STRING; Global(UINT, UINT) UINT;
        },
        "_-_" => overloads! {
            Global(DOUBLE, DOUBLE) DOUBLE; Global(SPAN, SPAN) SPAN; Global(INT, INT) INT; Global(TIME, SPAN) TIME;
            Global(TIME, TIME) SPAN; Global(UINT, UINT) UINT;
        },
        "_*_" | "_/_" => {
            overloads! { Global(DOUBLE, DOUBLE) DOUBLE; Global(INT, INT) INT; Global(UINT, UINT) UINT; }
        }
        "_%_" => overloads! { Global(INT, INT) INT; Global(UINT, UINT) UINT; },
        "-_" => overloads! { Global(DOUBLE) DOUBLE; Global(INT) INT; },
        "@in" => overloads! { Global(Of::A, Of::ListA) BOOL; Global(Of::A, Of::MapAB) BOOL; },
        "_[_]" => overloads! { Global(Of::ListA, INT) Of::A; Global(Of::MapAB, Of::A) Of::B; },
        "size" => overloads! {
            Global(BYTES) INT; Member(BYTES) INT; Global(Of::ListA) INT; Member(Of::ListA) INT; Global(Of::MapAB) INT;
            Member(Of::MapAB) INT; Global(STRING) INT; Member(STRING) INT;
        },
        "contains" | "startsWith" | "endsWith" => TEXTS,
        "matches" => overloads! { Global(STRING, STRING) BOOL; Member(STRING, STRING) BOOL; },
        "int" => overloads! {
            Global(INT) INT; Global(DOUBLE) INT; Global(SPAN) INT; Global(STRING) INT; Global(TIME) INT; Global(UINT) INT;
        },
        "uint" => {
            overloads! { Global(UINT) UINT; Global(DOUBLE) UINT; Global(INT) UINT; Global(STRING) UINT; }
        }
        "double" => {
            overloads! { Global(DOUBLE) DOUBLE; Global(INT) DOUBLE; Global(STRING) DOUBLE; Global(UINT) DOUBLE; }
        }
        "bool" => overloads! { Global(BOOL) BOOL; Global(STRING) BOOL; },
        "bytes" => overloads! { Global(BYTES) BYTES; Global(STRING) BYTES; },
        "string" => overloads! {
            Global(STRING) STRING; Global(BOOL) STRING; Global(BYTES) STRING; Global(DOUBLE) STRING; Global(SPAN) STRING;
            Global(INT) STRING; Global(TIME) STRING; Global(UINT) STRING;
        },
        "timestamp" => overloads! { Global(TIME) TIME; Global(INT) TIME; Global(STRING) TIME; },
        "duration" => overloads! { Global(SPAN) SPAN; Global(STRING) SPAN; },
        "type" => overloads! { Global(Of::A) Of::TypeA; },
        "dyn" => overloads! { Global(Of::A) Of::Dyn; },
        "getFullYear" | "getMonth" | "getDate" | "getDayOfMonth" | "getDayOfWeek" | "getDayOfYear" => {
            PART_OF_TIME
        }
        "getHours" | "getMinutes" | "getSeconds" | "getMilliseconds" => PART_OF_BOTH,
        _ => return None,
    })
}

/// The names of functions, for suggestions.
pub(super) const CALLABLE: [&str; 29] = [
    "all",
    "bool",
    "bytes",
    "contains",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "exists",
    "exists_one",
    "filter",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "has",
    "int",
    "map",
    "matches",
    "size",
    "startsWith",
    "string",
    "uint",
];

impl Of {
    /// This parameter with `a` and `b` of one call.
    pub(super) fn with(self, a: &Type, b: &Type) -> Type {
        match self {
            Self::A => a.clone(),
            Self::B => b.clone(),
            Self::ListA => Type::list(a.clone()),
            Self::MapAB => Type::map(a.clone(), b.clone()),
            Self::TypeA => Type::of_type(a.clone()),
            Self::Dyn => Type::Dyn,
            Self::Is(plain) => match plain {
                Plain::Bool => Type::Bool,
                Plain::Int => Type::Int,
                Plain::Uint => Type::Uint,
                Plain::Double => Type::Double,
                Plain::String => Type::String,
                Plain::Bytes => Type::Bytes,
                Plain::Timestamp => Type::Timestamp,
                Plain::Duration => Type::Duration,
            },
        }
    }
}
