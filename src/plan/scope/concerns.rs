//! What a partial plan has to do with.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::graph::Graph;
use crate::plan::Draft;
use crate::plan::scene::Scene;

/// Addresses that a plan is about: what was chosen, what its steps are about, and what those need.
pub(in crate::plan) struct Concerns<'s> {
    scene: &'s Scene<'s>,
    also: BTreeSet<Address>,
    clusters: BTreeSet<String>,
}

impl<'s> Concerns<'s> {
    pub(in crate::plan) fn new(scene: &'s Scene<'s>, graph: &Graph, drafts: &[Draft<'_>]) -> Self {
        let mut out = Self { scene, also: BTreeSet::new(), clusters: BTreeSet::new() };
        if scene.selection().is_none() {
            return out;
        }
        let mut queue: Vec<&Address> = drafts.iter().map(|d| &d.address).collect();
        queue.extend(scene.desired.keys().copied().filter(|a| scene.takes(a)));
        out.clusters = queue.iter().filter_map(|a| a.cluster_name()).map(str::to_owned).collect();
        while let Some(address) = queue.pop() {
            if out.also.insert(address.clone()) {
                queue.extend(graph.needs(address).into_iter().map(|(need, _)| need));
            }
        }
        out
    }
    /// Whether a finding about an address belongs into the plan.
    pub(in crate::plan) fn about(&self, address: &Address) -> bool {
        self.scene.takes(address) || self.also.contains(address)
    }
    /// Whether anything of a cluster is planned or chosen.
    pub(in crate::plan) fn cluster(&self, name: &str) -> bool {
        self.scene.selection().is_none() || self.clusters.contains(name)
    }
}
