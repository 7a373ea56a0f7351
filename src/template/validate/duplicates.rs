//! No two resources of one id. omnictl finds this only when it renders.

use std::collections::{BTreeMap, BTreeSet};

use super::Rules;
use crate::diag::{Diagnostic, Span, codes};
use crate::template::rendered::Rendered;
use crate::untrusted::Untrusted;

pub(super) fn check(rules: &mut Rules<'_>, rendered: &[Rendered], reported: &BTreeSet<String>) {
    let mut seen: BTreeMap<&crate::resource::ResourceId, Span> = BTreeMap::new();
    for one in rendered {
        let id = &one.resource.id;
        let Some(first) = seen.get(id) else {
            seen.insert(id, one.span);
            continue;
        };
        if reported.contains(&id.id) {
            continue;
        }
        let shown = Untrusted::new(id.to_string()).line(160);
        rules.sink.push(
            Diagnostic::error(codes::DUPLICATE_RESOURCE, format!("two resources have the id `{shown}`"))
                .at(rules.source, one.span, "the second comes from here")
                .at(rules.source, *first, "the first from here")
                .note(format!("omnictl: resource ID duplicate {shown}"))
                .note("omnictl's `validate` does not find this, its `render` does"),
        );
    }
}
