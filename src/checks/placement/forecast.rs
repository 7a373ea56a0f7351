//! What becomes of a machine that the provider sets out to make: where, and if it fails, in which step and with which words.
//!
//! What the token of this program may do stands for what the provider's may, where it may make VMs at all. What nothing
//! outside tells (whether a node reaches the image factory, whether a task fails half-way) is not foreseen.

use super::outlook::{Failure, Step};
use crate::checks::preflight::nets::bridges;
use crate::checks::preflight::rights::{holds, looks_only};
use crate::checks::preflight::survey::{Landing, Survey};
use crate::live::placement::Placement;
use crate::live::{NodeStatus, ProxmoxFailure, ProxmoxSnapshot};
use crate::provider::{self, Generation, When};
use crate::selector::Pick;
use crate::untrusted::Untrusted;

/// The provider's one text for 401 and 403.
const REFUSED: &str = "not authorized to access endpoint";
/// All that it says of a task that failed.
const STOPPED: &str = "stopped";

/// Plug-ins that take the whole size of a disk at once.
const THICK: [&str; 2] = ["lvm", "zfspool"];

/// Whether a disk takes its whole size at once on storages of this plug-in; else it takes what is written to it.
pub(super) fn thick(plugin: &str) -> bool {
    THICK.contains(&plugin)
}

fn fails(step: Step, error: impl Into<String>) -> Option<Failure> {
    Some(Failure { step, error: Untrusted::new(error).line(400) })
}

/// What keeps every machine of a class from being made, before a node is looked at.
pub fn before(survey: &Survey<'_>, landing: &Landing<'_>) -> Option<Failure> {
    if matches!(landing.seen.failure, Some(ProxmoxFailure::Unauthenticated { .. })) {
        return fails(Step::PickNode, REFUSED);
    }
    let unreadable = provider::read(&landing.class.raw, generation(survey, landing)).err()?;
    fails(Step::PickNode, unreadable.logged().unwrap_or_else(|| "yaml: it cannot be read".to_owned()))
}

/// Why no node is chosen, in the provider's words.
pub fn unplaced(survey: &Survey<'_>, landing: &Landing<'_>, placement: &Placement) -> Option<Failure> {
    if !matches!(placement, Placement::Fails(_)) {
        return None;
    }
    let nodes = survey.nodes_of(landing.proxmox);
    let status = |wanted: &str| nodes.iter().find(|n| n.name == wanted).map(|n| n.status);
    let error = match landing.class.pinned() {
        Some(pin) => match status(pin) {
            None => format!("specified node \"{pin}\" not found in cluster"),
            Some(NodeStatus::Offline) => format!("specified node \"{pin}\" is not online (status: offline)"),
            Some(_) => format!("specified node \"{pin}\" is not online (status: unknown)"),
        },
        None => {
            let down = nodes.iter().find(|n| n.status == NodeStatus::Offline)?;
            format!("failed to get node \"{}\", unexpected end of JSON input", down.name)
        }
    };
    fails(Step::PickNode, error)
}

fn generation(survey: &Survey<'_>, landing: &Landing<'_>) -> Generation {
    survey.scene.generation(&landing.class.provider).unwrap_or(Generation::Early)
}

/// What goes wrong once a node is chosen; nothing where nothing is seen that would.
pub fn on_node<'a>(survey: &Survey<'a>, landing: &Landing<'a>, node: &'a str) -> Option<Failure> {
    let storages = landing.storages(node);
    let iso = storages.map(|all| all.iter().find(|s| s.enabled && s.content.iter().any(|c| c == "iso")));
    if iso == Some(None) {
        return fails(Step::UploadIso, "failed to get storage: unable to find the item you are looking for");
    }
    let rights = landing.seen.permissions.known().filter(|held| !looks_only(held));
    let lacks = |path: &str, privilege: &str| rights.is_some_and(|held| !holds(held, path, privilege));
    if let Some(iso) = iso.flatten()
        && lacks(&format!("/storage/{}", iso.name), "Datastore.AllocateTemplate")
    {
        return fails(Step::UploadIso, REFUSED);
    }
    made(survey, landing, node, &lacks).or_else(|| started(survey, landing, node, &lacks))
}

