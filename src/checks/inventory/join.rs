//! The chain of identity: machine request, machine, the provider's record, VM.
//!
//! The UUID joins them: `MachineRequestStatuses.id` and the record's `uuid` are the machine's id in Omni, and `smbios1` of
//! the VM bears it. Names and VMIDs prove nothing: people rename, and Proxmox gives a VMID out again.

use std::collections::{BTreeMap, BTreeSet};

use super::sight::{flag, machine_address, number, raw, shown, word};
use crate::address::Address;
use crate::checks::Scene;
use crate::checks::logs::Logs;
use crate::live::{
    Evidence, Guest, GuestConfig, GuestKind, NodeStatus, Observation, ProviderRecord, ProxmoxSnapshot, Task,
};
use crate::resource::{LiveResource, Phase};

/// A VM that bears a machine's UUID.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found<'a> {
    /// Proxmox cluster, by its name in the spec.
    pub proxmox: &'a str,
    /// VMID.
    pub vmid: u32,
    /// Node on which it is now.
    pub node: &'a str,
    /// Row of the whole-cluster view.
    pub guest: Option<&'a Guest>,
    /// Configuration.
    pub config: &'a GuestConfig,
}

/// What is known of a machine's VM.
#[derive(Clone, Debug, PartialEq)]
pub enum Vm<'a> {
    /// No VM was asked for yet.
    NotMade,
    /// One VM bears the UUID.
    One(Found<'a>),
    /// Several VMs bear it.
    Several(Vec<Found<'a>>),
    /// None does, and everything was seen.
    Gone,
    /// None does; the VMID of the record is another VM's, on the record's own node.
    Reused {
        /// The foreign VM.
        guest: &'a Guest,
        /// Its UUID, lower case.
        uuid: String,
    },
    /// Its node does not answer, so that its configuration was not read.
    Dark(&'a Guest),
    /// It cannot be told.
    Unknown(String),
}

/// One machine that a provider makes or made.
#[derive(Clone, Debug)]
pub struct Machine<'a> {
    /// Machine request, also the VM's name.
    pub id: &'a str,
    /// `machine/REQUEST`.
    pub address: Address,
    /// Id of the provider that it was asked of.
    pub provider: &'a str,
    /// Machine set that it is for.
    pub set: Option<&'a str>,
    /// Cluster of that set.
    pub cluster: Option<&'a str>,
    /// Whether it is a control plane.
    pub control_plane: bool,
    /// `MachineRequests`.
    pub request: Option<&'a LiveResource>,
    /// `MachineRequestStatuses`.
    pub status: Option<&'a LiveResource>,
    /// `ClusterMachineRequestStatuses`.
    pub cluster_status: Option<&'a LiveResource>,
    /// The provider's record; nothing where there is none, or it was not read.
    pub record: Option<ProviderRecord<'a>>,
    /// UUID, lower case.
    pub uuid: Option<String>,
    /// `MachineStatuses`.
    pub machine: Option<&'a LiveResource>,
    /// `Links`.
    pub link: Option<&'a LiveResource>,
    /// `ClusterMachines`.
    pub member: Option<&'a LiveResource>,
    /// `ClusterMachineStatuses`.
    pub member_status: Option<&'a LiveResource>,
    /// `MachineSetNodes`.
    pub node: Option<&'a LiveResource>,
    /// Its Proxmox cluster, if it was looked at.
    pub proxmox: Option<(&'a str, &'a ProxmoxSnapshot)>,
    /// Its VM.
    pub vm: Vm<'a>,
}

impl<'a> Machine<'a> {
    /// The VM, if exactly one bears its UUID.
    pub fn found(&self) -> Option<&Found<'a>> {
        match &self.vm {
            Vm::One(found) => Some(found),
            _ => None,
        }
    }
    /// Whether the provider says that it is made.
    pub fn provisioned(&self) -> bool {
        self.status.is_some_and(|s| number(s, &["stage"]) == 2)
    }
    /// Whether Omni hears it; nothing where no status of it was read.
    pub fn connected(&self) -> Option<bool> {
        self.machine.map(|m| flag(m, &["connected"]) && m.resource.omni_label("disconnected").is_none())
    }
    /// Whether its request is on its way out.
    pub fn going(&self) -> bool {
        self.request.is_some_and(|r| r.phase == Phase::TearingDown)
    }
    /// What makes Omni replace it. One that never joined has no Link that could be deleted.
    pub fn replacement(&self) -> String {
        match &self.uuid {
            Some(uuid) if self.link.is_some() || self.machine.is_some() => {
                format!("`omnictl delete link {}`: Omni then makes the replacement by itself", word(uuid))
            }
            _ => "it never joined: scale its set up by one and down again; Omni takes requests without a machine away first, the oldest of them before others".to_owned(),
        }
    }
    /// Name of its Proxmox node as it is now, or as recorded.
    pub fn where_it_is(&self) -> Option<&'a str> {
        match &self.vm {
            Vm::One(found) => Some(found.node),
            Vm::Dark(guest) => Some(&guest.node),
            _ => self.record.as_ref().and_then(|r| r.node),
        }
    }
    /// Provider data that it is, or will be, made of.
    pub fn data(&self) -> Option<&'a str> {
        self.request.and_then(|r| raw(r, &["provider_data"]))
    }
}

