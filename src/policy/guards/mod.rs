//! The guards: what a plan must not do without somebody's word. One file each.
//!
//! A guard whose facts the planner looks at anyway speaks through the planner's finding, which carries the guard's code; the
//! others look at the finished plan and its inputs. What lifts a guard is always of one address.

mod g01_cluster_removed;
mod g02_control_plane_lost;
mod g03_quorum;
mod g04_control_plane_count;
mod g05_backup;
mod g06_versions;
mod g07_versions_together;
mod g08_refused;
mod g09_provider;
mod g10_class;
mod g11_locked;
mod g12_not_ours;
mod g13_data;
mod g14_capacity;
mod g15_nothing_declared;
mod g16_thresholds;
mod g17_unread;
mod g18_other_plan;
mod losses;
pub mod page;

pub(super) use crate::plan::codes;

use super::circumstances::Circumstances;
use crate::plan::{Plan, PlanInput, Warning};
use losses::Losses;

/// What there is to say about a guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// `G01`
    pub code: &'static str,
    /// Short name.
    pub name: &'static str,
    /// Whether this version has it.
    pub built: bool,
    /// What makes it speak.
    pub when: &'static str,
    /// What it does then.
    pub does: &'static str,
    /// What lifts it.
    pub lift: &'static str,
    /// Why it exists.
    pub why: &'static str,
    /// The codes of its findings.
    pub codes: &'static [&'static str],
    /// Whether `--acknowledge` can name it.
    pub acknowledged: bool,
}

/// Every guard, by code.
pub const ALL: [&Guard; 18] = [
    &g01_cluster_removed::GUARD,
    &g02_control_plane_lost::GUARD,
    &g03_quorum::GUARD,
    &g04_control_plane_count::GUARD,
    &g05_backup::GUARD,
    &g06_versions::GUARD,
    &g07_versions_together::GUARD,
    &g08_refused::GUARD,
    &g09_provider::GUARD,
    &g10_class::GUARD,
    &g11_locked::GUARD,
    &g12_not_ours::GUARD,
    &g13_data::GUARD,
    &g14_capacity::GUARD,
    &g15_nothing_declared::GUARD,
    &g16_thresholds::GUARD,
    &g17_unread::GUARD,
    &g18_other_plan::GUARD,
];

/// The guard of a code.
pub fn by_code(code: &str) -> Option<&'static Guard> {
    ALL.into_iter().find(|g| g.code == code)
}

/// What a guard looks at.
struct View<'a> {
    plan: &'a Plan,
    input: &'a PlanInput<'a>,
    with: &'a Circumstances,
    losses: Losses,
}

/// Adds what the guards find, and weighs what the planner found for them.
pub(super) fn speak(plan: &mut Plan, input: &PlanInput<'_>, with: &Circumstances) {
    let mut warnings = std::mem::take(&mut plan.warnings);
    let view = View { plan, input, with, losses: Losses::of(plan, input) };
    let rules: [fn(&View<'_>, &mut Vec<Warning>); 11] = [
        g01_cluster_removed::find,
        g02_control_plane_lost::find,
        g03_quorum::find,
        g04_control_plane_count::find,
        g05_backup::find,
        g06_versions::find,
        g09_provider::find,
        g13_data::find,
        g14_capacity::find,
        g15_nothing_declared::weigh,
        g16_thresholds::find,
    ];
    for rule in rules {
        rule(&view, &mut warnings);
    }
    g07_versions_together::weigh(&view, &mut warnings);
    plan.warnings = warnings;
}

/// `1 machine`, `3 machines`.
fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
