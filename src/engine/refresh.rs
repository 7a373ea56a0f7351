//! One look at both back ends at once, as plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use crate::backend::{Depth, OmniReader, ProxmoxReader, RecordedVm};
use crate::live::{Observation, OmniSnapshot, ProviderRecord, ProxmoxSnapshot, Snapshot};
use crate::resource::{LiveResource, ResourceId, TYPE_SUFFIX};
use crate::value::Value;
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

/// Requests to Omni besides [`PLAN_TYPES`], one for each provider of the spec and one for each Talos version with extensions: its
/// version.
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

/// What `doctor` looks at besides. (What becomes of a set of requests, nobody may read, not even administrators.)
pub const DOCTOR_TYPES: [(&str, &str); 10] = [
    ("Links", "default"),
    ("ClusterMachines", "default"),
    ("MachineRequestSets", "default"),
    ("MachineStatusSnapshots", "default"),
    ("LoadBalancerStatuses", "default"),
    (JOIN_TOKENS, "default"),
    (PENDING, "ephemeral"),
    (PATCH_REQUESTS, "infra-provider"),
    ("ClusterDestroyStatuses", "default"),
    ("KubernetesStatuses", "default"),
];
/// Extensions that Omni offers, by Talos version.
const CATALOGUES: &str = "TalosExtensions";
/// Their ids are the tokens themselves.
const JOIN_TOKENS: &str = "JoinTokenStatuses";
/// Machines that speak to Omni and are not let in. Their specs hold the tokens that they came with.
const PENDING: &str = "PendingMachines";
/// Their specs may hold secrets of machine configurations; that they are there is all that is looked at.
const PATCH_REQUESTS: &str = "ConfigPatchRequests";

/// What a look needs beyond what every look has: told by whoever knows the files, never guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Proxmox clusters, by name in the spec, on which a class may make machines: there it is looked whether they can be made.
    pub preflight: BTreeSet<String>,
    /// Providers of the spec by id, each with the Proxmox cluster that it provisions on: what they recorded is read, with one list
    /// request each.
    pub providers: BTreeMap<String, Option<String>>,
    /// Talos versions whose catalogue of extensions is read, with one request each: all of them together are megabytes.
    pub catalogues: BTreeSet<String>,
}

impl Wanted {
    fn depth(&self, proxmox: &str) -> Depth {
        if self.preflight.contains(proxmox) { Depth::Preflight } else { Depth::Cluster }
    }
    /// Cluster of a provider; Omni tells ids apart by case where people do not.
    fn proxmox_of(&self, provider: &str) -> Option<&str> {
        let exact = self.providers.get(provider);
        let alike =
            || self.providers.iter().find(|(id, _)| id.eq_ignore_ascii_case(provider)).map(|(_, p)| p);
        exact.or_else(alike)?.as_deref()
    }
}

/// Records of providers, each with one request.
async fn records(
    omni: &dyn OmniReader,
    providers: impl IntoIterator<Item = &str>,
) -> Vec<(String, Observation<Vec<LiveResource>>)> {
    let lists = providers.into_iter().map(|id| async move {
        let (kind, namespace) = ProviderRecord::kind(id);
        let seen = omni.list(&kind, &namespace).await;
        (kind, seen)
    });
    join_all(lists).await
}

/// Catalogues of extensions, each with one request. What one that could not be read says counts for all.
async fn catalogues(omni: &dyn OmniReader, versions: &BTreeSet<String>) -> Observation<Vec<LiveResource>> {
    let gets = versions
        .iter()
        .map(|version| async move { omni.get(&ResourceId::default_ns(CATALOGUES, version)).await });
    let mut all = Vec::new();
    for seen in join_all(gets).await {
        match seen {
            Observation::Known(catalogue) => all.push(catalogue),
            Observation::Unknown(reason) => return Observation::Unknown(reason),
            // Omni does not offer the version: that is told of the version.
            Observation::Absent => {}
        }
    }
    Observation::Known(all)
}

