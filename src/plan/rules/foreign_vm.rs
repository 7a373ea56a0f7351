//! A machine that goes takes with it whatever VM has the node and VMID of its provider's record: the provider compares nothing
//! else, and Proxmox gives a VMID that became free to the next VM.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use crate::address::Address;
use crate::live::placement::set_tag;
use crate::live::{Guest, GuestKind};
use crate::plan::scene::Scene;
use crate::plan::{Draft, Warning};
use crate::untrusted::Untrusted;

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    if drafts.iter().all(|d| d.lost.is_empty()) {
        return;
    }
    let foreign = foreign(scene);
    if foreign.is_empty() {
        return;
    }
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for draft in drafts {
        for lost in &draft.lost {
            let named = lost.machine.as_deref().and_then(|name| foreign.get_key_value(name));
            // Where nobody can tell which machine of a set goes, it may be any.
            let set = draft.subject().filter(|_| lost.machine.is_none() && draft.kind() == "MachineSets");
            let any = set.into_iter().flat_map(|s| scene.requests_of_set(&s.id.id));
            let any = any.filter_map(|request| foreign.get_key_value(request.resource.id.id.as_str()));
            for (request, (guest, provider)) in named.into_iter().chain(any) {
                if told.insert(request) {
                    out.push(warning(&lost.address, request, guest, provider, lost.predicted));
                }
            }
        }
    }
}

/// VMs that have the node and VMID of a machine's record and are not that machine's, by machine request, with the provider.
fn foreign<'a>(scene: &Scene<'a>) -> BTreeMap<&'a str, (&'a Guest, &'a str)> {
    let mut out = BTreeMap::new();
    for provider in &scene.input.desired.providers {
        let seen = provider.proxmox.as_deref().and_then(|name| scene.snapshot().proxmox.get(name));
        let Some(guests) = seen.and_then(|s| s.guests.known()) else { continue };
        let at: BTreeMap<u32, &Guest> = guests.iter().map(|g| (g.vmid, g)).collect();
        for record in scene.snapshot().omni.records(&provider.id).known().into_iter().flatten() {
            let Some(guest) = record.vmid.and_then(|id| at.get(&id).copied()) else { continue };
            let there = record.node == Some(guest.node.as_str()) && guest.kind == GuestKind::Qemu;
            if there && !own(guest, record.request) {
                out.insert(record.request, (guest, provider.id.as_str()));
            }
        }
    }
    out
}

/// Whether a VM can be the machine's: it bears its name, or nobody knows its name, or somebody renamed a VM that the provider made
/// for the same set.
fn own(guest: &Guest, request: &str) -> bool {
    let Some(name) = guest.name.as_deref() else { return true };
    let set = request.rsplit_once('-').map_or(request, |(set, _)| set);
    let other = name.rsplit_once('-').is_some_and(|(of, _)| of == set);
    name == request || (guest.tags.contains(&set_tag(set)) && !other)
}

fn warning(at: &Address, request: &str, guest: &Guest, provider: &str, predicted: bool) -> Warning {
    let request = Untrusted::new(request).line(80);
    let name = Untrusted::new(guest.name.as_deref().unwrap_or_default()).line(80);
    let place = format!("{}/{}", Untrusted::new(&guest.node).line(40), guest.vmid);
    let may = if predicted { "may" } else { "will" };
    Warning {
        code: codes::FOREIGN_VM.to_owned(),
        address: Some(at.clone()),
        message: format!(
            "VM {place} is recorded as that of machine `{request}`, but it is `{name}` now: removing the machine {may} destroy that VM with its disks"
        ),
        blocks: true,
        help: Some(format!(
            "the provider goes by node and VMID alone; move `{name}` to another node or VMID first (`omni-scale doctor` compares UUIDs), or give it back its name if it is the machine's own"
        )),
        evidence: [
            ("machine".to_owned(), request),
            ("provider".to_owned(), Untrusted::new(provider).line(80)),
            ("vm".to_owned(), place),
            ("vm_name".to_owned(), name),
        ]
        .into(),
        ..Warning::default()
    }
}
