//! PCI Express needs the q35 machine.

use crate::diag::{Diagnostic, Sink, codes};
use crate::yaml::as_bool;

use super::recipe::{Recipe, get};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    let q35 = recipe.get("machine_type").and_then(|n| n.text()).is_some_and(|t| t.contains("q35"));
    if q35 {
        return;
    }
    for (pairs, _) in recipe.tables("pci_devices") {
        if let Some(node) = get(pairs, "pcie")
            && as_bool(node) == Ok(Some(true))
        {
            sink.push(
                Diagnostic::error(codes::PROVIDER_VALUE, "`pcie: true` works with `machine_type: q35` only")
                    .at(recipe.source, node.span, "the machine would not start")
                    .help("add `machine_type: q35`"),
            );
        }
    }
}