/// Some types of Omni, its version, what the providers of the spec recorded, and the extensions that it offers: one round.
async fn omni_of(omni: &dyn OmniReader, types: &[(&str, &str)], wanted: &Wanted) -> OmniSnapshot {
    let providers = wanted.providers.keys().map(String::as_str);
    let (version, mut seen, records, catalogues) = tokio::join!(
        omni.version(),
        lists(omni, types),
        records(omni, providers),
        catalogues(omni, &wanted.catalogues)
    );
    seen.types.extend(records);
    if !wanted.catalogues.is_empty() {
        seen.types.insert(format!("{CATALOGUES}{TYPE_SUFFIX}"), catalogues);
    }
    OmniSnapshot { version, ..seen }
}

/// Reads everything that a plan needs, both back ends concurrently.
pub async fn refresh(omni: &dyn OmniReader, proxmox: &[Arc<dyn ProxmoxReader>], wanted: &Wanted) -> Snapshot {
    let clusters = join_all(proxmox.iter().map(|p| async move {
        let name = p.name().to_owned();
        let seen = p.snapshot(wanted.depth(&name)).await;
        (name, seen)
    }));
    let (omni, clusters) = tokio::join!(omni_of(omni, &PLAN_TYPES, wanted), clusters);
    Snapshot { omni, proxmox: clusters.into_iter().collect() }
}

/// Reads everything that `doctor` needs: what a plan sees of all Proxmox clusters, then what became of the machines. Two rounds to
/// Omni at most: the second only where it knows providers that the spec does not name.
pub async fn examine(omni: &dyn OmniReader, proxmox: &[Arc<dyn ProxmoxReader>], wanted: &Wanted) -> Snapshot {
    let types: Vec<(&str, &str)> = PLAN_TYPES.into_iter().chain(DOCTOR_TYPES).collect();
    let clusters = join_all(proxmox.iter().map(|p| p.snapshot(Depth::Preflight)));
    let (mut omni_seen, clusters) = tokio::join!(omni_of(omni, &types, wanted), clusters);
    forget_secrets(&mut omni_seen);
    let others: BTreeSet<String> =
        providers_of(&omni_seen).into_iter().filter(|id| !wanted.providers.contains_key(id)).collect();
    let others = records(omni, others.iter().map(String::as_str)).await;
    omni_seen.types.extend(others);
    let examined = proxmox.iter().zip(clusters).map(|(reader, seen)| {
        let recorded = recorded(&omni_seen, wanted, reader.name());
        async move { (reader.name().to_owned(), reader.examine(seen, &recorded).await) }
    });
    let proxmox = join_all(examined).await.into_iter().collect();
    Snapshot { omni: omni_seen, proxmox }
}

/// Drops what is secret and of no use: a join token lets any machine in.
fn forget_secrets(omni: &mut OmniSnapshot) {
    let of = |short: &str| format!("{short}{TYPE_SUFFIX}");
    if let Some(Observation::Known(tokens)) = omni.types.get_mut(&of(JOIN_TOKENS)) {
        for (n, token) in tokens.iter_mut().enumerate() {
            token.resource.id.id = format!("token-{}", n + 1);
        }
    }
    for short in [PATCH_REQUESTS, PENDING] {
        if let Some(Observation::Known(all)) = omni.types.get_mut(&of(short)) {
            for one in all {
                one.resource.spec = Value::map();
            }
        }
    }
    if let Some(Observation::Known(links)) = omni.types.get_mut(&of("Links")) {
        for link in links {
            if let Value::Map(spec) = &mut link.resource.spec {
                spec.remove("node_unique_token");
            }
        }
    }
}

/// Adds the tasks of guests, given by Proxmox cluster, node and VMID, to what [`examine`] saw.
pub async fn histories(
    proxmox: &[Arc<dyn ProxmoxReader>],
    mut seen: Snapshot,
    guests: &[(String, String, u32)],
) -> Snapshot {
    for reader in proxmox {
        let own = guests.iter().filter(|(cluster, ..)| cluster == reader.name());
        let own: Vec<(String, u32)> = own.map(|(_, node, vmid)| (node.clone(), *vmid)).collect();
        if let Some(cluster) = seen.proxmox.remove(reader.name()) {
            let more = if own.is_empty() { cluster } else { reader.histories(cluster, &own).await };
            seen.proxmox.insert(reader.name().to_owned(), more);
        }
    }
    seen
}

