//! `ExtensionsConfigurations`: the most specific level wins and replaces; order and duplicates matter.

use super::fields::{Field, Kind};

/// The kind.
pub static EXTENSIONS_CONFIGURATIONS: Kind = Kind {
    short: "ExtensionsConfigurations",
    namespace: "default",
    fields: &[Field::texts("extensions")],
    sensitive: false,
    address: "extensions",
};
