//! What rules find. What a rule is stands in [`crate::diag::rule`]: rules about files have the same shape.

use serde::Serialize;

use crate::address::Address;
pub use crate::diag::rule::{Basis, Rule, Severity, Stage};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Fact {
    /// What (`storages of node hotel`).
    pub what: String,
    /// What was seen there, harmless to print.
    pub value: String,
}

impl Fact {
    /// A fact. The value must be harmless already (`Untrusted`).
    pub fn new(what: impl Into<String>, value: impl Into<String>) -> Self {
        Self { what: what.into(), value: value.into() }
    }
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static Rule,
    /// How bad it is here.
    pub severity: Severity,
    /// What it is about: `class/matrix-worker`, `proxmox/matrix/node/hotel`, `machine/REQUEST`, `vm/matrix/107`.
    pub subject: Address,
    /// What is the matter, one sentence without final period.
    pub cause: String,
    /// What was looked at.
    pub evidence: Vec<Fact>,
    /// What to do, in order; commands that exist.
    pub act: Vec<String>,
    /// What doing that costs; nothing where it costs nothing.
    pub cost: Option<String>,
}

impl Finding {
    /// A finding of a rule at its own severity.
    pub fn new(rule: &'static Rule, subject: Address, cause: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.severity,
            subject,
            cause: cause.into(),
            evidence: Vec::new(),
            act: Vec::new(),
            cost: None,
        }
    }
    /// With something that was looked at.
    #[must_use]
    pub fn fact(mut self, what: impl Into<String>, value: impl Into<String>) -> Self {
        self.evidence.push(Fact::new(what, value));
        self
    }
    /// With something to do.
    #[must_use]
    pub fn act(mut self, what: impl Into<String>) -> Self {
        self.act.push(what.into());
        self
    }
    /// With what doing it costs.
    #[must_use]
    pub fn cost(mut self, what: impl Into<String>) -> Self {
        self.cost = Some(what.into());
        self
    }
}
