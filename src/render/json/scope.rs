//! What a partial plan leaves out, and what a plan does not know, as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::plan::{Related, Scope, UnknownSubtree};

/// What a partial plan was restricted to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScopeView {
    /// Address patterns: only these, and what they need.
    pub targets: Vec<String>,
    /// Address patterns: not these, nor what needs them.
    pub excludes: Vec<String>,
    /// Names of clusters: only these.
    pub clusters: Vec<String>,
    /// Steps that the whole plan has and this one has not.
    pub left_out: u32,
    /// What comes along, because something chosen cannot be done without it.
    pub brought: Vec<RelatedView>,
    /// What is left out too, because it cannot be done without something excluded.
    pub left_too: Vec<RelatedView>,
}

/// Something that follows from the choice.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RelatedView {
    /// What.
    pub address: String,
    /// Because of what, and why.
    pub because: String,
}

/// A part of the plan that rests on something that was not seen.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UnknownSubtreeView {
    /// The cluster, class or provider, with everything below it.
    pub address: String,
    /// What was not seen, and why.
    pub reason: String,
    /// Things of it that are not planned; 0: all are, but not everything is known about them.
    pub not_planned: u32,
}

impl From<&Scope> for ScopeView {
    fn from(scope: &Scope) -> Self {
        let related = |all: &[Related]| all.iter().map(RelatedView::from).collect();
        Self {
            targets: scope.targets.clone(),
            excludes: scope.excludes.clone(),
            clusters: scope.clusters.clone(),
            left_out: scope.left_out,
            brought: related(&scope.brought),
            left_too: related(&scope.left_too),
        }
    }
}

impl From<&Related> for RelatedView {
    fn from(related: &Related) -> Self {
        Self { address: related.address.to_string(), because: related.because.clone() }
    }
}

impl From<&UnknownSubtree> for UnknownSubtreeView {
    fn from(unknown: &UnknownSubtree) -> Self {
        Self {
            address: unknown.address.to_string(),
            reason: unknown.reason.clone(),
            not_planned: unknown.not_planned,
        }
    }
}
