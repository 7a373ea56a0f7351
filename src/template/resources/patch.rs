//! Patches of any level to `ConfigPatches`: `WWW-PREFIX-NAME`, the weight from the position in the list.

use super::Builder;
use super::builder::{Marks, map};
use crate::kinds::CONFIG_PATCHES;
use crate::template::model::Patch;

/// Weight of the first patch of a cluster.
pub(super) const CLUSTER: usize = 200;
/// Weight of the first patch of a machine set and of a machine.
pub(super) const BELOW: usize = 400;

impl Builder<'_> {
    /// The patches of one level. Patches with `idOverride` also use up a position.
    pub(super) fn patches(
        &mut self,
        patches: &[Patch],
        weight: usize,
        prefix: &str,
        level: Option<(&str, &str)>,
    ) {
        for (position, patch) in patches.iter().enumerate() {
            let name = patch.display_name();
            let id = if patch.id_override.value.is_empty() {
                id(weight + position, prefix, name)
            } else {
                patch.id_override.value.clone()
            };
            let mut marks = self.marks().named(name);
            if let Some((key, value)) = level {
                marks = marks.label(key, value);
            }
            let Marks { labels, annotations } = &mut marks;
            patch.descriptors.apply(labels, annotations);
            let data = self.text(patch.inline.as_ref(), &patch.file);
            self.add(&CONFIG_PATCHES, &id, &id, marks, map([("data", data.into())]), patch.span);
        }
    }
}

/// The weight has at least three digits.
pub(super) fn id(weight: usize, prefix: &str, name: &str) -> String {
    format!("{weight:03}-{prefix}-{name}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn weights_have_three_digits() {
        assert_eq!(id(0, "cm-x", "install-disk"), "000-cm-x-install-disk");
        assert_eq!(id(1200, "cluster-x", "a b/c"), "1200-cluster-x-a b/c");
    }

    proptest! {
        #[test]
        fn ids_of_one_level_differ_and_keep_the_name(a in 0usize..700, b in 0usize..700, name in "[ -~]{0,12}") {
            prop_assert_eq!(a == b, id(200 + a, "cluster-c", &name) == id(200 + b, "cluster-c", &name));
            let suffix = format!("-cluster-c-{name}");
            prop_assert!(id(200 + a, "cluster-c", &name).ends_with(&suffix));
        }
    }
}
