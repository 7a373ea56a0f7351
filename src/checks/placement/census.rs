//! Which machines there are, and on which Proxmox node each of them is.

use std::collections::{BTreeMap, BTreeSet};

use crate::checks::Scene;
use crate::live::{Guest, OmniSnapshot};
use crate::resource::{LiveResource, Phase};
use crate::value::Value;

/// `stage` of a machine request whose machine was made.
const PROVISIONED: i128 = 2;

/// One machine of a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine<'a> {
    /// UUID; the machine request where it has not joined.
    pub uuid: &'a str,
    /// Machine request, which is the name of its VM; else the UUID.
    pub name: &'a str,
    /// Cluster.
    pub cluster: &'a str,
    /// Machine set, by its id.
    pub set: &'a str,
    /// Whether it is a member of etcd.
    pub control_plane: bool,
    /// Proxmox cluster and node, where they are known.
    pub at: Option<(&'a str, &'a str)>,
    /// VMID, where it is known.
    pub vmid: Option<u32>,
}

/// All machines, by machine set.
#[derive(Default)]
pub struct Census<'a> {
    by_set: BTreeMap<&'a str, Vec<Machine<'a>>>,
}

impl<'a> Census<'a> {
    /// Counts what a look saw. A VM is found by its name and the provider's tag; where VMs could not be read, the provider's own
    /// record in Omni says where it made them.
    pub fn new(scene: &Scene<'a>) -> Self {
        let omni = &scene.snapshot.omni;
        let mut requests: BTreeMap<&str, &str> = BTreeMap::new();
        for status in omni.list("MachineRequestStatuses") {
            if let Some(uuid) = status.resource.spec.get("id").and_then(Value::as_str) {
                requests.insert(uuid, &status.resource.id.id);
            }
        }
        for status in omni.list("MachineStatuses") {
            if let Some(request) = status.resource.omni_label("machine-request") {
                requests.insert(&status.resource.id.id, request);
            }
        }
        let mut vms: BTreeMap<&str, Option<(&str, &Guest)>> = BTreeMap::new();
        for (proxmox, seen) in &scene.snapshot.proxmox {
            for guest in seen.guests.known().into_iter().flatten().filter(|g| g.made_by_provider()) {
                let Some(name) = guest.name.as_deref() else { continue };
                // Two of one name prove nothing.
                let entry = vms.entry(name).or_insert(Some((proxmox, guest)));
                if entry.is_some_and(|(_, g)| !std::ptr::eq(g, guest)) {
                    *entry = None;
                }
            }
        }
        let recorded = recorded(scene);
        let mut by_set: BTreeMap<&str, Vec<Machine<'_>>> = BTreeMap::new();
        for node in omni.list("MachineSetNodes").iter().filter(|n| n.phase == Phase::Running) {
            let label = |name| node.resource.omni_label(name);
            let (Some(cluster), Some(set)) = (label("cluster"), label("machine-set")) else { continue };
            let uuid = node.resource.id.id.as_str();
            let name = requests.get(uuid).copied().unwrap_or(uuid);
            let vm = vms.get(name).copied().flatten();
            let record = || recorded.get(name).copied();
            by_set.entry(set).or_default().push(Machine {
                uuid,
                name,
                cluster,
                set,
                control_plane: label("role-controlplane").is_some(),
                at: vm.map(|(proxmox, g)| (proxmox, g.node.as_str())).or_else(|| record().map(|r| r.0)),
                vmid: vm.map(|(_, g)| g.vmid).or_else(|| record().and_then(|r| r.1)),
            });
        }
        let mut all = Self { by_set };
        all.on_their_way(omni, |request| {
            let vm = vms.get(request).copied().flatten();
            let made = vm.map(|(proxmox, g)| ((proxmox, g.node.as_str()), Some(g.vmid)));
            made.or_else(|| recorded.get(request).copied())
        });
        all
    }

