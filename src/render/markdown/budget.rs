//! What is left out, step by step, until a page fits.

/// How far a page is cut. Each level leaves out what the ones before it do, and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Everything is shown.
    Whole,
    /// Lines that are there for orientation go.
    Context,
    /// Changes that touch no machine go.
    Still,
    /// Changes that are applied to running machines go.
    Hot,
    /// Reboots go.
    Reboots,
    /// Waves, drift and what is left alone go.
    Behind,
    /// Fields of what rebuilds, destroys or is unknown go.
    Fields,
    /// Rows of the table beyond 50 are summed up.
    Rows,
    /// Warnings that do not block, and notes, are counted.
    Warnings,
    /// Changes that rebuild, destroy or are unknown go; the machines that are lost stay.
    Worst,
    /// Findings that block, or were lifted, are named without words.
    Named,
    /// The table is cut to what fits.
    Table,
    /// What was not seen, what was left out and what is not up is cut to what fits.
    Gaps,
    /// Findings that were lifted, then those that block, are cut to what fits.
    Blocks,
    /// Of the machines that are lost, those in each cluster are counted and as many as fit are named.
    Lost,
    /// What is left of all lists is counted.
    Bare,
}

impl Level {
    /// All, mildest first.
    pub(super) const ALL: [Self; 16] = [
        Self::Whole,
        Self::Context,
        Self::Still,
        Self::Hot,
        Self::Reboots,
        Self::Behind,
        Self::Fields,
        Self::Rows,
        Self::Warnings,
        Self::Worst,
        Self::Named,
        Self::Table,
        Self::Gaps,
        Self::Blocks,
        Self::Lost,
        Self::Bare,
    ];
}

/// A level, and how many of what goes at this level stay all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// The level.
    pub(super) level: Level,
    /// Items that stay.
    pub(super) keep: usize,
}

impl Cut {
    /// Of what goes at `level`, how many of `all` stay.
    pub(super) fn of(self, level: Level, all: usize) -> usize {
        match self.level.cmp(&level) {
            std::cmp::Ordering::Less => all,
            std::cmp::Ordering::Equal => self.keep.min(all),
            std::cmp::Ordering::Greater => 0,
        }
    }
    /// Whether what goes at `level` is there.
    pub(super) fn has(self, level: Level) -> bool {
        self.level < level
    }
}

/// The least cut with which a page fits; as bare as possible if none does. `most` says how many items could stay at a level
/// where that is a choice; with more items a page is never shorter.
pub(super) fn fit(most: impl Fn(Level) -> usize, fits: impl Fn(Cut) -> bool) -> Cut {
    for level in Level::ALL {
        if !fits(Cut { level, keep: 0 }) {
            continue;
        }
        let (mut low, mut high) = (0, most(level));
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if fits(Cut { level, keep: middle }) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return Cut { level, keep: low };
    }
    Cut { level: Level::Bare, keep: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_cut_that_fits_is_taken() {
        let size = |cut: Cut| 100 - 10 * (cut.level as usize) + cut.keep;
        let at =
            |budget: usize| fit(|level| if level == Level::Hot { 7 } else { 0 }, |cut| size(cut) <= budget);
        assert_eq!(at(100), Cut { level: Level::Whole, keep: 0 });
        assert_eq!(at(90), Cut { level: Level::Context, keep: 0 });
        assert_eq!(at(74), Cut { level: Level::Hot, keep: 4 });
        assert_eq!(at(79), Cut { level: Level::Hot, keep: 7 });
        assert_eq!(fit(|_| 5, |_| false), Cut { level: Level::Bare, keep: 0 });
    }
}
