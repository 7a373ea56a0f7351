//! What an evaluation may cost. Steps are counted, not time: the same expression over the same plan ends the same way on every
//! machine.

use std::cell::Cell;

/// Steps for one rule over one plan. A condition over each of 5,000 steps and each of 200 clusters takes about a fifth.
const STEPS: u64 = 6_000_000;

/// Everything is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spent;

/// Counts down.
#[derive(Debug)]
pub(super) struct Meter {
    left: Cell<u64>,
}

impl Default for Meter {
    fn default() -> Self {
        Self { left: Cell::new(STEPS) }
    }
}

impl Meter {
    /// Takes `steps`; nothing comes back once they are gone.
    pub(super) fn charge(&self, steps: u64) -> Result<(), Spent> {
        match self.left.get().checked_sub(steps) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.left.set(0);
                Err(Spent)
            }
        }
    }
}
