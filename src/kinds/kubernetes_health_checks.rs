//! `KubernetesHealthChecks`: jobs by which Omni judges the cluster; an unset interval means the server's 30 s.

use super::fields::{Field, Kind};

/// The kind.
pub static KUBERNETES_HEALTH_CHECKS: Kind = Kind {
    short: "KubernetesHealthChecks",
    namespace: "default",
    fields: &[Field::text("job"), Field::duration("interval")],
    sensitive: false,
    address: "healthcheck",
};
