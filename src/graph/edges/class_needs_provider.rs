//! A class with automatic allocation needs the provider that makes its machines: Omni refuses a class whose provider never
//! published a status.

use super::{Index, Needs};
use crate::address::Address;
use crate::resource::Resource;

pub(super) fn rule(class: &Resource, index: &Index<'_>, needs: &mut Needs) {
    if class.id.short_kind() != "MachineClasses" {
        return;
    }
    let Some(provider) = class.spec.at(&["auto_provision", "provider_id"]).and_then(|v| v.as_str()) else {
        return;
    };
    let address = Address::provider(provider);
    if index.has(&address) {
        needs.push((address, format!("{} is provisioned by provider {provider}", class.id.id)));
    }
}
