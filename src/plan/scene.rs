//! Everything that the rules look at, indexed once.

use std::collections::BTreeMap;

use super::{PlanInput, Selection};
use crate::address::Address;
use crate::graph::edges::class_of_set;
use crate::graph::{DesiredCluster, DesiredPhase, DesiredResource, Prune};
use crate::kinds;
use crate::live::{Guest, Observation, OmniSnapshot, Snapshot};
use crate::resource::{LiveResource, Phase, Resource, ResourceId, TYPE_SUFFIX};
use crate::state::model::Entry;
use crate::template::Dialect;
use crate::value::Value;

/// Label of nodes that Omni makes for machine sets with a class.
pub(super) const MADE_BY_OMNI: &str = "omni.sidero.dev/managed-by-machine-set-node-controller";
/// Label of Omni's own patches.
pub(super) const SYSTEM_PATCH: &str = "omni.sidero.dev/system-patch";
/// Annotation of clusters and kernel arguments that come from a template.
pub(super) const MANAGED: &str = "omni.sidero.dev/managed-by-cluster-templates";

/// The types of which a cluster template's members are (kernel arguments follow their machine instead).
pub(super) const MEMBER_TYPES: [&str; 6] = [
    "MachineSets",
    "MachineSetNodes",
    "ConfigPatches",
    "ExtensionsConfigurations",
    "KubernetesManifestGroups",
    "KubernetesHealthChecks",
];

/// Whether a type could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Readable {
    /// It was.
    Yes,
    /// This server does not know the type.
    Unsupported,
    /// It was not; nothing follows from that.
    No(String),
}

