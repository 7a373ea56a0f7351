//! The Cluster document.

use super::Fidelity;
use super::collect::Scope;
use super::content::{health_checks, manifests};
use super::fields::{Fields, text, truth};
use super::levels::{Level, extensions, patches};
use crate::kinds::DurationSpan;
use crate::template::Dialect;
use crate::value::Value;
use crate::yaml::Out;

/// The document; versions get back their `v`.
pub(super) fn cluster(scope: &Scope<'_>) -> Out {
    let resource = &scope.cluster.resource;
    let spec = &resource.spec;
    let version = |key: &str| Out::from(format!("v{}", text(spec, key)).as_str());
    Fields::document("Cluster")
        .maybe("systemExtensions", extensions(scope, &scope.extensions.cluster, scope.name))
        .put("name", Out::from(scope.name))
        .descriptors(resource, &[])
        .put(
            "kubernetes",
            Fields::default()
                .put("version", version("kubernetes_version"))
                .list("manifests", manifests(scope))
                .list("healthchecks", health_checks(scope))
                .out(),
        )
        .put("talos", Fields::default().put("version", version("talos_version")).out())
        .map("features", features(scope, spec))
        .list("patches", patches(scope, &scope.patches.cluster, Level::Cluster))
        .out()
}

/// Templates of Omni 1.9 know three features.
fn features(scope: &Scope<'_>, spec: &Value) -> Fields {
    let on = |key: &str| truth(spec.get("features"), key);
    let newer = scope.options.dialect >= Dialect::V1_10;
    let mut fields = Fields::default()
        .flag("diskEncryption", on("disk_encryption"))
        .flag("enableWorkloadProxy", on("enable_workload_proxy"))
        .flag("useEmbeddedDiscoveryService", on("use_embedded_discovery_service"));
    if newer {
        fields = fields
            .flag("enableNodeAuditSkip", on("enable_node_audit_skip"))
            .flag("disablePublicDiscoveryService", on("disable_public_discovery_service"));
    }
    fields.map("backupConfiguration", backups(scope, spec))
}

/// An interval says that backups are on. omnictl writes it also for those that were switched off.
fn backups(scope: &Scope<'_>, spec: &Value) -> Fields {
    let configuration = spec.get("backup_configuration");
    let off = !truth(configuration, "enabled");
    let interval = configuration
        .and_then(|c| c.get("interval"))
        .and_then(Value::as_str)
        .and_then(DurationSpan::from_json)
        .filter(|i| *i != DurationSpan::ZERO && !(off && scope.options.fidelity == Fidelity::Full));
    Fields::default().maybe("interval", interval.map(|i| Out::from(i.to_go().as_str())))
}
