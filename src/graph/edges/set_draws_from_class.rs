//! A machine set needs the class that it draws machines from: Omni refuses a set whose class does not exist, and the
//! removal of a class in use.

use super::{Index, Needs, class_of_set};
use crate::address::Address;
use crate::resource::Resource;

pub(super) fn rule(address: &Address, set: &Resource, index: &Index<'_>, needs: &mut Needs) {
    if set.id.short_kind() != "MachineSets" {
        return;
    }
    if let Some((name, class)) =
        class_of_set(set).and_then(|n| Some((n, index.resource("MachineClasses", n)?)))
    {
        needs.push((class.clone(), format!("{} draw machines from class {name}", address.name())));
    }
}
