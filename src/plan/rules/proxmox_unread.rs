//! Without Proxmox the plan is made from Omni alone; one line says what it cannot see.

use super::codes;
use crate::address::Address;
use crate::live::{Observation, ProxmoxFailure};
use crate::plan::Warning;
use crate::plan::scene::Scene;

/// Clusters that did not answer at all: the plan is not complete without them.
pub(in crate::plan) fn out_of_reach(scene: &Scene<'_>) -> Vec<String> {
    let named = scene.input.desired.providers.iter().filter_map(|p| p.proxmox.as_deref());
    let mut lines: Vec<String> = named
        .filter_map(|name| {
            let seen = scene.snapshot().proxmox.get(name)?;
            let Some(ProxmoxFailure::Unreachable { .. }) = seen.failure else { return None };
            let why = seen.nodes.unknown().map_or("no answer", |r| r.0.as_str());
            Some(format!("placement, VMs and nodes: {why}"))
        })
        .collect();
    lines.dedup();
    lines
}

pub(super) fn rule(scene: &Scene<'_>, out: &mut Vec<Warning>) {
    for provider in &scene.input.desired.providers {
        let Some(proxmox) = &provider.proxmox else { continue };
        let why = match scene.snapshot().proxmox.get(proxmox) {
            None => "it was not asked".to_owned(),
            Some(seen) if matches!(seen.failure, Some(ProxmoxFailure::Unreachable { .. })) => continue,
            Some(seen) => match (&seen.nodes, &seen.guests) {
                (Observation::Unknown(why), _) | (_, Observation::Unknown(why)) => why.0.clone(),
                (Observation::Absent, _) => "it has no nodes".to_owned(),
                _ => continue,
            },
        };
        out.push(Warning {
            code: codes::PROXMOX_UNREAD.to_owned(),
            address: Some(Address::provider(&provider.id)),
            message: format!(
                "Proxmox cluster `{proxmox}` was not fully read ({why}): VMs are not named and their nodes not predicted"
            ),
            blocks: false,
            help: None, ..Warning::default() });
    }
}
