//! Whether a plan may be applied: guards that the planner found, what was not seen, and the risk that somebody approved.

use crate::address::Address;
use crate::kinds::Effect;
use crate::plan::Plan;

/// One reason against applying a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Stable code.
    pub code: String,
    /// What it is about.
    pub address: Option<Address>,
    /// Sentence.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// The judgement of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Guards: no approval lifts them.
    pub blocks: Vec<Objection>,
    /// Gaps: parts of the world that the plan needs and did not see.
    pub gaps: Vec<String>,
    /// Steps whose effect is worse than what was approved, worst first.
    pub above: Vec<(Address, Effect)>,
}

impl Verdict {
    /// Whether nothing speaks against it.
    pub fn allows(&self) -> bool {
        self.blocks.is_empty() && self.gaps.is_empty() && self.above.is_empty()
    }
}

/// Judges a plan. `approved` is the worst effect that somebody agreed to; `None` where a person looks at the plan and
/// decides.
pub fn judge(plan: &Plan, approved: Option<Effect>) -> Verdict {
    let blocks = plan
        .warnings
        .iter()
        .filter(|w| w.blocks)
        .map(|w| Objection {
            code: w.code.clone(),
            address: w.address.clone(),
            message: w.message.clone(),
            help: w.help.clone(),
        })
        .collect();
    let mut above: Vec<(Address, Effect)> = plan
        .steps
        .iter()
        .filter(|s| approved.is_some_and(|a| s.effect > a))
        .map(|s| (s.address.clone(), s.effect))
        .collect();
    above.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    Verdict { blocks, gaps: plan.unknown.clone(), above }
}