/// Everything joined.
pub struct Inventory<'a> {
    /// What it was joined from.
    pub scene: &'a Scene<'a>,
    /// Lines of the provider's log, if somebody gave them.
    pub logs: Option<&'a Logs>,
    /// Machines by request.
    pub machines: Vec<Machine<'a>>,
    /// Proxmox clusters of which drift cannot be told, and why.
    pub untold: BTreeMap<&'a str, Vec<String>>,
    /// Providers whose records could not be read, and why.
    pub unrecorded: BTreeMap<&'a str, String>,
    /// Every UUID that Omni or a provider knows, lower case.
    pub uuids: BTreeSet<String>,
    /// Every request that is there.
    pub requests: BTreeSet<&'a str>,
}

impl<'a> Inventory<'a> {
    /// Joins what one look saw.
    pub fn new(scene: &'a Scene<'a>, logs: Option<&'a Logs>) -> Self {
        Joiner::new(scene).finish(logs)
    }

    /// Machines whose drift can be told, with their Proxmox cluster.
    pub fn told(&self) -> impl Iterator<Item = &Machine<'a>> {
        self.machines.iter().filter(|m| m.proxmox.is_some_and(|(name, _)| !self.untold.contains_key(name)))
    }

    /// Whether a Proxmox node is down, by whichever view says so: the membership can lag behind.
    pub fn offline(seen: &ProxmoxSnapshot, node: &str) -> bool {
        let row = seen
            .nodes
            .known()
            .into_iter()
            .flatten()
            .any(|n| n.name == node && n.status == NodeStatus::Offline);
        let member = seen.evidence.members.known().into_iter().flatten();
        row || member.into_iter().any(|m| m.name == node && !m.online)
    }

    /// Whether the Proxmox cluster has a node of this name; nothing where its nodes were not read.
    pub fn has_node(seen: &ProxmoxSnapshot, node: &str) -> Option<bool> {
        Some(seen.nodes.known()?.iter().any(|n| n.name == node))
    }

    /// The newest task of a kind about a VMID.
    pub fn task<'e>(evidence: &'e Evidence, kinds: &[&str], vmid: u32) -> Option<&'e Task> {
        let all = evidence.tasks.known()?;
        let id = vmid.to_string();
        all.iter().filter(|t| t.id == id && kinds.contains(&t.kind.as_str())).max_by_key(|t| t.started)
    }

    /// A task by its id.
    pub fn task_of<'e>(evidence: &'e Evidence, upid: &str) -> Option<&'e Task> {
        evidence.tasks.known()?.iter().find(|t| t.upid == upid)
    }

    /// Whether a provider is heard by Omni; nothing where that was not read.
    pub fn provider_connected(&self, id: &str) -> Option<bool> {
        let omni = &self.scene.snapshot.omni;
        if omni.unreadable("InfraProviderCombinedStatuses").is_some() {
            return None;
        }
        let status = omni.find("InfraProviderCombinedStatuses", id)?;
        Some(flag(status, &["health", "connected"]))
    }

    /// Whether anything was heard of a provider's other machines in the last seconds: it works on one at a time.
    pub fn busy(&self, machine: &Machine<'a>, within: u64) -> Option<&Machine<'a>> {
        self.machines.iter().find(|other| {
            other.id != machine.id
                && other.provider == machine.provider
                && (!other.provisioned() || other.going())
                && other
                    .status
                    .and_then(|s| super::sight::seconds(&s.updated))
                    .is_some_and(|at| self.scene.now.saturating_sub(at) < within)
        })
    }
}

