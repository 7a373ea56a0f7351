//! The part of a plan that stands before a gate.

use std::collections::BTreeSet;

use super::{Plan, StepId, summary};
use crate::graph::{DesiredPhase, phase_of};

/// What of `plan` belongs to phases up to the one called `key`: what has to be done, and up, before its gate opens.
pub fn until(plan: &Plan, phases: &[DesiredPhase], key: &str) -> Plan {
    let mut out = plan.clone();
    let Some(last) = phases.iter().position(|p| p.key == key) else { return out };
    let number = |name: &str| phases.iter().position(|p| p.key == name);
    let early = |wave: u32| {
        let of = (wave as usize).checked_sub(1).and_then(|at| plan.waves.get(at));
        of.and_then(|w| w.phase.as_deref()).and_then(number).is_none_or(|at| at <= last)
    };
    out.steps.retain(|s| early(s.wave));
    let there: BTreeSet<StepId> = out.steps.iter().map(|s| s.id).collect();
    for step in &mut out.steps {
        step.after.retain(|(id, _)| there.contains(id));
    }
    out.lost.retain(|l| out.steps.iter().any(|s| s.address == l.address));
    out.not_up.retain(|n| phase_of(phases, &n.address) <= last + 1);
    let kept = usize::try_from(plan.summary.kept).unwrap_or(usize::MAX);
    out.summary = summary::summary(&out.steps, &out.unchanged, &out.lost, kept);
    out
}
