//! What there is to say about a rule: one shape for rules about files, live state and evidence.

use serde::Serialize;

use super::Page;

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

/// What the examples of a rule about files are a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// Provider data of a class, to which what is needed besides is added.
    Data,
    /// The whole provider data of a class.
    Whole,
    /// Files, each behind a line `==> path <==`; `provider data` stands for the data of a class.
    Files,
}

impl Rule {
    /// The number of its code (148 of `OS0148`).
    pub fn number(&self) -> u16 {
        self.code.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or_default()
    }

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
