//! Answers as one snapshot. What a list proves depends on what the token may see.

use std::collections::{BTreeMap, BTreeSet};

use super::{ProxmoxApi, VISIBLE_GUESTS, VISIBLE_MAPPINGS, VISIBLE_STORAGES};
use crate::backend::Depth;
use crate::live::{
    Bridge, Evidence, Guest, GuestKind, Member, NodeStatus, Observation, PciMapping, ProxmoxSnapshot,
    PveNode, Reason, Storage,
};
use crate::wire::proxmox::{
    ClusterEntry, Coverage, InterfaceEntry, MappingEntry, NodeEntry, NodeName, Permissions, ResourceEntry,
    StorageEntry, VersionReply,
};

/// What one endpoint answered.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) version: Observation<VersionReply>,
    pub(super) nodes: Observation<Vec<PveNode>>,
    pub(super) resources: Observation<Vec<ResourceEntry>>,
    pub(super) status: Observation<Vec<ClusterEntry>>,
    pub(super) permissions: Observation<Permissions>,
    pub(super) mappings: Observation<Vec<MappingEntry>>,
    pub(super) token: Observation<Option<u64>>,
    pub(super) storages: BTreeMap<String, Observation<Vec<StorageEntry>>>,
    pub(super) bridges: BTreeMap<String, Observation<Vec<InterfaceEntry>>>,
    pub(super) resolvers: BTreeMap<String, Observation<Vec<String>>>,
}

/// The same, of what was seen.
pub(super) fn map<T, U>(seen: Observation<T>, then: impl FnOnce(T) -> U) -> Observation<U> {
    match seen {
        Observation::Known(value) => Observation::Known(then(value)),
        Observation::Absent => Observation::Absent,
        Observation::Unknown(reason) => Observation::Unknown(reason),
    }
}

impl ProxmoxApi {
    pub(super) fn assemble(&self, origin: &str, depth: Depth, answers: Answers) -> ProxmoxSnapshot {
        let unread = || Reason(format!("Proxmox `{}`: not read", self.name));
        let guests_seen = self.visible(&answers.permissions, VISIBLE_GUESTS, "guest");
        let storages_seen = self.visible(&answers.permissions, VISIBLE_STORAGES, "storage");
        let per_node = |seen: Option<Observation<Vec<StorageEntry>>>| match seen {
            Some(Observation::Known(entries)) => match &storages_seen {
                Ok(()) => Observation::Known(sorted_storages(&entries)),
                Err(reason) => Observation::Unknown(reason.clone()),
            },
            other => map(other.unwrap_or_else(|| Observation::Unknown(unread())), |_| Vec::new()),
        };
        let mut storages = BTreeMap::new();
        let mut listed = answers.storages;
        let asked = answers.nodes.known().filter(|_| depth != Depth::Cluster);
        for node in asked.map_or(&[][..], Vec::as_slice) {
            storages.insert(node.name.clone(), per_node(listed.remove(&node.name)));
        }
        let mut evidence = Evidence::default();
        if depth >= Depth::Preflight {
            let mappings_seen = self.visible(&answers.permissions, VISIBLE_MAPPINGS, "PCI mapping");
            evidence.members = map(answers.status.clone(), members);
            evidence.bridges = answers.bridges.into_iter().map(|(n, b)| (n, map(b, bridges))).collect();
            evidence.resolvers = answers.resolvers;
            evidence.token_expires = answers.token;
            evidence.pci_mappings = match (answers.mappings, mappings_seen) {
                (Observation::Known(_), Err(reason)) => Observation::Unknown(reason),
                (seen, _) => map(seen, mappings),
            };
        }
        ProxmoxSnapshot {
            endpoint: origin.to_owned(),
            version: match answers.version {
                Observation::Known(VersionReply { version: Some(version) }) => Observation::Known(version),
                Observation::Unknown(reason) => Observation::Unknown(reason),
                _ => Observation::Unknown(unread()),
            },
            quorate: match answers.status {
                // A stand-alone host has no `cluster` row: it is its own quorum.
                Observation::Known(entries) => match entries.iter().find(|entry| entry.kind == "cluster") {
                    None => Observation::Known(true),
                    Some(ClusterEntry { quorate: Some(quorate), .. }) => Observation::Known(*quorate),
                    Some(_) => Observation::Unknown(unread()),
                },
                Observation::Absent => Observation::Absent,
                Observation::Unknown(reason) => Observation::Unknown(reason),
            },
            guests: match (answers.resources, guests_seen) {
                (Observation::Known(entries), Ok(())) => self.guests(entries),
                (Observation::Known(_), Err(reason)) | (Observation::Unknown(reason), _) => {
                    Observation::Unknown(reason)
                }
                (Observation::Absent, _) => Observation::Absent,
            },
            nodes: answers.nodes,
            storages,
            failure: None,
            evidence,
            principal: Some(self.token.id().to_owned()),
            permissions: map(answers.permissions, |Permissions(held)| held),
        }
    }

