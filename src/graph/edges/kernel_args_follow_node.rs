//! Kernel arguments of a machine come with its place in the cluster, as in `omnictl cluster template sync`.

use super::{Index, Needs};
use crate::resource::Resource;

pub(super) fn rule(args: &Resource, index: &Index<'_>, needs: &mut Needs) {
    if args.id.short_kind() != "KernelArgs" {
        return;
    }
    if let Some(node) = index.resource("MachineSetNodes", &args.id.id) {
        needs.push((node.clone(), "are set once the machine has its place in the cluster".to_owned()));
    }
}
