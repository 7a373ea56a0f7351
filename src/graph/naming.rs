//! The address of a live resource, by the same words as the address of a declared one.

use crate::address::Address;
use crate::kinds;
use crate::resource::Resource;

/// The address of a class, a cluster or something with a cluster label; `None` for anything else.
pub fn address_of(resource: &Resource) -> Option<Address> {
    let kind = kinds::by_type(&resource.id.kind)?;
    let id = resource.id.id.as_str();
    match kind.address {
        "class" => Some(Address::class(id)),
        "cluster" => Some(Address::cluster(id)),
        "machineset" => {
            let cluster = resource.omni_label("cluster")?;
            let name = id.strip_prefix(cluster).and_then(|n| n.strip_prefix('-')).filter(|n| !n.is_empty());
            Some(Address::cluster(cluster).child("machineset", name.unwrap_or(id)))
        }
        word => Some(Address::cluster(resource.omni_label("cluster")?).child(word, id)),
    }
}
