//! Marks that every rendered template carries and that mean nothing to machines.

use super::compare::Difference;

/// Says that a template made the object; Omni's own console then warns of edits.
const MANAGED: &str = "omni.sidero.dev/managed-by-cluster-templates";

/// Whether nothing differs but marks that a template would add to something made otherwise: the mark of templates itself, and
/// an empty `name` on a patch that has none. Where only what we made or adopted is ours to prune, that is no reason to write.
pub fn only_marks(differences: &[Difference]) -> bool {
    !differences.is_empty()
        && differences.iter().all(|d| match d.path.as_slice() {
            [map, key] if map == "annotations" && d.live.is_none() => {
                key == MANAGED
                    || (key == "name" && d.wanted.as_ref().and_then(crate::value::Value::as_str) == Some(""))
            }
            _ => false,
        })
}