/// Inputs with indexes.
pub(super) struct Scene<'a> {
    /// The inputs.
    pub(super) input: PlanInput<'a>,
    /// Everything declared, by address.
    pub(super) desired: BTreeMap<&'a Address, &'a DesiredResource>,
    positions: BTreeMap<&'a Address, u32>,
    live: BTreeMap<&'a ResourceId, &'a LiveResource>,
    by_cluster: BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a LiveResource>>>,
    /// Machine request by the UUID of its machine.
    requests: BTreeMap<&'a str, &'a str>,
    /// VMs that the provider made, by name.
    vms: BTreeMap<&'a str, Vec<&'a Guest>>,
    clusters: BTreeMap<&'a str, &'a DesiredCluster>,
    /// Nodes that are not on their way out, by cluster and machine set.
    machines: BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a LiveResource>>>,
    /// Live machine sets by the class that they draw from.
    by_class: BTreeMap<&'a str, Vec<&'a LiveResource>>,
    /// Machine requests by their set.
    by_set: BTreeMap<&'a str, Vec<&'a LiveResource>>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(input: PlanInput<'a>) -> Self {
        let declared = input.desired.clusters.iter().flat_map(|c| &c.resources);
        let desired = input.desired.classes.iter().chain(declared).map(|d| (&d.address, d)).collect();
        let positions = input
            .desired
            .clusters
            .iter()
            .flat_map(|c| (0u32..).zip(&c.resources).map(|(i, d)| (&d.address, i)));
        let mut live = BTreeMap::new();
        let mut by_cluster: BTreeMap<&str, BTreeMap<&str, Vec<&LiveResource>>> = BTreeMap::new();
        for observation in input.snapshot.omni.types.values() {
            for resource in observation.known().into_iter().flatten() {
                live.insert(&resource.resource.id, resource);
                if let Some(cluster) = resource.resource.omni_label("cluster") {
                    let of_type = by_cluster.entry(resource.resource.id.short_kind()).or_default();
                    of_type.entry(cluster).or_default().push(resource);
                }
            }
        }
        let mut requests = BTreeMap::new();
        for status in input.snapshot.omni.list("MachineRequestStatuses") {
            if let Some(uuid) = status.resource.spec.get("id").and_then(Value::as_str) {
                requests.insert(uuid, status.resource.id.id.as_str());
            }
        }
        for status in input.snapshot.omni.list("MachineStatuses") {
            if let Some(request) = status.resource.omni_label("machine-request") {
                requests.insert(&status.resource.id.id, request);
            }
        }
        let mut vms: BTreeMap<&str, Vec<&Guest>> = BTreeMap::new();
        for guest in input.snapshot.proxmox.values().filter_map(|p| p.guests.known()).flatten() {
            if let Some(name) = guest.name.as_deref().filter(|_| guest.made_by_provider()) {
                vms.entry(name).or_default().push(guest);
            }
        }
        let mut machines: BTreeMap<&str, BTreeMap<&str, Vec<&LiveResource>>> = BTreeMap::new();
        for node in input.snapshot.omni.list("MachineSetNodes").iter().filter(|n| n.phase == Phase::Running) {
            if let Some(cluster) = node.resource.omni_label("cluster") {
                let set = node.resource.omni_label("machine-set").unwrap_or_default();
                machines.entry(cluster).or_default().entry(set).or_default().push(node);
            }
        }
        let mut by_class: BTreeMap<&str, Vec<&LiveResource>> = BTreeMap::new();
        for set in input.snapshot.omni.list("MachineSets") {
            if let Some(class) = class_of_set(&set.resource) {
                by_class.entry(class).or_default().push(set);
            }
        }
        let mut by_set: BTreeMap<&str, Vec<&LiveResource>> = BTreeMap::new();
        for request in input.snapshot.omni.list("MachineRequests") {
            if let Some(set) = request.resource.omni_label("machine-request-set") {
                by_set.entry(set).or_default().push(request);
            }
        }
        let mut clusters: BTreeMap<&str, &DesiredCluster> = BTreeMap::new();
        for cluster in &input.desired.clusters {
            clusters.entry(&cluster.name).or_insert(cluster);
        }
        Self {
            input,
            desired,
            positions: positions.collect(),
            live,
            by_cluster,
            requests,
            vms,
            clusters,
            machines,
            by_class,
            by_set,
        }
    }

    pub(super) fn snapshot(&self) -> &'a Snapshot {
        self.input.snapshot
    }

    /// Phases of the spec; a removal by address knows none.
    pub(super) fn phases(&self) -> &'a [DesiredPhase] {
        let desired = self.input.desired;
        if desired.removal.is_some() { &[] } else { &desired.phases }
    }

    /// What a person chose, if it is not everything.
    pub(super) fn selection(&self) -> Option<&'a Selection> {
        self.input.options.selection.filter(|s| !s.is_empty())
    }

    /// Whether an address is among what a person chose.
    pub(super) fn takes(&self, address: &Address) -> bool {
        self.selection().is_none_or(|s| s.takes(address))
    }

    /// Whether this Omni's templates can state what those of 1.9 cannot.
    pub(super) fn newer_templates(&self) -> bool {
        let version = self.snapshot().omni.version.known();
        version.and_then(|v| Dialect::named(v)).is_some_and(|d| d > Dialect::V1_9)
    }

    /// The live resource of an identity.
    pub(super) fn live(&self, id: &ResourceId) -> Option<&'a LiveResource> {
        self.live.get(id).copied()
    }

    /// The machine request that a machine came from, which is also the name of its VM; else the machine's UUID.
    pub(super) fn machine_name<'n>(&self, uuid: &'n str) -> &'n str
    where
        'a: 'n,
    {
        self.requests.get(uuid).copied().unwrap_or(uuid)
    }

    /// The VM of a machine request: its name, and the provider's tag; none if that is not unique.
    pub(super) fn vm(&self, request: &str) -> Option<&'a Guest> {
        match self.vms.get(request)?.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The entry of the record.
    pub(super) fn entry(&self, address: &Address) -> Option<&'a Entry> {
        self.input.record?.entries.get(address)
    }

    /// Whether a type (short name) could be read.
    pub(super) fn readable(&self, short: &str) -> Readable {
        match self.snapshot().omni.types.get(&format!("{short}{TYPE_SUFFIX}")) {
            Some(Observation::Known(_)) => Readable::Yes,
            Some(Observation::Absent) => Readable::Unsupported,
            Some(Observation::Unknown(reason)) => Readable::No(reason.0.clone()),
            None => Readable::No("it was not read".to_owned()),
        }
    }

    /// Live resources of a short type with the label of a cluster.
    pub(super) fn in_cluster(&self, short: &str, cluster: &str) -> &[&'a LiveResource] {
        self.by_cluster.get(short).and_then(|c| c.get(cluster)).map_or(&[], Vec::as_slice)
    }

    /// What `omnictl cluster template sync` takes for the members of a cluster: resources with its label that no
    /// controller owns or made.
    pub(super) fn members(&self, cluster: &str) -> Vec<&'a LiveResource> {
        MEMBER_TYPES
            .iter()
            .flat_map(|short| self.in_cluster(short, cluster))
            .copied()
            .filter(|l| l.owner.is_empty() && !l.resource.labels.contains_key(MADE_BY_OMNI))
            .collect()
    }

    /// Whether a live resource is found as a part of a cluster, and not only because a template names it.
    pub(super) fn is_member(&self, live: &LiveResource, cluster: Option<&str>) -> bool {
        let id = &live.resource.id;
        let Some(cluster) = cluster else { return true };
        match id.short_kind() {
            "Clusters" => id.id == cluster,
            "KernelArgs" | "MachineInstallDiskConfigs" => {
                let node = self.live(&ResourceId::default_ns("MachineSetNodes", &id.id));
                node.is_some_and(|node| self.is_member(node, Some(cluster)))
            }
            _ => {
                live.resource.omni_label("cluster") == Some(cluster)
                    && live.owner.is_empty()
                    && !live.resource.labels.contains_key(MADE_BY_OMNI)
            }
        }
    }

    /// Position of something declared among the resources of its template.
    pub(super) fn position(&self, address: &Address) -> Option<u32> {
        self.positions.get(address).copied()
    }

    /// Machines that are in a cluster now: its nodes, made by people or by Omni, that are not on their way out.
    pub(super) fn machines(&self, cluster: &str) -> Vec<&'a LiveResource> {
        self.machines.get(cluster).into_iter().flat_map(BTreeMap::values).flatten().copied().collect()
    }

    /// Machines of one machine set.
    pub(super) fn machines_of_set(&self, cluster: &str, set: &str) -> &[&'a LiveResource] {
        self.machines.get(cluster).and_then(|sets| sets.get(set)).map_or(&[], Vec::as_slice)
    }

    /// Machine requests of a machine set, on their way out or not.
    pub(super) fn requests_of_set(&self, set: &str) -> &[&'a LiveResource] {
        self.by_set.get(set).map_or(&[], Vec::as_slice)
    }

    /// Machines that a patch or an extension list applies to, by its labels.
    pub(super) fn machines_in_scope(&self, configuration: &Resource) -> Vec<&'a LiveResource> {
        let Some(cluster) = configuration.omni_label("cluster") else { return Vec::new() };
        match (configuration.omni_label("cluster-machine"), configuration.omni_label("machine-set")) {
            (Some(machine), _) => {
                let node = self.live(&ResourceId::default_ns("MachineSetNodes", machine));
                let here = |n: &&LiveResource| {
                    n.phase == Phase::Running && n.resource.omni_label("cluster") == Some(cluster)
                };
                node.filter(here).into_iter().collect()
            }
            (None, Some(set)) => self.machines_of_set(cluster, set).to_vec(),
            (None, None) => self.machines(cluster),
        }
    }

    /// Live machine sets that draw machines from a class.
    pub(super) fn sets_of_class(&self, class: &str) -> &[&'a LiveResource] {
        self.by_class.get(class).map_or(&[], Vec::as_slice)
    }

    /// What was seen of one cluster and its machines, of some types: rules that walk a whole snapshot stay quick with it.
    pub(super) fn only(
        &self,
        cluster: &str,
        sets: &BTreeMap<String, u32>,
        types: &[(&str, &str)],
    ) -> OmniSnapshot {
        let omni = &self.snapshot().omni;
        let machines =
            self.in_cluster("ClusterMachineStatuses", cluster).iter().map(|m| m.resource.id.id.as_str());
        let machines: Vec<&str> = machines.collect();
        let mut seen = BTreeMap::new();
        for (short, _) in types {
            let full = format!("{short}{TYPE_SUFFIX}");
            let observation = match omni.types.get(&full) {
                Some(Observation::Known(_)) => {
                    let named: Vec<&str> = match *short {
                        "MachineSetStatuses" => sets.keys().map(String::as_str).collect(),
                        "MachineStatuses" => machines.clone(),
                        _ => vec![cluster],
                    };
                    let named =
                        named.into_iter().filter_map(|id| self.live(&ResourceId::default_ns(short, id)));
                    let all = self.in_cluster(short, cluster).iter().copied().chain(named);
                    let by_id: BTreeMap<&ResourceId, &LiveResource> =
                        all.map(|l| (&l.resource.id, l)).collect();
                    Observation::Known(by_id.into_values().cloned().collect())
                }
                Some(other) => other.clone(),
                None => continue,
            };
            seen.insert(full, observation);
        }
        OmniSnapshot { endpoint: omni.endpoint.clone(), version: omni.version.clone(), types: seen }
    }

    /// How a declared cluster is pruned; `None` if no template declares it.
    pub(super) fn declared_cluster(&self, name: &str) -> Option<&'a DesiredCluster> {
        self.clusters.get(name).copied()
    }

    /// How the cluster of an address is pruned.
    pub(super) fn prune(&self, address: &Address) -> Prune {
        address.cluster_name().and_then(|c| self.declared_cluster(c)).map_or(Prune::Record, |c| c.prune)
    }

    /// Whether the tool knows the kind of a resource.
    pub(super) fn is_known_kind(id: &ResourceId) -> bool {
        kinds::by_type(&id.kind).is_some()
    }
}