    /// Whether a list can be believed to be complete.
    pub(super) fn visible(
        &self,
        permissions: &Observation<Permissions>,
        (top, any): (&str, &[&str]),
        what: &str,
    ) -> Result<(), Reason> {
        match permissions {
            Observation::Known(held) if held.covers(top, any) == Coverage::Whole => Ok(()),
            Observation::Known(_) => Err(Reason(format!(
                "Proxmox `{}`: the token `{}` may not see every {what}, so a missing one proves nothing; it needs {} on `{top}`, \
                 propagated (role `PVEAuditor` on `/` has it)",
                self.name,
                self.token.id(),
                any.iter().map(|privilege| format!("`{privilege}`")).collect::<Vec<_>>().join(" or "),
            ))),
            Observation::Unknown(reason) => Err(reason.clone()),
            Observation::Absent => Err(Reason(format!("Proxmox `{}`: permissions not read", self.name))),
        }
    }

    pub(super) fn nodes(&self, entries: Vec<NodeEntry>) -> Observation<Vec<PveNode>> {
        let mut nodes = Vec::new();
        for entry in entries {
            if NodeName::parse(&entry.node).is_none() {
                return Observation::Unknown(Reason(format!(
                    "Proxmox `{}`, nodes: a node has a name that Proxmox does not allow",
                    self.name
                )));
            }
            nodes.push(PveNode {
                name: entry.node,
                status: match entry.status.as_deref() {
                    Some("online") => NodeStatus::Online,
                    Some("offline") => NodeStatus::Offline,
                    _ => NodeStatus::Unknown,
                },
                maxmem: entry.maxmem,
                mem: entry.mem,
                maxcpu: entry.maxcpu,
            });
        }
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        nodes.dedup_by(|a, b| a.name == b.name);
        Observation::Known(nodes)
    }

    pub(super) fn guests(&self, entries: Vec<ResourceEntry>) -> Observation<Vec<Guest>> {
        let mut guests = Vec::new();
        for entry in entries {
            let kind = match entry.kind.as_str() {
                "qemu" => GuestKind::Qemu,
                "lxc" => GuestKind::Lxc,
                _ => continue,
            };
            let vmid = entry
                .vmid
                .and_then(|id| u32::try_from(id).ok())
                .filter(|id| (100..=999_999_999).contains(id));
            let (Some(vmid), Some(node)) = (vmid, entry.node) else {
                return Observation::Unknown(Reason(format!(
                    "Proxmox `{}`, guests: one has no usable VMID or node",
                    self.name
                )));
            };
            guests.push(Guest {
                kind,
                vmid,
                node,
                name: entry.name.filter(|name| !name.is_empty()),
                status: entry.status.unwrap_or_else(|| "unknown".to_owned()),
                tags: tags(entry.tags.as_deref()),
                maxcpu: entry.maxcpu,
                maxmem: entry.maxmem,
                maxdisk: entry.maxdisk,
                lock: entry.lock.filter(|lock| !lock.is_empty()),
            });
        }
        guests.sort_by_key(|guest| guest.vmid);
        if guests.windows(2).any(|pair| matches!(pair, [a, b] if a.vmid == b.vmid)) {
            return Observation::Unknown(Reason(format!(
                "Proxmox `{}`, guests: a VMID is listed twice",
                self.name
            )));
        }
        Observation::Known(guests)
    }
}

/// Tags as a set: lower case, sorted.
pub(super) fn tags(text: Option<&str>) -> Vec<String> {
    let all = text.unwrap_or_default().split([';', ',', ' ']).filter(|tag| !tag.is_empty());
    all.map(str::to_lowercase).collect::<BTreeSet<_>>().into_iter().collect()
}

fn members(entries: Vec<ClusterEntry>) -> Vec<Member> {
    let nodes = entries.into_iter().filter(|entry| entry.kind == "node");
    let mut all: Vec<Member> = nodes
        .filter_map(|entry| {
            Some(Member {
                name: entry.name.filter(|name| NodeName::parse(name).is_some())?,
                online: entry.online.unwrap_or(false),
                local: entry.local.unwrap_or(false),
            })
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn bridges(entries: Vec<InterfaceEntry>) -> Vec<Bridge> {
    let mut all: Vec<Bridge> = entries
        .into_iter()
        .filter(InterfaceEntry::is_bridge)
        .map(|entry| Bridge {
            // A virtual network is listed where it is there, and never says that it is up.
            active: entry.active.unwrap_or(entry.kind.as_deref() == Some("vnet")),
            vlan_aware: entry.carries_tags(),
            vids: entry.bridge_vids,
            name: entry.iface,
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn mappings(entries: Vec<MappingEntry>) -> Vec<PciMapping> {
    let mut all: Vec<PciMapping> =
        entries.into_iter().map(|entry| PciMapping { nodes: entry.nodes(), id: entry.id }).collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

pub(in crate::backend) fn sorted_storages(entries: &[StorageEntry]) -> Vec<Storage> {
    let mut storages: Vec<Storage> = entries
        .iter()
        .map(|entry| {
            let mut content: Vec<String> = entry
                .content
                .iter()
                .flat_map(|list| list.split(','))
                .map(str::trim)
                .filter(|kind| !kind.is_empty())
                .map(str::to_owned)
                .collect();
            content.sort();
            Storage {
                name: entry.storage.clone(),
                plugin: entry.plugin.clone().unwrap_or_default(),
                content,
                enabled: entry.enabled.unwrap_or(false),
                active: entry.active.unwrap_or(false),
                shared: entry.shared.unwrap_or(false),
                avail: entry.avail.unwrap_or(0),
                total: entry.total.unwrap_or(0),
            }
        })
        .collect();
    storages.sort_by(|a, b| a.name.cmp(&b.name));
    storages
}
