//! One look at both back ends at once, as plain data.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use crate::backend::{Depth, OmniReader, ProxmoxReader};
use crate::live::{OmniSnapshot, ProxmoxSnapshot, Snapshot};
use crate::resource::TYPE_SUFFIX;
use crate::world::Clock;

/// Types that a plan looks at, with their namespaces: one list request each, however many clusters there are.
pub const PLAN_TYPES: [(&str, &str); 25] = [
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
    ("ControlPlaneStatuses", "default"),
    ("ClusterMachineRequestStatuses", "default"),
    ("TalosUpgradeStatuses", "default"),
    ("KubernetesUpgradeStatuses", "default"),
    ("EtcdBackupStatuses", "metrics"),
];
/// Types that a status looks at; a plan's are not touched by what people want to see.
pub const STATUS_TYPES: [(&str, &str); 19] = [
    ("Clusters", "default"),
    ("MachineSets", "default"),
    ("MachineSetNodes", "default"),
    ("InfraProviderCombinedStatuses", "ephemeral"),
    ("MachineRequests", "infra-provider"),
    ("MachineRequestStatuses", "infra-provider"),
    ("ClusterMachineRequestStatuses", "default"),
    ("ClusterMachineStatuses", "default"),
    ("MachineStatuses", "default"),
    ("SchematicConfigurations", "default"),
    ("ClusterStatuses", "default"),
    ("ClusterBootstrapStatuses", "default"),
    ("MachineSetStatuses", "default"),
    ("ControlPlaneStatuses", "default"),
    ("LoadBalancerStatuses", "default"),
    ("KubernetesStatuses", "default"),
    ("KubernetesUpgradeStatuses", "default"),
    ("TalosUpgradeStatuses", "default"),
    // Tells how this server reads templates.
    ("MachineInstallDiskConfigs", "default"),
];
/// What tells, besides, whether a cluster that no file declares has a CNI.
pub const UNDECLARED_TYPES: [(&str, &str); 1] = [("ConfigPatches", "default")];
/// A status that is looked at again and again asks Proxmox no more often than this: VMs come and go slowly.
const PROXMOX_INTERVAL: Duration = Duration::from_secs(10);

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

/// Looks for a status, once or again and again.
pub struct StatusLook<'a> {
    omni: &'a dyn OmniReader,
    proxmox: &'a [Arc<dyn ProxmoxReader>],
    clock: &'a dyn Clock,
    types: Vec<(&'static str, &'static str)>,
    guests: Option<(Duration, BTreeMap<String, ProxmoxSnapshot>)>,
}

impl<'a> StatusLook<'a> {
    /// `undeclared`: clusters that no file declares are looked at too.
    pub fn new(
        omni: &'a dyn OmniReader,
        proxmox: &'a [Arc<dyn ProxmoxReader>],
        clock: &'a dyn Clock,
        undeclared: bool,
    ) -> Self {
        let more: &[_] = if undeclared { &UNDECLARED_TYPES } else { &[] };
        let types = STATUS_TYPES.iter().chain(more).copied().collect();
        Self { omni, proxmox, clock, types, guests: None }
    }

    /// The clock that waits between looks.
    pub fn clock(&self) -> &'a dyn Clock {
        self.clock
    }

    /// Looks at Omni, and at Proxmox where the last look is old.
    pub async fn look(&mut self) -> Snapshot {
        let now = self.clock.now();
        let known = self.guests.take().filter(|(at, _)| now.saturating_sub(*at) < PROXMOX_INTERVAL);
        let guests = async {
            match known {
                Some(known) => known,
                None => {
                    let all = self.proxmox.iter();
                    let all =
                        all.map(|p| async move { (p.name().to_owned(), p.snapshot(Depth::Cluster).await) });
                    (now, join_all(all).await.into_iter().collect())
                }
            }
        };
        let (version, seen, guests) =
            tokio::join!(self.omni.version(), lists(self.omni, &self.types), guests);
        let proxmox = guests.1.clone();
        self.guests = Some(guests);
        Snapshot { omni: OmniSnapshot { version, ..seen }, proxmox }
    }
}
