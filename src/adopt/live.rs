//! The live resource of an address.

use super::Input;
use crate::address::Address;
use crate::kinds::{Kind, MACHINE_CLASSES, SYNC_ORDER};
use crate::live::Snapshot;
use crate::resource::LiveResource;

fn kinds(address: &Address) -> impl Iterator<Item = &'static Kind> {
    let word = address.kind().to_owned();
    SYNC_ORDER.into_iter().chain([&MACHINE_CLASSES]).filter(move |k| k.address == word)
}

/// Why the kind of an address could not be read.
pub(super) fn unread(input: Input<'_>) -> Option<String> {
    kinds(input.address).find_map(|k| input.snapshot.omni.unreadable(k.short)).map(|r| r.0.clone())
}

/// The resource, of the address' own cluster.
pub(super) fn find<'a>(address: &Address, snapshot: &'a Snapshot) -> Option<&'a LiveResource> {
    let name = address.name();
    kinds(address).find_map(|kind| {
        snapshot.omni.list(kind.short).iter().filter(|r| r.resource.id.namespace == kind.namespace).find(
            |r| {
                match crate::graph::address_of(&r.resource) {
                    Some(own) => own == *address,
                    // Kernel arguments carry no cluster.
                    None => r.resource.id.id == name,
                }
            },
        )
    })
}
