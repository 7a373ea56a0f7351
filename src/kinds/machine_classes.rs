//! `MachineClasses`: either a selector over machines (`match_labels`) or a recipe for new ones (`auto_provision`).

use super::fields::{Field, Kind};

/// Names of the tunnel mode.
pub const GRPC_TUNNEL: &[(&str, u32)] = &[("UNSET", 0), ("ENABLED", 1), ("DISABLED", 2)];

const META_VALUE: &[Field] = &[Field::uint("key"), Field::text("value")];
const PROVISION: &[Field] = &[
    Field::text("provider_id"),
    Field::texts("kernel_args"),
    Field::messages("meta_values", META_VALUE),
    Field::text("provider_data"),
    Field::enumeration("grpc_tunnel", GRPC_TUNNEL),
];

/// The kind. `provider_data` is YAML text that the server keeps byte for byte.
pub static MACHINE_CLASSES: Kind = Kind {
    short: "MachineClasses",
    namespace: "default",
    fields: &[Field::texts("match_labels"), Field::message("auto_provision", PROVISION)],
    sensitive: false,
    address: "class",
};
