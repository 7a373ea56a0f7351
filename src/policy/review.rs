//! The review of a plan: guards speak, exceptions and flags lift, the second checker looks.

use super::circumstances::Circumstances;
use super::overrides::Override;
use super::{exceptions, guards, lifecycle, loosened, second};
use crate::plan::{Lifted, Plan, PlanInput, Warning};

/// Why there is no reviewed plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// Flags that lift nothing in this plan. A flag that stays in a pipeline for ever is a hole that nobody sees.
    #[error("{}", unused(.flags, .asked))]
    Unused {
        /// The flags.
        flags: Vec<String>,
        /// What could be lifted.
        asked: Vec<String>,
    },
    /// The second checker found that the plan contradicts its inputs or itself: a bug of ours.
    #[error("the plan contradicts itself: {}", .0.join("; "))]
    Contradiction(Vec<String>),
}

fn unused(flags: &[String], asked: &[String]) -> String {
    let quoted: Vec<String> = flags.iter().map(|f| format!("`{f}`")).collect();
    let verb = if flags.len() == 1 { "lifts" } else { "lift" };
    let mut out = format!("{} {verb} nothing in this plan", quoted.join(", "));
    if !asked.is_empty() {
        let asked: Vec<String> = asked.iter().map(|f| format!("`{f}`")).collect();
        out.push_str(&format!("; it asks for {}", asked.join(", ")));
    }
    out
}

/// Reviews a plan: adds what guards and `findings` (of rules and decisions) say, lifts what somebody answers for, and checks
/// the whole a second time.
///
/// # Errors
/// Flags that lift nothing, and a plan that contradicts itself.
pub fn review(
    plan: &mut Plan,
    input: &PlanInput<'_>,
    with: &Circumstances,
    findings: Vec<Warning>,
) -> Result<(), ReviewError> {
    let before = input.record.and_then(|r| r.policy.as_ref()).filter(|_| with.now_kept.is_some());
    let judged = Circumstances { settings: loosened::stricter(&with.settings, before), ..with.clone() };
    guards::speak(plan, input, &judged);
    lifecycle::speak(plan, input);
    loosened::speak(plan, input, with.now_kept.as_ref());
    plan.warnings.extend(findings);
    exceptions::lift(with, &mut plan.warnings);
    flags(plan, with)?;
    plan.warnings.sort_by(|a, b| {
        let key = |w: &Warning| (!w.blocks, w.info, w.code.clone(), w.address.clone(), w.message.clone());
        key(a).cmp(&key(b))
    });
    plan.warnings.dedup();
    let notes = second::check(plan, input);
    if notes.is_empty() { Ok(()) } else { Err(ReviewError::Contradiction(notes)) }
}

/// Lifts what the flags name; a flag that names nothing is an error.
fn flags(plan: &mut Plan, with: &Circumstances) -> Result<(), ReviewError> {
    let mut idle = Vec::new();
    // What loosens is lifted once rules have spoken too.
    for given in with.overrides.iter().filter(|o| !matches!(o, Override::Loosen(_))) {
        let mut used = false;
        for warning in plan.warnings.iter_mut().filter(|w| w.blocks || w.lifted.is_some()) {
            let asked = warning.lift.as_deref().and_then(|l| l.parse::<Override>().ok());
            if !asked.is_some_and(|asked| given.covers(&asked)) {
                continue;
            }
            used = true;
            if warning.blocks {
                warning.blocks = false;
                let by = given.to_string();
                warning.lifted = Some(Lifted { by, owner: None, reason: None, expires: None });
            }
        }
        if !used {
            idle.push(given.to_string());
        }
    }
    if idle.is_empty() {
        return Ok(());
    }
    let blocking = plan.warnings.iter().filter(|w| w.blocks);
    let mut asked: Vec<String> =
        blocking.filter_map(|w| w.lift.clone()).filter(|l| l.parse::<Override>().is_ok()).collect();
    asked.sort();
    asked.dedup();
    Err(ReviewError::Unused { flags: idle, asked })
}
