//! Patches and extensions come before the machines they apply to: otherwise new machines are configured twice, and
//! extensions cost a second reboot.

use super::{Index, Needs, Target};
use crate::resource::Resource;

pub(super) fn rule(target: &Resource, index: &Index<'_>, needs: &mut Needs) {
    let of: &[Target<'_>] = match target.id.short_kind() {
        "MachineSets" => &[Target::Cluster, Target::Set(&target.id.id)],
        "MachineSetNodes" => &[Target::Machine(&target.id.id)],
        _ => return,
    };
    let Some(cluster) = target.omni_label("cluster") else { return };
    for (kind, reason) in [
        ("ConfigPatches", "patches first, so that machines get one rollout"),
        ("ExtensionsConfigurations", "extensions first, so that machines get one installation"),
    ] {
        let mut found: Vec<_> = of.iter().flat_map(|t| index.configuring(kind, cluster, *t)).collect();
        found.sort();
        needs.extend(found.into_iter().map(|address| (address.clone(), reason.to_owned())));
    }
}