    /// Counts machines that have not joined too, where the provider has chosen their node: it never chooses again. Nor does it make
    /// a machine a second time that it made and somebody deleted: that one is on no node.
    fn on_their_way(&mut self, omni: &'a OmniSnapshot, place: impl Fn(&str) -> Option<Place<'a>>) {
        let sets: BTreeMap<&str, &LiveResource> =
            omni.list("MachineSets").iter().map(|s| (s.resource.id.id.as_str(), s)).collect();
        let joined: BTreeSet<&str> = self.all().map(|m| m.name).collect();
        let statuses = omni.list("MachineRequestStatuses").iter();
        let made: BTreeSet<&str> = statuses
            .filter(|s| s.resource.spec.get("stage").and_then(Value::as_int) == Some(PROVISIONED))
            .map(|s| s.resource.id.id.as_str())
            .collect();
        let waiting = |r: &&LiveResource| {
            r.phase == Phase::Running && r.resource.omni_label("machine-request-in-use").is_none()
        };
        for request in omni.list("MachineRequests").iter().filter(waiting) {
            let name = request.resource.id.id.as_str();
            let Some(set) = request.resource.omni_label("machine-request-set") else { continue };
            let Some(of) = sets.get(set).copied().filter(|_| !joined.contains(name)) else {
                continue;
            };
            let Some(cluster) = of.resource.omni_label("cluster") else { continue };
            let place = place(name);
            if place.is_none() && !made.contains(name) {
                continue;
            }
            let control_plane = of.resource.omni_label("role-controlplane").is_some();
            self.by_set.entry(set).or_default().push(Machine {
                uuid: name,
                name,
                cluster,
                set,
                control_plane,
                at: place.map(|(at, _)| at),
                vmid: place.and_then(|(_, vmid)| vmid),
            });
        }
    }

    /// Machines of a set.
    pub fn of_set(&self, set: &str) -> &[Machine<'a>] {
        self.by_set.get(set).map_or(&[], Vec::as_slice)
    }

    /// All machines.
    pub fn all(&self) -> impl Iterator<Item = &Machine<'a>> {
        self.by_set.values().flatten()
    }
}

/// Proxmox cluster, node, and VMID where there is one.
type Place<'a> = ((&'a str, &'a str), Option<u32>);

/// Where the providers made their machines, by machine request: for VMs that could not be read, or whose name is not told (a node
/// that is down for long sends none), and for those that are still to be made where a node is chosen.
fn recorded<'a>(scene: &Scene<'a>) -> BTreeMap<&'a str, Place<'a>> {
    let mut out = BTreeMap::new();
    for provider in &scene.desired.providers {
        let Some(proxmox) = provider.proxmox.as_deref() else { continue };
        let guests = scene.snapshot.proxmox.get(proxmox).and_then(|p| p.guests.known());
        let nameless: BTreeSet<(&str, u32)> = guests
            .into_iter()
            .flatten()
            .filter(|g| g.name.is_none())
            .map(|g| (g.node.as_str(), g.vmid))
            .collect();
        for record in scene.snapshot.omni.records(&provider.id).known().into_iter().flatten() {
            if let Some(node) = record.node
                && (guests.is_none() || record.vmid.is_none_or(|v| nameless.contains(&(node, v))))
            {
                out.insert(record.request, ((proxmox, node), record.vmid));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::checks::preflight::rehearsal::World;
    use crate::resource::OMNI_PREFIX;

    #[test]
    fn only_what_was_never_made_is_still_to_be_made() {
        let mut world = World::new();
        world.size("c-control-planes", 0);
        world.size("c-workers", 2);
        let label = |world: &mut World, kind: &str, pairs: &[(&str, &str)]| {
            let labels = &mut world.types(kind).last_mut().unwrap().resource.labels;
            *labels = pairs.iter().map(|(k, v)| (format!("{OMNI_PREFIX}{k}"), (*v).to_owned())).collect();
        };
        world.list("MachineSets", "c-workers", json!({}));
        label(&mut world, "MachineSets", &[("cluster", "c")]);
        assert_eq!(world.made_anew(), 2);
        for (request, vmid) in [("c-workers-1", 101), ("c-workers-2", 102)] {
            world.machine("c-workers", request, "golf", vmid);
            world.list("MachineRequests", request, json!({}));
            label(&mut world, "MachineRequests", &[("machine-request-set", "c-workers")]);
        }
        // None has joined, and the VM of one was deleted by hand: nobody makes it again.
        world.types("MachineSetNodes").clear();
        world.guests().pop();
        assert_eq!(world.made_anew(), 0);
        // A request that its provider has not come to the end of.
        world.types("MachineRequestStatuses").pop();
        assert_eq!(world.made_anew(), 1);
    }
}
