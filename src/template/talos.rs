//! Talos machine configuration: document kinds and shapes.

use super::patch::Part;
use super::validate::Rules;
use crate::yaml::Node;

/// The classic document, which has no `kind`.
pub(super) const CLASSIC: &str = "";

/// Checks keys and types of one document of a known kind.
pub(super) fn check(_rules: &mut Rules<'_>, _part: &Part, _root: &Node, _kind: &str) {}

/// Checks a document with `kind` and `apiVersion`.
pub(super) fn document(_rules: &mut Rules<'_>, _part: &Part, _root: &Node, _kind: &str, _version: &str) {}
