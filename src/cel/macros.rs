//! The macros of the language: loops over the entries of a list, or the keys of a mapping.

/// How a macro goes over entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    /// `list.all(x, …)`
    All,
    /// `list.exists(x, …)`
    Exists,
    /// `list.exists_one(x, …)`
    ExistsOne,
    /// `list.map(x, …)`, `list.map(x, condition, …)`
    Map,
    /// `list.filter(x, …)`
    Filter,
}

const MACROS: [(&str, Loop); 6] = [
    ("all", Loop::All),
    ("exists", Loop::Exists),
    ("exists_one", Loop::ExistsOne),
    ("existsOne", Loop::ExistsOne),
    ("map", Loop::Map),
    ("filter", Loop::Filter),
];

/// The macro that is written `name`.
pub fn macro_named(name: &str) -> Option<Loop> {
    MACROS.iter().find(|(m, _)| *m == name).map(|(_, how)| *how)
}
