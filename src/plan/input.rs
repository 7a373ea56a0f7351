//! What a plan is made from: values only, so that the same inputs give the same bytes.

use super::Selection;
use crate::graph::Desired;
use crate::live::Snapshot;
use crate::secret::DigestKey;
use crate::state::model::Record;

/// Everything that the planner may look at.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'a> {
    /// What the files ask for.
    pub desired: &'a Desired,
    /// What one refresh saw.
    pub snapshot: &'a Snapshot,
    /// What we remember; without it the plan is two-way and prunes nothing.
    pub record: Option<&'a Record>,
    /// Makes the digests that stand for secrets in what will be remembered. Without it, or with another one than the
    /// record's, values that are secret are compared two-way.
    pub key: Option<&'a DigestKey>,
    /// Choices of the person who asks.
    pub options: PlanOptions<'a>,
}

/// Choices of the person who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanOptions<'a> {
    /// What of the whole is planned; nothing, or an empty selection: all of it.
    pub selection: Option<&'a Selection>,
    /// The moment of the look, in seconds since 1970: for what has a date, as the end of a token. Nothing is said of that
    /// without it.
    pub now: Option<u64>,
}

impl<'a> PlanOptions<'a> {
    /// Plans what is selected only.
    pub fn selecting(selection: &'a Selection) -> Self {
        Self { selection: Some(selection), ..Self::default() }
    }
    /// At this moment, in seconds since 1970.
    #[must_use]
    pub fn at(self, now: u64) -> Self {
        Self { now: Some(now), ..self }
    }
}