struct Joiner<'a> {
    scene: &'a Scene<'a>,
    records: BTreeMap<&'a str, ProviderRecord<'a>>,
    unrecorded: BTreeMap<&'a str, String>,
    untold: BTreeMap<&'a str, Vec<String>>,
    /// Configurations by UUID.
    by_uuid: BTreeMap<&'a str, Vec<Found<'a>>>,
    guests: BTreeMap<(&'a str, u32), &'a Guest>,
    /// Proxmox clusters with a VM of a provider that could be any: its configuration was not read, and no request is named
    /// as it is.
    unread: BTreeSet<&'a str>,
}

impl<'a> Joiner<'a> {
    fn new(scene: &'a Scene<'a>) -> Self {
        let mut joiner = Self {
            scene,
            records: BTreeMap::new(),
            unrecorded: BTreeMap::new(),
            untold: BTreeMap::new(),
            by_uuid: BTreeMap::new(),
            guests: BTreeMap::new(),
            unread: BTreeSet::new(),
        };
        joiner.records();
        joiner.preconditions();
        let requests = scene.snapshot.omni.list("MachineRequests").iter();
        let requests: BTreeSet<&str> = requests.map(|r| r.resource.id.id.as_str()).collect();
        for (name, seen) in &scene.snapshot.proxmox {
            for guest in seen.guests.known().into_iter().flatten() {
                joiner.guests.insert((name, guest.vmid), guest);
                let unread = seen.evidence.configs.get(&guest.vmid).is_none_or(|c| c.unknown().is_some());
                let own = guest.name.as_deref().is_some_and(|n| requests.contains(n));
                if guest.made_by_provider() && unread && !own {
                    joiner.unread.insert(name);
                }
            }
            for (vmid, config) in &seen.evidence.configs {
                let Some(config) = config.known() else { continue };
                let Some(uuid) = config.uuid.as_deref() else { continue };
                let guest = joiner.guests.get(&(name.as_str(), *vmid)).copied();
                let node = guest.map_or(config.node.as_str(), |g| g.node.as_str());
                let found = Found { proxmox: name, vmid: *vmid, node, guest, config };
                joiner.by_uuid.entry(uuid).or_default().push(found);
            }
        }
        joiner
    }

    fn records(&mut self) {
        for (kind, seen) in &self.scene.snapshot.omni.types {
            let Some(provider) = ProviderRecord::provider_of(kind) else { continue };
            match seen {
                Observation::Known(all) => {
                    let all = all.iter().map(|live| ProviderRecord::of(provider, live));
                    self.records.extend(all.map(|record| (record.request, record)));
                }
                Observation::Absent => {}
                Observation::Unknown(why) => {
                    self.unrecorded.insert(provider, why.0.clone());
                }
            }
        }
    }

    /// Why nothing is believed of a Proxmox cluster.
    fn preconditions(&mut self) {
        let declared = self.scene.desired.providers.iter().filter_map(|p| p.proxmox.as_deref());
        for name in declared {
            let why = match self.scene.snapshot.proxmox.get(name) {
                None => vec!["it is not read: no token for it was given".to_owned()],
                Some(seen) => reasons(seen),
            };
            if !why.is_empty() {
                self.untold.insert(name, why);
            }
        }
        for (name, seen) in &self.scene.snapshot.proxmox {
            let why = reasons(seen);
            if !why.is_empty() {
                self.untold.insert(name, why);
            }
        }
    }

