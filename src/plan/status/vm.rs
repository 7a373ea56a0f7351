//! The join with Proxmox: the VM of a machine request bears the request's name and the provider's tag.

use std::collections::BTreeMap;

use super::model::{ProxmoxStatus, Vm};
use super::sight::name;
use crate::graph::Desired;
use crate::live::{Guest, GuestKind, NodeStatus, ProxmoxSnapshot, Snapshot};

/// VMs that providers made, by name.
pub(super) struct Vms<'a> {
    desired: &'a Desired,
    proxmox: &'a BTreeMap<String, ProxmoxSnapshot>,
    by_name: BTreeMap<&'a str, Vec<(&'a str, &'a Guest)>>,
    /// Proxmox clusters with a VM whose name is not told: it could be any.
    nameless: Vec<&'a str>,
}

impl<'a> Vms<'a> {
    pub(super) fn new(desired: &'a Desired, snapshot: &'a Snapshot) -> Self {
        let mut by_name: BTreeMap<&str, Vec<(&str, &Guest)>> = BTreeMap::new();
        let mut nameless = Vec::new();
        for (cluster, seen) in &snapshot.proxmox {
            for guest in seen.guests.known().into_iter().flatten() {
                match guest.name.as_deref() {
                    Some(name) if guest.made_by_provider() => {
                        by_name.entry(name).or_default().push((cluster, guest));
                    }
                    None if guest.kind == GuestKind::Qemu => nameless.push(cluster.as_str()),
                    _ => {}
                }
            }
        }
        Self { desired, proxmox: &snapshot.proxmox, by_name, nameless }
    }

    /// The VM of a request that was made to `provider`.
    pub(super) fn of(&self, request: Option<&str>, provider: Option<&str>) -> Vm {
        let Some(request) = request else { return Vm::Elsewhere };
        let declared = self.desired.providers.iter().find(|p| Some(p.id.as_str()) == provider);
        let on = declared.and_then(|p| p.proxmox.as_deref());
        if declared.is_some() && on.is_none() {
            return Vm::Elsewhere;
        }
        let found: Vec<&(&str, &Guest)> = self
            .by_name
            .get(request)
            .into_iter()
            .flatten()
            .filter(|(cluster, _)| on.is_none_or(|on| on == *cluster))
            .collect();
        match found.as_slice() {
            [(cluster, guest)] => Vm::Found {
                proxmox: name(cluster),
                node: name(&guest.node),
                node_offline: self.offline(cluster).any(|n| n == guest.node),
                vmid: guest.vmid,
                status: name(&guest.status),
                lock: guest.lock.as_deref().filter(|l| !l.is_empty()).map(name),
            },
            [] => match on {
                // A provider that no file names may work on another Proxmox cluster.
                None => Vm::Elsewhere,
                Some(on) if self.proxmox.get(on).is_none_or(|p| p.guests.known().is_none()) => Vm::NotRead,
                Some(on) if self.nameless.contains(&on) => Vm::NotNamed,
                Some(_) => Vm::NotFound,
            },
            several => Vm::Several { count: u32::try_from(several.len()).unwrap_or(u32::MAX) },
        }
    }

    fn offline(&self, cluster: &str) -> impl Iterator<Item = &'a str> {
        let nodes = self.proxmox.get(cluster).and_then(|p| p.nodes.known());
        nodes.into_iter().flatten().filter(|n| n.status == NodeStatus::Offline).map(|n| n.name.as_str())
    }

    /// The Proxmox clusters themselves. `blind` are sentences about those that were not asked.
    pub(super) fn clusters(&self, blind: &[String]) -> Vec<ProxmoxStatus> {
        let mut declared: Vec<&str> =
            self.desired.providers.iter().filter_map(|p| p.proxmox.as_deref()).collect();
        declared.sort_unstable();
        declared.dedup();
        let unasked = declared.into_iter().filter(|name| !self.proxmox.contains_key(*name));
        let unasked = unasked.map(|cluster| {
            let quoted = format!("`{cluster}`");
            let why = blind
                .iter()
                .find(|b| b.contains(&quoted))
                .map_or_else(|| format!("Proxmox cluster {quoted} is not read"), Clone::clone);
            ProxmoxStatus {
                name: name(cluster),
                endpoint: None,
                unread: Some(why),
                offline: Vec::new(),
                quorate: None,
            }
        });
        let mut all: Vec<ProxmoxStatus> = self
            .proxmox
            .iter()
            .map(|(cluster, seen)| ProxmoxStatus {
                name: name(cluster),
                endpoint: Some(name(&seen.endpoint)),
                unread: seen.guests.unknown().map(|r| r.0.clone()),
                offline: self.offline(cluster).map(name).collect(),
                quorate: seen.quorate.known().copied(),
            })
            .chain(unasked)
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }
}
