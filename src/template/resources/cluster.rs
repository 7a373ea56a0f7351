//! `kind: Cluster`: the cluster, its patches, manifests, health checks and extensions, in this order.

use super::Builder;
use super::builder::{MANAGED, Marks, map, texts};
use super::patch::{self, id};
use crate::kinds::{
    CLUSTERS, EXTENSIONS_CONFIGURATIONS, KUBERNETES_HEALTH_CHECKS, KUBERNETES_MANIFEST_GROUPS,
};
use crate::template::model::{Cluster, HealthCheck, Manifest};
use crate::value::Value;

pub(super) fn render(builder: &mut Builder<'_>, model: &Cluster) {
    cluster(builder, model);
    let prefix = format!("cluster-{}", builder.cluster);
    builder.patches(&model.patches, patch::CLUSTER, &prefix, None);
    for (position, manifest) in model.manifests.iter().enumerate() {
        manifest_group(builder, manifest, &prefix, patch::CLUSTER + position);
    }
    for check in &model.health_checks {
        health_check(builder, check, &prefix);
    }
    if let Some(list) = &model.extensions {
        let id = format!("schematic-{}", builder.cluster);
        let spec = map([("extensions", texts(&list.value))]);
        let marks = builder.marks();
        builder.add(&EXTENSIONS_CONFIGURATIONS, &id, &id, marks, spec, list.span);
    }
}

/// `features` is always there, even if all are off (those that are off are not sent); no backups means no `backup_configuration`.
fn cluster(builder: &mut Builder<'_>, model: &Cluster) {
    let mut marks = Marks::default().omni_annotation(MANAGED);
    let Marks { labels, annotations } = &mut marks;
    model.descriptors.apply(labels, annotations);
    let mut spec = map([
        ("kubernetes_version", stored_version(&model.kubernetes.value).into()),
        ("talos_version", stored_version(&model.talos.value).into()),
        (
            "features",
            map([
                ("enable_workload_proxy", model.workload_proxy.into()),
                ("disk_encryption", model.disk_encryption.value.into()),
                ("use_embedded_discovery_service", model.embedded_discovery.into()),
                ("enable_node_audit_skip", model.node_audit_skip.into()),
                ("disable_public_discovery_service", model.public_discovery_off.into()),
            ]),
        ),
    ]);
    if let Some(interval) = model.backup_interval.filter(|i| i.is_positive()) {
        spec.set(
            "backup_configuration",
            map([("interval", interval.to_json().into()), ("enabled", true.into())]),
        );
    }
    builder.add(&CLUSTERS, &model.name.value, "", marks, spec, model.span);
}

/// Versions are stored as written, without any leading `v`.
fn stored_version(text: &str) -> &str {
    text.trim_start_matches('v')
}

fn manifest_group(builder: &mut Builder<'_>, manifest: &Manifest, prefix: &str, weight: usize) {
    let name = manifest.display_name();
    let id = id(weight, prefix, name);
    let mut marks = builder.marks().named(name);
    let Marks { labels, annotations } = &mut marks;
    manifest.descriptors.apply(labels, annotations);
    let data = builder.text(manifest.inline.as_ref(), &manifest.file);
    let spec = map([("data", data.into()), ("mode", manifest.mode.value.into())]);
    builder.add(&KUBERNETES_MANIFEST_GROUPS, &id, &id, marks, spec, manifest.span);
}

fn health_check(builder: &mut Builder<'_>, check: &HealthCheck, prefix: &str) {
    let id = if check.id_override.value.is_empty() {
        format!("{prefix}-{}", check.name.value)
    } else {
        check.id_override.value.clone()
    };
    let mut marks = builder.marks();
    let Marks { labels, annotations } = &mut marks;
    check.descriptors.apply(labels, annotations);
    let job = builder.text(check.job.as_ref(), &check.file);
    let interval = check.interval.filter(|i| i.is_positive());
    let spec = map([("job", job.into()), ("interval", interval.map_or(Value::Null, |i| i.to_json().into()))]);
    builder.add(&KUBERNETES_HEALTH_CHECKS, &id, &id, marks, spec, check.span);
}
