//! Whether the files agree with what drifted.

use super::model::FilesSay;
use crate::diff::{Difference, remembered, since};
use crate::graph::{DesiredResource, Prune};
use crate::resource::{LiveResource, Resource};
use crate::secret::DigestKey;

/// What the files say, beside what was applied and what is live.
pub(super) struct Files<'a> {
    pub(super) declared: Option<&'a DesiredResource>,
    pub(super) applied: &'a Resource,
    pub(super) live: &'a LiveResource,
    pub(super) prune: Prune,
    pub(super) newer: bool,
    pub(super) key: Option<&'a DigestKey>,
}

impl Files<'_> {
    /// For each of the differences between applied and live.
    pub(super) fn say(&self, differences: &[Difference]) -> Vec<FilesSay> {
        let Some(declared) = self.declared else {
            return vec![FilesSay::NotDeclared; differences.len()];
        };
        let wanted = remembered(&declared.resource, self.key);
        let from_live = since(&wanted, &self.live.resource, self.prune, self.newer, self.key);
        let from_applied = since(self.applied, &declared.resource, self.prune, self.newer, self.key);
        differences
            .iter()
            .map(|d| {
                if !touched(&from_live.differences, &d.path) {
                    FilesSay::AsLive
                } else if !touched(&from_applied.differences, &d.path) {
                    FilesSay::AsApplied
                } else {
                    FilesSay::Otherwise
                }
            })
            .collect()
    }
}

/// Whether any of the differences is at a path, above it or below it.
fn touched(differences: &[Difference], path: &[String]) -> bool {
    differences.iter().any(|d| d.path.iter().zip(path).all(|(a, b)| a == b))
}

/// What the files say of the whole, given what they say of its parts.
pub(super) fn together(parts: &[FilesSay]) -> FilesSay {
    match parts.split_first() {
        Some((first, rest)) if rest.iter().all(|p| p == first) => *first,
        Some(_) => FilesSay::Otherwise,
        None => FilesSay::AsLive,
    }
}