    fn finish(self, logs: Option<&'a Logs>) -> Inventory<'a> {
        let omni = &self.scene.snapshot.omni;
        let index = |short: &str| -> BTreeMap<&'a str, &'a LiveResource> {
            omni.list(short).iter().map(|r| (r.resource.id.id.as_str(), r)).collect()
        };
        let (requests, statuses) = (index("MachineRequests"), index("MachineRequestStatuses"));
        let cluster_statuses = index("ClusterMachineRequestStatuses");
        let (machines, links) = (index("MachineStatuses"), index("Links"));
        let (members, member_statuses) = (index("ClusterMachines"), index("ClusterMachineStatuses"));
        let (nodes, sets) = (index("MachineSetNodes"), index("MachineSets"));
        let mut by_request: BTreeMap<&str, &str> = BTreeMap::new();
        for live in omni.list("MachineStatuses").iter().chain(omni.list("Links")) {
            if let Some(request) = live.resource.omni_label("machine-request") {
                by_request.insert(request, &live.resource.id.id);
            }
        }
        let ids: BTreeSet<&str> =
            requests.keys().chain(statuses.keys()).chain(self.records.keys()).copied().collect();
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            let (request, status) = (requests.get(id).copied(), statuses.get(id).copied());
            let record = self.records.get(id).cloned();
            let uuid = status
                .and_then(|s| raw(s, &["id"]))
                .or_else(|| by_request.get(id).copied())
                .map(str::to_lowercase)
                .or_else(|| record.as_ref().and_then(|r| r.uuid.clone()));
            let label =
                |key: &str| [request, status].into_iter().flatten().find_map(|r| r.resource.omni_label(key));
            let provider = label("infra-provider-id").unwrap_or_default();
            let set = label("machine-request-set");
            let live_set = set.and_then(|s| sets.get(s).copied());
            let cluster_status = cluster_statuses.get(id).copied();
            let cluster = [live_set, cluster_status]
                .into_iter()
                .flatten()
                .find_map(|r| r.resource.omni_label("cluster"));
            let control_plane = [live_set, cluster_status]
                .into_iter()
                .flatten()
                .any(|r| r.resource.omni_label("role-controlplane").is_some());
            let of =
                |map: &BTreeMap<&str, &'a LiveResource>| uuid.as_deref().and_then(|u| map.get(u).copied());
            let on = self.proxmox_of(provider, uuid.as_deref());
            let mut machine = Machine {
                id,
                address: machine_address(id),
                provider,
                set,
                cluster,
                control_plane,
                request,
                status,
                cluster_status,
                machine: of(&machines),
                link: of(&links),
                member: of(&members),
                member_status: of(&member_statuses),
                node: of(&nodes),
                record,
                uuid: uuid.clone(),
                proxmox: on,
                vm: Vm::NotMade,
            };
            machine.vm = self.vm(&machine);
            all.push(machine);
        }
        let mut uuids: BTreeSet<String> = all.iter().filter_map(|m| m.uuid.clone()).collect();
        uuids.extend(all.iter().filter_map(|m| m.record.as_ref()?.uuid.clone()));
        for short in ["Links", "MachineStatuses", "Machines", "ClusterMachines"] {
            uuids.extend(omni.list(short).iter().map(|r| r.resource.id.id.to_lowercase()));
        }
        Inventory {
            scene: self.scene,
            logs,
            requests: all.iter().map(|m| m.id).collect(),
            machines: all,
            untold: self.untold,
            unrecorded: self.unrecorded,
            uuids,
        }
    }

    fn proxmox_of(&self, provider: &str, uuid: Option<&str>) -> Option<(&'a str, &'a ProxmoxSnapshot)> {
        let declared = self.scene.desired.providers.iter().find(|p| p.id == provider);
        let name = match declared {
            Some(provider) => provider.proxmox.as_deref()?,
            // A provider that no file names: only the UUID tells where it works.
            None => self.by_uuid.get(uuid?)?.first()?.proxmox,
        };
        let (name, seen) = self.scene.snapshot.proxmox.get_key_value(name)?;
        Some((name, seen))
    }

