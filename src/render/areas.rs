//! A plan's steps by what they belong to, in the order in which people read them: worst first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::address::Address;
use crate::kinds::{Certainty, Effect};
use crate::plan::{Action, Plan, Step};

/// What steps belong to. The order is that of areas which are equally bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic<'p> {
    /// Infrastructure providers.
    Providers,
    /// Machine classes.
    Classes,
    /// The cluster of this name.
    Cluster(&'p str),
}

impl<'p> Topic<'p> {
    /// What an address belongs to.
    pub(super) fn of(address: &'p Address) -> Self {
        match (address.cluster_name(), address.kind()) {
            (Some(cluster), _) => Self::Cluster(cluster),
            (None, "class") => Self::Classes,
            (None, _) => Self::Providers,
        }
    }
    /// What it is called, before the name.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Providers => "infrastructure providers",
            Self::Classes => "machine classes",
            Self::Cluster(_) => "cluster",
        }
    }
    /// The cluster's name.
    pub(super) fn name(self) -> Option<&'p str> {
        match self {
            Self::Cluster(name) => Some(name),
            Self::Providers | Self::Classes => None,
        }
    }
}

/// Steps of one topic, worst first, then in plan order. Waiting is left to the waves.
pub(super) struct Area<'p> {
    /// What they belong to.
    pub(super) topic: Topic<'p>,
    /// The steps.
    pub(super) steps: Vec<&'p Step>,
}

impl Area<'_> {
    /// Worst effect, and how sure that is.
    pub(super) fn worst(&self) -> (Effect, Certainty) {
        self.steps.iter().map(|s| (s.effect, s.certainty)).max().unwrap_or_default()
    }
}

/// All areas, worst first.
pub(super) fn areas(plan: &Plan) -> Vec<Area<'_>> {
    let mut by: BTreeMap<Topic<'_>, Vec<&Step>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|s| s.action != Action::Await) {
        by.entry(Topic::of(&step.address)).or_default().push(step);
    }
    let mut all: Vec<Area<'_>> = by.into_iter().map(|(topic, steps)| Area { topic, steps }).collect();
    for area in &mut all {
        area.steps.sort_by_key(|s| (Reverse(s.effect), s.id));
    }
    all.sort_by_key(|area| (Reverse(area.worst().0), area.topic));
    all
}
