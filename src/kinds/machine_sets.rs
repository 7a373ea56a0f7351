//! `MachineSets`: ids `CLUSTER-control-planes`, `CLUSTER-workers`, `CLUSTER-NAME`.

use super::fields::{Field, Kind};

/// Names of a strategy's type.
pub const STRATEGY: &[(&str, u32)] = &[("Unset", 0), ("Rolling", 1)];
/// Names of an allocation's type.
pub const ALLOCATION_TYPE: &[(&str, u32)] = &[("Static", 0), ("Unlimited", 1)];

const ALLOCATION: &[Field] = &[
    Field::text("name"),
    Field::uint("machine_count"),
    Field::enumeration("allocation_type", ALLOCATION_TYPE),
];
const ROLLING: &[Field] = &[Field::uint("max_parallelism")];
const STRATEGY_CONFIG: &[Field] = &[Field::message("rolling", ROLLING)];
const BOOTSTRAP: &[Field] = &[Field::text("cluster_uuid"), Field::text("snapshot")];

/// The kind.
pub static MACHINE_SETS: Kind = Kind {
    short: "MachineSets",
    namespace: "default",
    fields: &[
        Field::enumeration("update_strategy", STRATEGY),
        // The older form of `machine_allocation`; only resources of long ago carry it.
        Field::message("machine_class", ALLOCATION),
        Field::message("bootstrap_spec", BOOTSTRAP),
        Field::enumeration("delete_strategy", STRATEGY),
        Field::message("update_strategy_config", STRATEGY_CONFIG),
        Field::message("delete_strategy_config", STRATEGY_CONFIG),
        Field::message("machine_allocation", ALLOCATION),
        Field::enumeration("upgrade_strategy", STRATEGY),
        Field::message("upgrade_strategy_config", STRATEGY_CONFIG),
    ],
    sensitive: false,
    address: "machineset",
};
