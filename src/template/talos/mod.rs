//! Talos machine configuration: which documents and keys there are, and of what type.
//!
//! The table holds names and types only, of the Talos version whose library Omni 1.9.3 carries (1.13), together with older
//! fields that this library still reads. What it cannot say (values, required fields, what belongs together) the server says.

mod shapes;
mod walk;

use super::patch::Part;
use super::validate::Rules;
use crate::diag::{Diagnostic, closest, codes};
use crate::untrusted::Untrusted;
use crate::yaml::Node;
use shapes::TABLE;

/// Checks keys and types of the classic document, which has no `kind`.
pub(super) fn classic(rules: &mut Rules<'_>, part: &Part, root: &Node) {
    if let Some(shape) = TABLE.classic() {
        walk::check(rules, part, root, shape);
    }
}

/// Checks a document with `kind` and `apiVersion`: whether there is such a kind, its keys and types.
pub(super) fn document(rules: &mut Rules<'_>, part: &Part, root: &Node, kind: &str, version: &str) {
    if let Some(shape) = TABLE.kind(kind, version) {
        walk::check(rules, part, root, shape);
        return;
    }
    let (name, api) = (Untrusted::new(kind).line(60), Untrusted::new(version).line(40));
    let place = root.get("kind").map_or(root.span, |node| node.span);
    let mut problem = Diagnostic::error(
        codes::TALOS_KIND,
        format!("Talos has no document of kind `{name}` and version `{api}`"),
    )
    .at(part.source, place, "unknown kind")
    .note(format!("omnictl: \"{name}\" \"{api}\": not registered"));
    if TABLE.is_next(kind, version) {
        problem = problem.note("newer Talos versions know it, the library of Omni 1.9.3 does not");
    } else if let Some(near) = closest(kind, TABLE.names()) {
        problem = problem.help(format!("did you mean `{near}`?"));
    }
    rules.sink.push(problem);
}