    fn vm(&self, machine: &Machine<'a>) -> Vm<'a> {
        let asked = machine.record.as_ref().is_some_and(|r| r.vmid.is_some());
        let Some((name, seen)) = machine.proxmox else {
            return Vm::Unknown("its Proxmox cluster is not read".to_owned());
        };
        let found: Vec<Found<'a>> = machine
            .uuid
            .as_deref()
            .and_then(|uuid| self.by_uuid.get(uuid))
            .into_iter()
            .flatten()
            .filter(|f| f.proxmox == name)
            .copied()
            .collect();
        match found.as_slice() {
            [one] => return Vm::One(*one),
            [] => {}
            _ => return Vm::Several(found),
        }
        if !asked && !machine.provisioned() {
            return Vm::NotMade;
        }
        let Some(uuid) = machine.uuid.as_deref() else {
            return Vm::Unknown("Omni and the provider tell no UUID of it".to_owned());
        };
        let Some(guests) = seen.guests.known() else {
            return Vm::Unknown(seen.guests.unknown().map_or_else(String::new, |r| r.0.clone()));
        };
        let record = machine.record.as_ref();
        let Some(vmid) = record.and_then(|r| r.vmid) else {
            // Without a record only the name tells where to look, and a name proves nothing.
            return match guests.iter().find(|g| g.name.as_deref() == Some(machine.id)) {
                Some(guest) => self.by_name(seen, guest),
                None => match self.unrecorded.get(machine.provider) {
                    Some(why) => Vm::Unknown(why.clone()),
                    None if self.unread.contains(name) => {
                        Vm::Unknown("not every VM of the provider could be read".to_owned())
                    }
                    None => Vm::Gone,
                },
            };
        };
        let Some(guest) = self.guests.get(&(name, vmid)).copied() else {
            return if self.unread.contains(name) {
                Vm::Unknown("not every VM of the provider could be read".to_owned())
            } else {
                Vm::Gone
            };
        };
        match seen.evidence.configs.get(&vmid) {
            Some(Observation::Known(config)) if guest.kind == GuestKind::Qemu => match &config.uuid {
                Some(other) if other != uuid && record.and_then(|r| r.node) == Some(guest.node.as_str()) => {
                    Vm::Reused { guest, uuid: other.clone() }
                }
                Some(other) if other != uuid => Vm::Gone,
                // A VM without a UUID in its configuration is none of the provider's.
                None if record.and_then(|r| r.node) == Some(guest.node.as_str()) => {
                    Vm::Reused { guest, uuid: String::new() }
                }
                _ => Vm::Gone,
            },
            _ if guest.kind == GuestKind::Lxc => Vm::Gone,
            Some(Observation::Absent) => Vm::Gone,
            _ => self.by_name(seen, guest),
        }
    }

    /// A VM whose configuration was not read.
    fn by_name(&self, seen: &'a ProxmoxSnapshot, guest: &'a Guest) -> Vm<'a> {
        if Inventory::offline(seen, &guest.node) {
            return Vm::Dark(guest);
        }
        let why = match seen.evidence.configs.get(&guest.vmid) {
            Some(Observation::Unknown(why)) => why.0.clone(),
            _ => "it was not asked for".to_owned(),
        };
        Vm::Unknown(format!("the configuration of VM {} was not read: {why}", guest.vmid))
    }
}

/// What must be seen before anything is called gone.
fn reasons(seen: &ProxmoxSnapshot) -> Vec<String> {
    if seen.failure.is_some() {
        return vec![seen.nodes.unknown().map_or_else(|| "it does not answer".to_owned(), |r| r.0.clone())];
    }
    let mut why = Vec::new();
    if let Some(reason) = seen.guests.unknown() {
        why.push(format!("its guests are not known: {}", reason.0));
    }
    if seen.quorate.known() == Some(&false) {
        why.push("it has no quorum, as the node that was asked sees it".to_owned());
    }
    why
}

/// `node/vmid` of a VM, to be shown.
pub(in crate::checks) fn place(node: &str, vmid: u32) -> String {
    format!("{}/{vmid}", shown(node))
}
