//! Everything that `doctor` tells: one look, joined once, read by every rule.

use super::inventory::{self, Inventory};
use super::logs::Logs;
use super::{Finding, Scene, preflight, provider, provisioning, scaling, teardown};

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

/// Every rule over what was joined.
pub(in crate::checks) fn all(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    inventory::check(inventory, out);
    provider::check(inventory, out);
    provisioning::check(inventory, out);
    teardown::check(inventory, out);
    scaling::check(inventory, out);
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
