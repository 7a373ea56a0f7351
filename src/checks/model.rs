//! Rules and what they find.

use serde::Serialize;

use crate::address::Address;
use crate::diag::Page;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something foreign or irreplaceable may be lost by an ordinary step.
    Critical,
    /// It does not work, or will not.
    Error,
    /// It works, and will hurt.
    Warning,
    /// Good to know.
    Info,
}

/// How sure a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Seen when the real program ran.
    Observed,
    /// Read in the source of the real program.
    Source,
    /// Told by people who met it.
    Reported,
    /// A judgement of this program.
    Design,
}

/// When a rule can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Files alone are enough.
    Validate,
    /// Every plan: live state and files.
    Plan,
    /// `doctor`: a deeper look.
    Doctor,
}

/// A rule: what it is called and all that there is to read about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `OS0501`. A code is never reused.
    pub code: &'static str,
    /// Name in lists and in JSON (`storage-not-on-node`).
    pub name: &'static str,
    /// How bad a finding is, where the rule does not say otherwise.
    pub severity: Severity,
    /// How sure it is.
    pub basis: Basis,
    /// Whose behaviour it follows (`Proxmox VE 9.1, start of a VM`, `provider before 0.1, step pickNode`).
    pub source: &'static str,
    /// When it can speak.
    pub stage: Stage,
    /// What it is called in a sentence.
    pub title: &'static str,
    /// What it means.
    pub means: &'static str,
    /// How it comes about: a bad example.
    pub bad: &'static str,
    /// The same as it should be; the rule is silent about it.
    pub good: &'static str,
    /// What to do.
    pub act: &'static str,
}

impl Rule {
    /// What `explain` prints.
    pub fn page(&self) -> Page {
        Page {
            code: self.code,
            title: self.title,
            means: self.means,
            why: self.source,
            example: self.bad,
            act: self.act,
        }
    }
}

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
