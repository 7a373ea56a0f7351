//! A static machine joins its machine set: Omni refuses a node whose set is missing.

use super::{Index, Needs};
use crate::resource::Resource;

pub(super) fn rule(node: &Resource, index: &Index<'_>, needs: &mut Needs) {
    if node.id.short_kind() != "MachineSetNodes" {
        return;
    }
    if let Some(set) = node.omni_label("machine-set").and_then(|s| index.resource("MachineSets", s)) {
        needs.push((set.clone(), format!("joins machine set {}", set.name())));
    }
}
