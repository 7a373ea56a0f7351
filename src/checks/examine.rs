//! Everything that `doctor` tells: one look, joined once, read by every rule.

use std::collections::BTreeSet;

use super::inventory::{self, Inventory};
use super::logs::Logs;
use super::{Finding, Scene, preflight, provider, provisioning, scaling, teardown};
use crate::graph::edges::class_of_set;

/// What was found, worst first, and what could not be judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Examination {
    /// Findings, worst first, then by subject.
    pub findings: Vec<Finding>,
    /// What could not be judged, and why; one sentence each.
    pub unjudged: Vec<String>,
    /// Machines that were looked at.
    pub machines: usize,
}

impl Examination {
    /// Only what is about a cluster: itself, its machines and their VMs, the classes and providers that it uses, and the Proxmox
    /// clusters below it.
    #[must_use]
    pub fn about(mut self, cluster: &str, scene: &Scene<'_>) -> Self {
        let inventory = Inventory::new(scene, None);
        let own: Vec<_> = inventory.machines.iter().filter(|m| m.cluster == Some(cluster)).collect();
        let of_set =
            |id: &str| scene.snapshot.omni.find("MachineSets", id).and_then(|s| class_of_set(&s.resource));
        let live = scene.snapshot.omni.list("MachineSets").iter();
        let live = live.filter(|s| s.resource.omni_label("cluster") == Some(cluster));
        let classes: BTreeSet<&str> = live
            .filter_map(|s| of_set(&s.resource.id.id))
            .chain(scene.sets.iter().filter(|s| s.cluster == cluster).map(|s| s.class.as_str()))
            .collect();
        let mut providers: BTreeSet<&str> = own.iter().map(|m| m.provider).collect();
        providers.extend(classes.iter().filter_map(|c| scene.classes.get(*c)).map(|c| c.provider.as_str()));
        self.machines = own.len();
        self.findings.retain(|finding| {
            let parts = finding.subject.parts();
            match parts {
                [kind, name, ..] => match kind.as_str() {
                    "cluster" => name == cluster,
                    "class" => classes.contains(name.as_str()),
                    "provider" => providers.contains(name.as_str()),
                    "machine" => own.iter().any(|m| m.id == name),
                    "link" => own.iter().any(|m| m.uuid.as_deref() == Some(name)),
                    // Nobody's: it is in no cluster.
                    "vm" => false,
                    _ => true,
                },
                _ => true,
            }
        });
        self
    }
}

/// Every rule over what was joined.
pub(in crate::checks) fn all(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    inventory::check(inventory, out);
    provider::check(inventory, out);
    provisioning::check(inventory, out);
    teardown::check(inventory, out);
    scaling::check(inventory, out);
}

/// Most guests whose tasks are asked for.
const MOST_ASKED: usize = 40;
/// Rules about what somebody did to a guest.
const DONE_TO: [&str; 7] = ["OS0541", "OS0543", "OS0544", "OS0545", "OS0546", "OS0553", "OS0555"];

/// The guests that something was done to, by Proxmox cluster, node and VMID: their tasks tell who and when.
pub fn to_ask(scene: &Scene<'_>, logs: Option<&Logs>) -> Vec<(String, String, u32)> {
    let inventory = Inventory::new(scene, logs);
    let mut found = Vec::new();
    inventory::check(&inventory, &mut found);
    let mut out: BTreeSet<(String, String, u32)> = BTreeSet::new();
    for finding in found.iter().filter(|f| DONE_TO.contains(&f.rule.code)) {
        if let [kind, proxmox, vmid] = finding.subject.parts()
            && kind == "vm"
            && let Ok(vmid) = vmid.parse()
        {
            let guests = scene.snapshot.proxmox.get(proxmox).and_then(|p| p.guests.known());
            let guest = guests.into_iter().flatten().find(|g| g.vmid == vmid);
            out.extend(guest.map(|g| (proxmox.clone(), g.node.clone(), vmid)));
        }
        let machine = inventory.machines.iter().find(|m| m.address == finding.subject);
        let Some((proxmox, _)) = machine.and_then(|m| m.proxmox) else { continue };
        let at = machine.and_then(|m| match (m.found(), m.record.as_ref()) {
            (Some(found), _) => Some((found.node, found.vmid)),
            (None, Some(record)) => Some((record.node?, record.vmid?)),
            (None, None) => None,
        });
        out.extend(at.map(|(node, vmid)| (proxmox.to_owned(), node.to_owned(), vmid)));
    }
    out.into_iter().take(MOST_ASKED).collect()
}

/// What a log tells by itself, without any server.
pub fn examine_logs(logs: &Logs) -> Vec<Finding> {
    let mut out = Vec::new();
    provider::in_logs(logs, &mut out);
    sorted(out)
}

/// Looks at a scene, and at the provider's log if there is one.
pub fn examine(scene: &Scene<'_>, logs: Option<&Logs>) -> Examination {
    let inventory = Inventory::new(scene, logs);
    let mut findings = Vec::new();
    all(&inventory, &mut findings);
    findings.extend(preflight::find(scene));
    Examination { machines: inventory.machines.len(), unjudged: unjudged(scene), findings: sorted(findings) }
}

/// Worst first, then by code and subject; nothing twice.
pub(super) fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| {
        (a.severity, a.rule.code, &a.subject, &a.cause).cmp(&(b.severity, b.rule.code, &b.subject, &b.cause))
    });
    findings.dedup();
    findings
}

/// What was not seen.
fn unjudged(scene: &Scene<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for (kind, seen) in &scene.snapshot.omni.types {
        if let Some(why) = seen.unknown() {
            let kind = kind.strip_suffix(crate::resource::TYPE_SUFFIX).unwrap_or(kind);
            out.push(format!(
                "{} of Omni: {}",
                inventory::sight::shown(kind),
                inventory::sight::said(&why.0)
            ));
        }
    }
    for (name, seen) in &scene.snapshot.proxmox {
        let parts = [
            ("nodes", seen.nodes.unknown()),
            ("guests", seen.guests.unknown()),
            ("quorum", seen.quorate.unknown()),
            ("high availability", seen.evidence.ha.unknown()),
            ("tasks", seen.evidence.tasks.unknown()),
        ];
        for (part, why) in parts {
            if let Some(why) = why {
                out.push(format!(
                    "{part} of Proxmox cluster {}: {}",
                    inventory::sight::shown(name),
                    inventory::sight::said(&why.0)
                ));
            }
        }
        let unread = seen.evidence.configs.iter().filter_map(|(vmid, c)| Some((vmid, c.unknown()?)));
        for (vmid, why) in unread {
            out.push(format!(
                "configuration of VM {vmid} of Proxmox cluster {}: {}",
                inventory::sight::shown(name),
                inventory::sight::said(&why.0)
            ));
        }
    }
    out
}
