//! Phases of the spec that name resources: what is done behind which gate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Desired, Graph, Pattern};
use crate::address::Address;

/// A phase of the spec with resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredPhase {
    /// Its key in the spec.
    pub key: String,
    /// What it holds; something below what a pattern fits belongs to it too.
    pub resources: Vec<Pattern>,
    /// Its exit criteria that can be checked, in words.
    #[serde(default)]
    pub criteria: Vec<String>,
    /// Where it is declared (`path:line`).
    #[serde(default)]
    pub source: Option<String>,
}

impl DesiredPhase {
    /// Whether an address, or something that it lies below, is among its resources.
    pub fn holds(&self, address: &Address) -> bool {
        self.resources.iter().any(|p| {
            std::iter::successors(Some(address.clone()), Address::parent).any(|a| p.glob.matches(&a))
        })
    }
}

/// The number of the phase that an address belongs to, from 1: the first that holds it. 0: none does, and what no phase holds
/// is done as early as what it needs allows.
pub fn phase_of(phases: &[DesiredPhase], address: &Address) -> usize {
    phases.iter().position(|p| p.holds(address)).map_or(0, |at| at + 1)
}

/// Something that would have to be done before what it needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{address}` is in phase `{phase}`, and needs `{needed}` of the later phase `{later}`: {reason}")]
pub struct OutOfOrder {
    /// What comes too early.
    pub address: Address,
    /// The phase that it is in.
    pub phase: String,
    /// What it needs.
    pub needed: Address,
    /// The phase before which that cannot be done.
    pub later: String,
    /// Why it is needed.
    pub reason: String,
    /// Where the earlier phase is declared (`path:line`).
    pub declared: Option<String>,
}

/// Every edge that contradicts the order of the phases, in the order of addresses.
pub fn out_of_order(desired: &Desired, graph: &Graph) -> Vec<OutOfOrder> {
    let phases = desired.phases.as_slice();
    if phases.is_empty() {
        return Vec::new();
    }
    let key = |number: usize| {
        number.checked_sub(1).and_then(|at| phases.get(at)).map_or_else(String::new, |p| p.key.clone())
    };
    let mut at: BTreeMap<&Address, usize> = BTreeMap::new();
    let mut found = Vec::new();
    // Needs come first in this order.
    for address in graph.order() {
        let own = phase_of(phases, address);
        let mut reached = own;
        for (needed, reason) in graph.needs(address) {
            let theirs = at.get(needed).copied().unwrap_or(0);
            if own > 0 && theirs > own {
                found.push(OutOfOrder {
                    address: address.clone(),
                    phase: key(own),
                    needed: needed.clone(),
                    later: key(theirs),
                    reason: reason.to_owned(),
                    declared: phases.get(own - 1).and_then(|p| p.source.clone()),
                });
            } else {
                reached = reached.max(theirs);
            }
        }
        at.insert(address, reached);
    }
    found.sort_by(|a, b| (&a.address, &a.needed).cmp(&(&b.address, &b.needed)));
    found
}
