//! The install disk is set before the machine gets its place in a cluster, because that makes Omni install Talos.

use super::{Index, Needs};
use crate::resource::Resource;

pub(super) fn rule(node: &Resource, index: &Index<'_>, needs: &mut Needs) {
    if node.id.short_kind() != "MachineSetNodes" {
        return;
    }
    if let Some(disk) = index.resource("MachineInstallDiskConfigs", &node.id.id) {
        needs.push((disk.clone(), "the install disk first, since Talos is installed then".to_owned()));
    }
}
