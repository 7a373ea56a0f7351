//! Without Proxmox the plan is made from Omni alone; one line says what it cannot see.

use std::collections::BTreeSet;

use super::codes;
use crate::address::Address;
use crate::graph::edges::class_of_set;
use crate::live::{Observation, ProxmoxFailure};
use crate::plan::Warning;
use crate::plan::scene::Scene;
use crate::plan::scope::Concerns;
use crate::plan::unread::Gaps;
use crate::resource::{Resource, ResourceId};
use crate::value::Value;

/// Proxmox clusters that did not answer at all: what runs on them is planned from Omni alone, and the plan is not complete.
pub(in crate::plan) fn out_of_reach(scene: &Scene<'_>, concerns: &Concerns<'_>, gaps: &mut Gaps) {
    for provider in &scene.input.desired.providers {
        let Some(name) = provider.proxmox.as_deref() else { continue };
        let Some(seen) = scene.snapshot().proxmox.get(name) else { continue };
        let Some(ProxmoxFailure::Unreachable { .. }) = seen.failure else { continue };
        let why = seen.nodes.unknown().map_or("no answer", |r| r.0.as_str());
        let line = format!("placement, VMs and nodes: {why}");
        let clusters = provided(scene, &provider.id);
        let mut concerned: Vec<Address> =
            clusters.iter().filter(|c| concerns.cluster(c)).map(|c| Address::cluster(c)).collect();
        if clusters.is_empty() && scene.takes(&Address::provider(&provider.id)) {
            concerned.push(Address::provider(&provider.id));
        }
        if concerned.is_empty() {
            continue;
        }
        for root in concerned {
            gaps.add(&root, &line, 0);
        }
        if !gaps.lines.contains(&line) {
            gaps.lines.push(line);
        }
    }
}

/// Clusters, declared or live and ours, that draw machines from a provider. A class that nobody knows may be of any.
fn provided<'a>(scene: &Scene<'a>, provider: &str) -> BTreeSet<&'a str> {
    let made_by = |class: &str| {
        let declared = scene.desired.get(&Address::class(class)).map(|d| &d.resource);
        let live = scene.live(&ResourceId::default_ns("MachineClasses", class)).map(|l| &l.resource);
        let of =
            declared.or(live).map(|r| r.spec.at(&["auto_provision", "provider_id"]).and_then(Value::as_str));
        of.is_none_or(|id| id == Some(provider))
    };
    let draws = |set: &Resource| class_of_set(set).is_some_and(made_by);
    let declared = scene.input.desired.clusters.iter().filter(|c| {
        c.resources.iter().any(|d| d.resource.id.short_kind() == "MachineSets" && draws(&d.resource))
    });
    let ours =
        scene.input.record.into_iter().flat_map(|r| r.entries.keys().filter_map(Address::cluster_name));
    let ours = ours.filter(|c| scene.in_cluster("MachineSets", c).iter().any(|s| draws(&s.resource)));
    declared.map(|c| c.name.as_str()).chain(ours).collect()
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
