//! Everything of a cluster needs the cluster: Omni refuses machine sets and extensions of a cluster that does not exist.

use super::{Index, Needs};
use crate::address::Address;
use crate::resource::Resource;

pub(super) fn rule(address: &Address, resource: &Resource, index: &Index<'_>, needs: &mut Needs) {
    let Some(cluster) = address.cluster_name().map(Address::cluster) else { return };
    // The install disk is the machine's own: it has no cluster label, and stays when the machine leaves.
    if !matches!(resource.id.short_kind(), "Clusters" | "MachineInstallDiskConfigs")
        && cluster != *address
        && index.has(&cluster)
    {
        needs.push((cluster, "needs the cluster".to_owned()));
    }
}
