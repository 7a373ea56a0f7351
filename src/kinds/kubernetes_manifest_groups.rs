//! `KubernetesManifestGroups`: manifests that Omni applies to the cluster.

use super::fields::{Field, Kind};

/// Names of the mode: kept in step, or applied once.
pub const MODE: &[(&str, u32)] = &[("UNKNOWN", 0), ("FULL", 1), ("ONE_TIME", 2)];

/// The kind. JSON always carries the plain `data`, whatever the server stores.
pub static KUBERNETES_MANIFEST_GROUPS: Kind = Kind {
    short: "KubernetesManifestGroups",
    namespace: "default",
    fields: &[
        Field::bytes("compressed_data").server_owned(),
        Field::text("data"),
        Field::enumeration("mode", MODE),
    ],
    sensitive: false,
    address: "manifest",
};
