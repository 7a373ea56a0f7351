//! One look at both back ends at once, as plain data.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;

use crate::backend::{Depth, OmniReader, ProxmoxReader};
use crate::live::{OmniSnapshot, Snapshot};
use crate::resource::TYPE_SUFFIX;

/// Types that a plan looks at, with their namespaces: one list request each, however many clusters there are.
pub const PLAN_TYPES: [(&str, &str); 23] = [
    ("MachineClasses", "default"),
    ("Clusters", "default"),
    ("MachineSets", "default"),
    ("MachineSetNodes", "default"),
    ("ConfigPatches", "default"),
    ("MachineInstallDiskConfigs", "default"),
    ("ExtensionsConfigurations", "default"),
    ("KernelArgs", "default"),
    ("KubernetesManifestGroups", "default"),
    ("KubernetesHealthChecks", "default"),
    ("InfraProviderStatuses", "infra-provider"),
    ("InfraProviderCombinedStatuses", "ephemeral"),
    ("TalosVersions", "default"),
    ("MachineRequests", "infra-provider"),
    ("MachineRequestStatuses", "infra-provider"),
    ("ClusterMachineStatuses", "default"),
    ("MachineStatuses", "default"),
    ("ClusterStatuses", "default"),
    ("MachineSetStatuses", "default"),
    ("ClusterBootstrapStatuses", "default"),
    ("ClusterMachineRequestStatuses", "default"),
    ("TalosUpgradeStatuses", "default"),
    ("KubernetesUpgradeStatuses", "default"),
];
/// Requests to Omni besides [`PLAN_TYPES`]: its version.
pub const PLAN_EXTRA_REQUESTS: usize = 1;

/// Lists some types at once, each with one request.
pub async fn lists(omni: &dyn OmniReader, types: &[(&str, &str)]) -> OmniSnapshot {
    let lists = join_all(types.iter().map(|(short, namespace)| async move {
        let kind = format!("{short}{TYPE_SUFFIX}");
        let seen = omni.list(&kind, namespace).await;
        (kind, seen)
    }));
    OmniSnapshot {
        endpoint: omni.endpoint().to_owned(),
        version: crate::live::Observation::Absent,
        types: lists.await.into_iter().collect(),
    }
}

/// Reads everything that a plan needs, both back ends concurrently.
pub async fn refresh(omni: &dyn OmniReader, proxmox: &[Arc<dyn ProxmoxReader>]) -> Snapshot {
    let clusters = join_all(
        proxmox.iter().map(|p| async move { (p.name().to_owned(), p.snapshot(Depth::Cluster).await) }),
    );
    let (version, seen, clusters) = tokio::join!(omni.version(), lists(omni, &PLAN_TYPES), clusters);
    Snapshot {
        omni: OmniSnapshot { version, ..seen },
        proxmox: clusters.into_iter().collect::<BTreeMap<_, _>>(),
    }
}