/// Ids of the providers that Omni knows: registered, or named by a machine request.
fn providers_of(omni: &OmniSnapshot) -> BTreeSet<String> {
    let registered = ["InfraProviderStatuses", "InfraProviderCombinedStatuses"].into_iter();
    let registered = registered.flat_map(|short| omni.list(short)).map(|live| live.resource.id.id.clone());
    let requests = omni.list("MachineRequests").iter();
    let named = requests.filter_map(|live| live.resource.omni_label("infra-provider-id").map(str::to_owned));
    registered.chain(named).filter(|id| !id.is_empty()).collect()
}

/// What providers of a Proxmox cluster recorded, with the tasks of machines that are not made yet.
fn recorded(omni: &OmniSnapshot, wanted: &Wanted, proxmox: &str) -> Vec<RecordedVm> {
    let ours = omni.recorders().filter(|id| wanted.proxmox_of(id) == Some(proxmox));
    let records = ours.flat_map(|id| omni.records(id).known().cloned().unwrap_or_default());
    records
        .filter_map(|record| {
            let made = omni
                .find("MachineRequestStatuses", record.request)
                .and_then(|live| live.resource.spec.get("stage"))
                .is_some_and(|stage| {
                    stage.as_int() == Some(PROVISIONED) || stage.as_str() == Some("PROVISIONED")
                });
            let tasks = [record.vm_create_task, record.vm_start_task, record.volume_upload_task];
            let tasks =
                if made { Vec::new() } else { tasks.into_iter().flatten().map(str::to_owned).collect() };
            let vm = RecordedVm {
                node: record.node.unwrap_or_default().to_owned(),
                vmid: record.vmid.unwrap_or(0),
                uuid: record.uuid,
                tasks,
            };
            (vm.vmid > 0 || !vm.tasks.is_empty()).then_some(vm)
        })
        .collect()
}

/// `MachineRequestStatus.spec.stage` of a machine that was made.
const PROVISIONED: i128 = 2;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Phase, Resource, ResourceId};

    #[test]
    fn join_tokens_and_what_else_is_secret_is_dropped() {
        let live = |short: &str, spec: &str| LiveResource {
            resource: Resource {
                spec: Value::from_json(&serde_json::from_str(spec).unwrap()),
                ..Resource::new(ResourceId::default_ns(short, "canary-token"))
            },
            version: 1,
            phase: Phase::Running,
            owner: String::new(),
            finalizers: Vec::new(),
            created: String::new(),
            updated: String::new(),
        };
        let mut seen = OmniSnapshot {
            endpoint: String::new(),
            version: Observation::Absent,
            types: BTreeMap::from([
                (
                    format!("{JOIN_TOKENS}{TYPE_SUFFIX}"),
                    Observation::Known(vec![live(JOIN_TOKENS, r#"{"state":2}"#)]),
                ),
                (
                    format!("Links{TYPE_SUFFIX}"),
                    Observation::Known(vec![LiveResource {
                        resource: Resource {
                            spec: live("Links", r#"{"connected":true,"node_unique_token":"canary"}"#)
                                .resource
                                .spec,
                            ..Resource::new(ResourceId::default_ns("Links", "uuid"))
                        },
                        ..live("Links", "{}")
                    }]),
                ),
            ]),
        };
        forget_secrets(&mut seen);
        assert!(!format!("{seen:?}").contains("canary"), "{seen:?}");
        assert_eq!(seen.list(JOIN_TOKENS)[0].resource.spec.get("state").and_then(Value::as_int), Some(2));
        assert!(seen.list("Links")[0].resource.spec.get("connected").is_some());
    }
}
