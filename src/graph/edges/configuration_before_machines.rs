//! Patches and extensions come before the machines they apply to: otherwise new machines are configured twice, and
//! extensions cost a second reboot.

use super::{Index, Needs};
use crate::resource::Resource;

pub(super) fn rule(target: &Resource, index: &Index<'_>, needs: &mut Needs) {
    let node = match target.id.short_kind() {
        "MachineSets" => false,
        "MachineSetNodes" => true,
        _ => return,
    };
    let Some(cluster) = target.omni_label("cluster") else { return };
    for (kind, reason) in [
        ("ConfigPatches", "patches first, so that machines get one rollout"),
        ("ExtensionsConfigurations", "extensions first, so that machines get one installation"),
    ] {
        for (address, configuration) in index.of_type(kind) {
            if configuration.omni_label("cluster") != Some(cluster) {
                continue;
            }
            let set = configuration.omni_label("machine-set");
            let machine = configuration.omni_label("cluster-machine");
            let applies = match (set, machine) {
                (_, Some(m)) => node && m == target.id.id,
                (Some(s), None) => !node && s == target.id.id,
                (None, None) => !node,
            };
            if applies {
                needs.push((address.clone(), reason.to_owned()));
            }
        }
    }
}
