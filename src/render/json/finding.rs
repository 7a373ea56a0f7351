//! Findings as JSON: blocks, warnings, what a policy tells, and what somebody lifted.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::plan::{Lifted, Warning};

/// A finding of the planner, of a guard, or of a policy.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WarningView {
    /// Stable code.
    pub code: String,
    /// What it is about.
    pub address: Option<String>,
    /// Sentence.
    pub message: String,
    /// Whether apply refuses.
    pub blocks: bool,
    /// What to do.
    pub help: Option<String>,
    /// The guard that speaks (`G02`); null if no numbered guard does.
    pub guard: Option<String>,
    /// Name of the policy rule or locked decision that speaks; null if none does.
    pub rule: Option<String>,
    /// Whether it only tells.
    pub info: bool,
    /// What was looked at, by name.
    pub evidence: BTreeMap<String, String>,
    /// The words that lift it (`--allow destroy:cluster/dev`); null if nothing does.
    pub lift: Option<String>,
    /// Who lifted it; it would block otherwise.
    pub lifted: Option<LiftedView>,
}

/// Why a guard that speaks does not block.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LiftedView {
    /// The flag as given, or the place of the exception in the spec.
    pub by: String,
    /// Who answers for it; null for a flag.
    pub owner: Option<String>,
    /// Why; null for a flag.
    pub reason: Option<String>,
    /// Last day or moment at which it holds; null for a flag.
    pub expires: Option<String>,
}

impl From<&Warning> for WarningView {
    fn from(w: &Warning) -> Self {
        Self {
            code: w.code.clone(),
            address: w.address.as_ref().map(ToString::to_string),
            message: w.message.clone(),
            blocks: w.blocks,
            help: w.help.clone(),
            guard: w.guard.clone(),
            rule: w.rule.clone(),
            info: w.info,
            evidence: w.evidence.clone(),
            lift: w.lift.clone(),
            lifted: w.lifted.as_ref().map(LiftedView::from),
        }
    }
}

impl From<&Lifted> for LiftedView {
    fn from(l: &Lifted) -> Self {
        Self {
            by: l.by.clone(),
            owner: l.owner.clone(),
            reason: l.reason.clone(),
            expires: l.expires.clone(),
        }
    }
}