/// Step `syncVM`.
fn made<'a>(
    survey: &Survey<'a>,
    landing: &Landing<'a>,
    node: &'a str,
    lacks: &dyn Fn(&str, &str) -> bool,
) -> Option<Failure> {
    let fails = |error: String| fails(Step::SyncVm, error);
    let mut taken = Vec::new();
    for (i, disk) in landing.disks.iter().enumerate() {
        let extra =
            if i > 0 { format!("failed to pick storage for additional disk {i}: ") } else { String::new() };
        match survey.pick(landing, node, disk.selector) {
            Some(Pick::Storage(name)) => taken.push((name, disk)),
            Some(Pick::None) => {
                let quoted = disk.selector.replace('\\', "\\\\").replace('"', "\\\"");
                return fails(format!(
                    "{extra}failed to pick the disk: no matches for the condition \"{quoted}\""
                ));
            }
            Some(Pick::Failed { error, .. }) => return fails(format!("{extra}{error}")),
            Some(Pick::Refused(refusal)) => return fails(format!("{extra}{}", refusal.logged?)),
            Some(Pick::NothingThere) | None => return None,
        }
    }
    let denied = lacks("/vms", "VM.Allocate")
        || taken.iter().any(|(name, _)| lacks(&format!("/storage/{name}"), "Datastore.AllocateSpace"))
        || landing.nics.iter().any(|nic| {
            let tag = if nic.vlan > 0 { format!("/{}", nic.vlan) } else { String::new() };
            lacks(&format!("/sdn/zones/localnetwork/{}{tag}", nic.bridge), "SDN.Use")
        });
    let listed = |name: &str| landing.storages(node).into_iter().flatten().find(|s| s.name == name);
    let answers = provider::read(&landing.class.raw, generation(survey, landing))
        .map(|data| provider::answer(&data))
        .unwrap_or_default();
    let mut refused: Vec<(String, String)> = answers
        .iter()
        .filter(|a| a.when == When::Request)
        .map(|a| (a.parameter.clone().unwrap_or_default(), a.text.clone()))
        .collect();
    for (name, _) in &taken {
        if listed(name).is_some_and(|s| !s.content.iter().any(|c| c == "images")) {
            refused.push(("storage".to_owned(), format!("storage '{name}' does not support vm images")));
        }
    }
    // Proxmox looks at the parameters before it asks what the token may do.
    if !refused.is_empty() {
        let object: serde_json::Map<String, serde_json::Value> =
            refused.into_iter().map(|(k, v)| (k, v.into())).collect();
        return fails(format!(
            "bad request: 400 Parameter verification failed. - {}",
            serde_json::Value::Object(object)
        ));
    }
    if denied {
        return fails(REFUSED.to_owned());
    }
    let full = taken.iter().any(|(name, disk)| {
        listed(name).is_some_and(|s| {
            !s.active || !s.enabled || (thick(&s.plugin) && disk.gib.saturating_mul(1 << 30) > s.avail)
        })
    });
    let task = full || answers.iter().any(|a| a.when == When::CreateTask);
    if task { fails(STOPPED.to_owned()) } else { None }
}

/// Step `startVM`.
fn started(
    survey: &Survey<'_>,
    landing: &Landing<'_>,
    node: &str,
    lacks: &dyn Fn(&str, &str) -> bool,
) -> Option<Failure> {
    if ["VM.PowerMgmt", "VM.Config.CDROM", "VM.Audit"].iter().any(|p| lacks("/vms", p)) {
        return fails(Step::StartVm, REFUSED);
    }
    let shown = bridges(landing, node).filter(|all| !all.is_empty());
    let bridge =
        shown.is_some_and(|all| landing.nics.iter().any(|nic| all.iter().all(|b| b.name != nic.bridge)));
    let answers = provider::read(&landing.class.raw, generation(survey, landing))
        .map(|data| provider::answer(&data))
        .unwrap_or_default();
    if bridge || answers.iter().any(|a| a.when == When::StartTask) {
        return fails(Step::StartVm, STOPPED);
    }
    None
}

/// How the provider's removal of a VM ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is stopped and deleted, or gone already, which counts as done.
    Done,
    /// It is tried again for as long as this stays so; what is logged.
    Waits(String),
    /// Not known.
    Unknown,
}

/// What becomes of a VM that the provider is to remove from the node on which it made it.
pub fn removal(seen: &ProxmoxSnapshot, node: &str) -> Removal {
    let Some(nodes) = seen.nodes.known() else { return Removal::Unknown };
    match nodes.iter().find(|n| n.name == node).map(|n| n.status) {
        Some(NodeStatus::Online) => Removal::Done,
        Some(NodeStatus::Offline) => Removal::Waits("unexpected end of JSON input".to_owned()),
        Some(NodeStatus::Unknown) => Removal::Unknown,
        None => Removal::Waits("hostname lookup failed".to_owned()),
    }
}
