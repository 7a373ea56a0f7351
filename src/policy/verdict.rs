//! Whether a plan may be applied: guards that the planner found, what was not seen, and the risk that somebody approved.

use crate::address::Address;
use crate::kinds::Effect;
use crate::plan::Plan;

/// How bad it can get, for approvals without a question.
///
/// | level | worst effect on a machine |
/// |---|---|
/// | low | none; something is stored or changes while it runs |
/// | medium | a reboot |
/// | high | it is rebuilt, or nobody knows what happens to it |
/// | critical | it is destroyed |
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// No machine is disturbed.
    Low,
    /// Machines reboot.
    Medium,
    /// Machines are rebuilt, or what happens to them is not known.
    High,
    /// Machines are destroyed.
    Critical,
}

impl Risk {
    /// The risk of an effect. What is not known counts as worse than a reboot.
    pub fn of(effect: Effect) -> Self {
        match effect {
            Effect::None | Effect::NoEffect | Effect::Hot => Self::Low,
            Effect::Reboot => Self::Medium,
            Effect::Unknown | Effect::Rebuild => Self::High,
            Effect::Destroy => Self::Critical,
        }
    }
    /// The word shown everywhere.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// The judgement of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Parts of the world that the plan needs and did not see.
    pub gaps: usize,
    /// Guards: no approval lifts them.
    pub blocks: usize,
    /// Steps whose risk is above what was approved, worst first.
    pub above: Vec<(Address, Risk)>,
}

impl Verdict {
    /// Whether nothing speaks against it.
    pub fn allows(&self) -> bool {
        self.blocks == 0 && self.gaps == 0 && self.above.is_empty()
    }
}

/// Judges a plan. `approved` is the worst risk that somebody agreed to; `None` where a person looks at the plan and
/// decides, or where nothing can be lost.
pub fn judge(plan: &Plan, approved: Option<Risk>) -> Verdict {
    let mut above: Vec<(Address, Risk)> = plan
        .steps
        .iter()
        .map(|s| (s.address.clone(), Risk::of(s.effect)))
        .filter(|(_, risk)| approved.is_some_and(|a| *risk > a))
        .collect();
    above.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    Verdict { gaps: plan.unknown.len(), blocks: plan.warnings.iter().filter(|w| w.blocks).count(), above }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risks_rise_with_effects_and_the_unknown_is_worse_than_a_reboot() {
        let table = [
            (Effect::None, "low"),
            (Effect::NoEffect, "low"),
            (Effect::Hot, "low"),
            (Effect::Reboot, "medium"),
            (Effect::Unknown, "high"),
            (Effect::Rebuild, "high"),
            (Effect::Destroy, "critical"),
        ];
        for (effect, word) in table {
            assert_eq!(Risk::of(effect).word(), word, "{effect:?}");
        }
        assert!(Risk::Low < Risk::Medium && Risk::Medium < Risk::High && Risk::High < Risk::Critical);
    }
}
