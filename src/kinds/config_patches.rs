//! `ConfigPatches`: text of a Talos machine configuration patch; labels say on which level it applies.

use super::fields::{Field, Kind};

/// The kind. JSON always carries the plain `data`, whatever the server stores.
pub static CONFIG_PATCHES: Kind = Kind {
    short: "ConfigPatches",
    namespace: "default",
    fields: &[Field::text("data"), Field::bytes("compressed_data").server_owned()],
    sensitive: true,
    address: "patch",
};
