//! Talos machine configuration: which documents and keys there are, and of what type.
//!
//! A table holds names and types only, of the Talos library that an Omni carries (1.14.0-alpha.1 in Omni 1.9.3, 1.14 in newer
//! ones), which reads the fields of all older versions. What a type cannot say (required fields, what belongs together) the
//! server says.

mod forms;
mod shapes;
mod since;
mod walk;

use super::dialect::Dialect;
use super::patch::Part;
use super::validate::Rules;
use crate::diag::{Diagnostic, closest, codes};
use crate::template::quote::quoted;
use crate::untrusted::Untrusted;
use crate::yaml::Node;
use shapes::table;

/// Checks keys and types of the classic document, which has no `kind`.
pub(super) fn classic(rules: &mut Rules<'_>, part: &Part, root: &Node) {
    if let Some(shape) = table(rules.dialect).classic() {
        walk::check(rules, part, root, shape);
        since::check(rules, part.source, root, "-");
    }
}

/// Checks a document with `kind` and `apiVersion`: whether there is such a kind, its keys and types.
pub(super) fn document(rules: &mut Rules<'_>, part: &Part, root: &Node, kind: &str, version: &str) {
    if kind == "v1alpha1" {
        // A name of the document without a kind, which has no such keys.
        classic(rules, part, root);
        return;
    }
    let table = table(rules.dialect);
    if let Some(shape) = table.kind(kind, version) {
        walk::check(rules, part, root, shape);
        since::check(rules, part.source, root, kind);
        return;
    }
    let (name, api) = (Untrusted::new(kind).line(60), Untrusted::new(version).line(40));
    let place = root.get("kind").map_or(root.span, |node| node.span);
    let mut problem = Diagnostic::error(
        codes::TALOS_KIND,
        format!("Talos has no document of kind `{name}` and version `{api}`"),
    )
    .at(part.source, place, "unknown kind")
    .note(format!("omnictl: {} {}: not registered", quoted(kind), quoted(version)));
    if table.is_next(kind, version) {
        problem = problem
            .note(format!("{} knows it; this template is read for {}", Dialect::V1_10, rules.dialect))
            .help(format!("remove it; {}", Dialect::V1_10.way_out()));
    } else if let Some(near) = closest(kind, table.names()) {
        problem = problem.help(format!("did you mean `{near}`?"));
    }
    rules.sink.push(problem);
}
