//! VLAN tags: 1 to 4094; 0 means none.

use crate::diag::{Diagnostic, Sink, codes};
use crate::yaml::as_u64;

use super::recipe::{Recipe, get};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    let nics = recipe.tables("additional_nics").into_iter().map(|(pairs, _)| pairs);
    for node in std::iter::once(recipe.pairs()).chain(nics).filter_map(|p| get(p, "vlan")) {
        if let Ok(Some(tag)) = as_u64(node)
            && tag > 4094
        {
            sink.push(
                Diagnostic::error(codes::PROVIDER_VALUE, format!("`vlan` is {tag}, but tags end at 4094"))
                    .at(recipe.source, node.span, "Proxmox refuses the machine"),
            );
        }
    }
}
