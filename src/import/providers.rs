//! Omni's infrastructure providers, as a new spec names them.

use std::collections::BTreeSet;

use super::left::shown;
use super::request::{Facts, Present};
use crate::diff::documents;
use crate::live::OmniSnapshot;
use crate::value::Value;

/// A provider for the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Provider {
    pub(super) id: String,
    /// Its Proxmox cluster in the spec.
    pub(super) proxmox: Option<String>,
    /// What is known about it, a line.
    pub(super) comment: String,
}

/// Whether a spec can name it.
pub(super) fn nameable(id: &str) -> bool {
    !id.is_empty()
        && !id.contains(char::is_whitespace)
        && !id.contains('/')
        && !id.chars().any(crate::untrusted::hidden)
}

/// Whether Omni has it.
pub(super) fn lives(omni: &OmniSnapshot, id: &str) -> bool {
    omni.find("InfraProviderCombinedStatuses", id).is_some()
}

/// The providers that classes use; all of them where everything is imported.
pub(super) fn found(
    omni: &OmniSnapshot,
    used: &BTreeSet<String>,
    all: bool,
    facts: &Facts,
    present: &Present,
) -> Vec<Provider> {
    let mut found: Vec<Provider> = omni
        .list("InfraProviderCombinedStatuses")
        .iter()
        .filter(|live| {
            let id = live.resource.id.id.as_str();
            nameable(id) && (all || used.contains(id)) && !present.providers.contains(id)
        })
        .map(|live| {
            let id = live.resource.id.id.clone();
            let flag = |path: &[&str]| live.resource.spec.at(path).and_then(Value::as_bool) == Some(true);
            let text = |key: &str| {
                let text = live.resource.spec.get(key).and_then(Value::as_str).unwrap_or_default();
                (!text.is_empty()).then(|| shown(text))
            };
            let title = [text("name"), text("version")].into_iter().flatten().collect::<Vec<_>>().join(" ");
            let state = if flag(&["health", "connected"]) { "connected" } else { "not connected" };
            let comment =
                if title.is_empty() { format!("{state} now") } else { format!("{title}, {state} now") };
            let proxmox = match facts.proxmox.as_slice() {
                [one] if makes_proxmox_machines(omni, &id) => Some(one.name.clone()),
                _ => None,
            };
            Provider { id, proxmox, comment }
        })
        .collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found
}

/// Whether a provider makes VMs on Proxmox: by the schema that it publishes, else by the data of its classes.
fn makes_proxmox_machines(omni: &OmniSnapshot, id: &str) -> bool {
    let schema = omni
        .find("InfraProviderStatuses", id)
        .and_then(|s| s.resource.spec.get("schema").and_then(Value::as_str))
        .filter(|s| !s.is_empty());
    if let Some(schema) = schema {
        let tree = documents(schema).and_then(|all| all.into_iter().next()).unwrap_or_default();
        return tree.at(&["properties", "storage_selector"]).is_some();
    }
    omni.list("MachineClasses").iter().any(|class| {
        let provision = class.resource.spec.get("auto_provision");
        let text = |key| provision.and_then(|p| p.get(key)).and_then(Value::as_str).unwrap_or_default();
        text("provider_id") == id
            && documents(text("provider_data"))
                .is_some_and(|all| all.iter().any(|d| d.get("storage_selector").is_some()))
    })
}
