//! Locks that go: machines take up what was held back. Omni marks the machines for which it holds something back.

use super::table::Row;
use crate::diff::LOCKS;
use crate::kinds::{Certainty, Effect};
use crate::plan::Change;
use crate::plan::machines::Machine;

/// What is said where something is released.
pub(super) const NOTE: &str = "with the lock off, machines take up what it held back";

/// Whether an annotation is a lock.
pub(super) fn is_lock(annotation: &str) -> bool {
    LOCKS.contains(&annotation)
}

/// Whether a change takes a lock off.
pub(super) fn releases(change: &Change) -> bool {
    change.after.is_none() && change.path.get(1).is_some_and(|mark| is_lock(mark))
}

/// The effect of a lock that changes: none where it is put on, or where Omni holds nothing back.
pub(super) fn effect<'m, 'a: 'm>(
    change: &Change,
    row: &Row,
    mut machines: impl Iterator<Item = &'m Machine<'a>>,
) -> (Effect, Certainty) {
    if releases(change) && machines.any(|m| m.held_back != Some(false)) {
        (row.effect, row.certainty)
    } else {
        (Effect::None, Certainty::Derived)
    }
}
