//! The machines of all clusters as people know them: from the machine set over the machine to its VM and node.

use std::collections::BTreeMap;

use super::Affected;
use super::scene::{Readable, Scene};
use crate::address::Address;
use crate::diff::is_locked;
use crate::graph::address_of;
use crate::kinds::Effect;
use crate::resource::{LiveResource, Phase, Resource, ResourceId};
use crate::untrusted::Untrusted;
use crate::value::Value;

/// Stage of a machine that runs, as `ClusterMachineStatuses` has it.
const RUNNING: i128 = 4;

/// One machine of a cluster.
pub(super) struct Machine<'a> {
    /// Its node in a machine set.
    pub(super) node: &'a LiveResource,
    /// Machine request or UUID, fit to be shown.
    pub(super) name: String,
    /// Address of its machine set.
    pub(super) set: Option<Address>,
    /// `node/vmid`, if the VM was found.
    pub(super) vm: Option<String>,
    /// Whether it is a member of etcd once it has joined.
    pub(super) control_plane: bool,
    /// Whether it takes no configuration and no upgrade until somebody unlocks it.
    pub(super) locked: bool,
    /// Whether Omni says that it holds a change back from it; `None` when that was not read.
    pub(super) held_back: Option<bool>,
    /// Whether Omni says that it runs and is connected; `None` when that was not read.
    pub(super) healthy: Option<bool>,
}

impl Machine<'_> {
    /// What a step does to it.
    pub(super) fn affected(&self, effect: Effect, predicted: bool) -> Affected {
        Affected {
            machine: Some(self.name.clone()),
            machine_set: self.set.clone(),
            vm: self.vm.clone(),
            effect,
            predicted,
        }
    }
}

/// All machines, by UUID.
pub(super) struct Machines<'a> {
    all: BTreeMap<&'a str, Machine<'a>>,
}

impl<'a> Machines<'a> {
    pub(super) fn new(scene: &Scene<'a>) -> Self {
        let statuses = scene.readable("ClusterMachineStatuses") == Readable::Yes;
        let all = scene.snapshot().omni.list("MachineSetNodes").iter().map(|node| {
            let uuid = node.resource.id.id.as_str();
            let request = scene.machine_name(uuid);
            let set = node.resource.omni_label("machine-set");
            let live_set = set.and_then(|s| scene.live(&ResourceId::default_ns("MachineSets", s)));
            let machine = Machine {
                node,
                name: shown(request),
                set: set.and_then(|s| set_address(scene, s, node.resource.omni_label("cluster"))),
                vm: vm(scene, request),
                control_plane: is_control_plane(&node.resource)
                    || live_set.is_some_and(|s| is_control_plane(&s.resource)),
                locked: is_locked(&node.resource),
                held_back: statuses.then(|| held_back(scene, uuid)),
                healthy: statuses.then(|| healthy(scene, uuid)),
            };
            (uuid, machine)
        });
        Self { all: all.collect() }
    }

    /// The machine of a node.
    pub(super) fn of(&self, node: &LiveResource) -> Option<&Machine<'a>> {
        self.by_uuid(&node.resource.id.id)
    }

    /// The machine of a UUID, if it is in a cluster.
    pub(super) fn by_uuid(&self, uuid: &str) -> Option<&Machine<'a>> {
        self.all.get(uuid)
    }

    /// The control planes that a cluster has now.
    pub(super) fn control_planes<'m>(
        &'m self,
        scene: &Scene<'a>,
        cluster: &str,
    ) -> impl Iterator<Item = &'m Machine<'a>> {
        scene.machines(cluster).into_iter().filter_map(|n| self.of(n)).filter(|m| m.control_plane)
    }
}

/// A machine's name as it is shown everywhere.
pub(super) fn shown(name: &str) -> String {
    Untrusted::new(name).line(120)
}

/// `node/vmid` of a machine request, as it is shown everywhere.
pub(super) fn vm(scene: &Scene<'_>, request: &str) -> Option<String> {
    scene.vm(request).map(|g| format!("{}/{}", Untrusted::new(&g.node).line(64), g.vmid))
}

/// The address of a machine set by its id, live or not.
pub(super) fn set_address(scene: &Scene<'_>, set: &str, cluster: Option<&str>) -> Option<Address> {
    let id = ResourceId::default_ns("MachineSets", set);
    if let Some(live) = scene.live(&id) {
        return address_of(&live.resource);
    }
    let mut resource = Resource::new(id);
    resource.labels.insert(format!("{}cluster", crate::resource::OMNI_PREFIX), cluster?.to_owned());
    address_of(&resource)
}

/// Whether a machine set, or a node, is one of control planes: both carry the label of their role.
pub(super) fn is_control_plane(resource: &Resource) -> bool {
    resource.omni_label("role-controlplane").is_some()
}

/// A lock leaves a mark on the machines that would change without it.
fn held_back(scene: &Scene<'_>, uuid: &str) -> bool {
    scene
        .live(&ResourceId::default_ns("ClusterMachineStatuses", uuid))
        .is_some_and(|s| s.resource.omni_label("locked-update").is_some())
}

/// Omni says of every machine in which stage it is and whether it is connected. Its `ready` does not count here: it waits
/// for a CNI, which etcd does without.
fn healthy(scene: &Scene<'_>, uuid: &str) -> bool {
    let Some(status) = scene.live(&ResourceId::default_ns("ClusterMachineStatuses", uuid)) else {
        return false;
    };
    let stage = status.resource.spec.get("stage").and_then(Value::as_int);
    let machine = scene.live(&ResourceId::default_ns("MachineStatuses", uuid));
    let connected = status.resource.omni_label("connected").is_some()
        || machine.is_some_and(|m| {
            m.resource.spec.get("connected").and_then(Value::as_bool) == Some(true)
                && m.resource.omni_label("disconnected").is_none()
        });
    status.phase == Phase::Running && stage == Some(RUNNING) && connected
}
