//! `kind: Cluster`.

use super::content;
use super::descriptors;
use super::fields::{Context, Fields, Known};
use crate::template::model::{Cluster, Placed, Text};
use crate::yaml::Node;

const CLUSTER: Known = Known {
    go: "models.Cluster",
    keys: &[
        "kind",
        "name",
        "labels",
        "annotations",
        "kubernetes",
        "talos",
        "features",
        "patches",
        "systemExtensions",
        "kernelArgs",
    ],
};
const KUBERNETES: Known =
    Known { go: "models.KubernetesCluster", keys: &["version", "manifests", "healthchecks"] };
const TALOS: Known = Known { go: "models.TalosCluster", keys: &["version"] };
const FEATURES: Known = Known {
    go: "models.Features",
    keys: &[
        "diskEncryption",
        "enableWorkloadProxy",
        "useEmbeddedDiscoveryService",
        "disablePublicDiscoveryService",
        "enableNodeAuditSkip",
        "backupConfiguration",
    ],
};
const BACKUP: Known = Known { go: "models.BackupConfiguration", keys: &["interval"] };

pub(super) fn decode(cx: &mut Context<'_>, root: &Node) -> Cluster {
    let fields = cx.fields("a Cluster", root, CLUSTER);
    let kubernetes = fields.get("kubernetes").map(|node| cx.fields("`kubernetes`", node, KUBERNETES));
    let talos = fields.get("talos").map(|node| cx.fields("`talos`", node, TALOS));
    let features = fields.get("features").map(|node| cx.fields("`features`", node, FEATURES));
    let backup = features
        .as_ref()
        .and_then(|f| f.get("backupConfiguration"))
        .map(|node| cx.fields("`backupConfiguration`", node, BACKUP));
    let root_place = root.span;
    let version = |cx: &mut Context<'_>, section: &Option<Fields<'_>>| -> Text {
        section.as_ref().map_or(Placed::new(String::new(), root_place), |s| s.text(cx, "version"))
    };
    let flag = |cx: &mut Context<'_>, key: &str| {
        features.as_ref().map_or(Placed::new(false, root_place), |f| f.bool(cx, key))
    };
    Cluster {
        span: root.span,
        name: fields.text(cx, "name"),
        descriptors: descriptors::decode(cx, &fields),
        kubernetes: version(cx, &kubernetes),
        manifests: kubernetes.as_ref().map(|k| content::manifests(cx, k)).unwrap_or_default(),
        health_checks: kubernetes.as_ref().map(|k| content::health_checks(cx, k)).unwrap_or_default(),
        talos: version(cx, &talos),
        disk_encryption: flag(cx, "diskEncryption"),
        workload_proxy: flag(cx, "enableWorkloadProxy").value,
        embedded_discovery: flag(cx, "useEmbeddedDiscoveryService").value,
        public_discovery_off: flag(cx, "disablePublicDiscoveryService").value,
        node_audit_skip: flag(cx, "enableNodeAuditSkip").value,
        backup_interval: backup.and_then(|b| b.duration(cx, "interval")),
        patches: content::patches(cx, &fields),
        extensions: fields.optional_list(cx, "systemExtensions"),
        kernel_args: fields.optional_list(cx, "kernelArgs"),
    }
}
