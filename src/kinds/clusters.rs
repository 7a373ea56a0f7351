//! `Clusters`: id is the cluster's name. Versions are stored without `v`.

use super::fields::{Field, Kind};

/// Features; a template always states all that Omni 1.9.3 knows.
pub const FEATURES: &[Field] = &[
    Field::bool("enable_workload_proxy"),
    Field::bool("disk_encryption"),
    Field::bool("use_embedded_discovery_service"),
    Field::bool("enable_node_audit_skip"),
    Field::bool("disable_public_discovery_service").newer(),
];

/// Etcd backups; an interval is required whenever the block is present, so the block is left out to disable them.
pub const BACKUP: &[Field] = &[Field::duration("interval"), Field::bool("enabled")];

/// The kind.
pub static CLUSTERS: Kind = Kind {
    short: "Clusters",
    namespace: "default",
    fields: &[
        Field::text("kubernetes_version"),
        Field::text("talos_version"),
        Field::message("features", FEATURES),
        Field::message("backup_configuration", BACKUP),
    ],
    sensitive: false,
    address: "cluster",
};
