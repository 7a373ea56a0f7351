//! Totals.

use super::{Action, Lost, Step, Summary, Unchanged};
use crate::kinds::Effect;

/// Counts steps, declared things without one, foreign ones and lost machines; `kept` marks of others stay.
pub(super) fn summary(steps: &[Step], unchanged: &[Unchanged], lost: &[Lost], kept: usize) -> Summary {
    let count = |actions: &[Action]| {
        u32::try_from(steps.iter().filter(|s| actions.contains(&s.action)).count()).unwrap_or(u32::MAX)
    };
    let status = |wanted: &str| {
        u32::try_from(unchanged.iter().filter(|u| u.status == wanted).count()).unwrap_or(u32::MAX)
    };
    Summary {
        create: count(&[Action::Create]),
        update: count(&[Action::Update, Action::AdoptUpdate]),
        destroy: count(&[Action::Destroy]),
        adopt: count(&[Action::Adopt]),
        release: count(&[Action::Release]),
        moved: count(&[Action::Move]),
        unchanged: status("unchanged"),
        foreign: status("foreign"),
        kept: u32::try_from(kept).unwrap_or(u32::MAX),
        machines_lost: u32::try_from(lost.len()).unwrap_or(u32::MAX),
        worst: steps.iter().map(|s| s.effect).max().unwrap_or(Effect::None),
    }
}
