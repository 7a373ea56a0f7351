//! The dependency graph over addresses.

use std::collections::BTreeMap;

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::edges::{Index, Item, needs};
use super::{Desired, Wave};
use crate::address::Address;

/// One edge: `from` needs `to`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Who needs.
    pub from: Address,
    /// What is needed.
    pub to: Address,
    /// Why, for people.
    pub reason: String,
}

/// Things that need each other in a circle, in the order of the circle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these need each other in a circle: {}", .0.iter().map(|a| format!("`{a}`")).collect::<Vec<_>>().join(" needs "))]
pub struct Cycle(pub Vec<Address>);

/// Addresses and who needs whom. Equal inputs give equal graphs, whatever their order.
#[derive(Clone, Debug)]
pub struct Graph {
    inner: DiGraph<Address, String>,
    at: BTreeMap<Address, NodeIndex>,
    order: Vec<Address>,
}

impl Graph {
    /// The graph of everything that the files declare.
    ///
    /// # Errors
    /// A circle, named.
    pub fn build(desired: &Desired) -> Result<Self, Cycle> {
        Self::of(&items(desired))
    }
    /// The graph of any set of things, by the rules of [`super::edges`].
    ///
    /// # Errors
    /// A circle, named.
    pub fn of(things: &[Item<'_>]) -> Result<Self, Cycle> {
        let index = Index::new(things);
        let mut edges = Vec::new();
        for item in things {
            for (to, reason) in needs(item, &index) {
                edges.push(Edge { from: item.address.clone(), to, reason });
            }
        }
        Self::from_edges(index.addresses().cloned(), edges)
    }
    /// A graph of given edges.
    ///
    /// # Errors
    /// A circle, named.
    pub fn from_edges(nodes: impl IntoIterator<Item = Address>, mut edges: Vec<Edge>) -> Result<Self, Cycle> {
        edges.sort();
        edges.dedup_by(|a, b| a.from == b.from && a.to == b.to);
        let mut all: Vec<Address> = nodes.into_iter().collect();
        all.extend(edges.iter().flat_map(|e| [e.from.clone(), e.to.clone()]));
        all.sort_by_cached_key(|a| (Wave::of(a), a.clone()));
        all.dedup();
        let mut inner = DiGraph::new();
        let at: BTreeMap<_, _> = all.into_iter().map(|a| (a.clone(), inner.add_node(a))).collect();
        for edge in edges {
            if let (Some(from), Some(to)) = (at.get(&edge.from), at.get(&edge.to)) {
                inner.add_edge(*from, *to, edge.reason);
            }
        }
        if toposort(&inner, None).is_err() {
            return Err(circle(&inner));
        }
        let order = order(&inner);
        Ok(Self { inner, at, order })
    }
    /// Every address after everything that it needs; among equals by wave, then by address.
    pub fn order(&self) -> &[Address] {
        &self.order
    }
    /// All edges, by address.
    pub fn edges(&self) -> Vec<Edge> {
        let mut all: Vec<Edge> = self
            .inner
            .edge_references()
            .filter_map(|e| {
                Some(Edge {
                    from: self.inner.node_weight(e.source())?.clone(),
                    to: self.inner.node_weight(e.target())?.clone(),
                    reason: e.weight().clone(),
                })
            })
            .collect();
        all.sort();
        all
    }
    /// What an address needs, with the reasons, by address.
    pub fn needs(&self, address: &Address) -> Vec<(&Address, &str)> {
        self.neighbours(address, petgraph::Direction::Outgoing)
    }
    /// What needs an address, with the reasons, by address.
    pub fn needed_by(&self, address: &Address) -> Vec<(&Address, &str)> {
        self.neighbours(address, petgraph::Direction::Incoming)
    }
    fn neighbours(&self, address: &Address, direction: petgraph::Direction) -> Vec<(&Address, &str)> {
        let Some(at) = self.at.get(address) else { return Vec::new() };
        let mut all: Vec<_> = self
            .inner
            .edges_directed(*at, direction)
            .filter_map(|e| {
                let other = if direction == petgraph::Direction::Outgoing { e.target() } else { e.source() };
                Some((self.inner.node_weight(other)?, e.weight().as_str()))
            })
            .collect();
        all.sort();
        all
    }
}

/// Everything that the files declare, as things of a graph.
pub fn items(desired: &Desired) -> Vec<Item<'_>> {
    let mut all = Vec::new();
    for provider in &desired.providers {
        let address = Address::provider(&provider.id);
        for (facet, declared) in [("container", provider.container), ("files", provider.files)] {
            if declared {
                all.push(Item { address: address.facet(facet), resource: None });
            }
        }
        all.push(Item { address, resource: None });
    }
    let clusters = desired.clusters.iter().flat_map(|c| &c.resources);
    for declared in desired.classes.iter().chain(clusters) {
        all.push(Item { address: declared.address.clone(), resource: Some(&declared.resource) });
    }
    all
}

/// Kahn's algorithm with a sorted frontier, so that the order depends on names and needs only.
fn order(inner: &DiGraph<Address, String>) -> Vec<Address> {
    let mut missing: BTreeMap<NodeIndex, usize> =
        inner.node_indices().map(|n| (n, inner.edges(n).count())).collect();
    let mut ready: std::collections::BTreeSet<NodeIndex> =
        missing.iter().filter(|(_, n)| **n == 0).map(|(i, _)| *i).collect();
    let mut out = Vec::with_capacity(missing.len());
    while let Some(next) = ready.pop_first() {
        out.extend(inner.node_weight(next).cloned());
        for edge in inner.edges_directed(next, petgraph::Direction::Incoming) {
            if let Some(count) = missing.get_mut(&edge.source()) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.insert(edge.source());
                }
            }
        }
    }
    out
}

/// The first circle, by name, beginning at its first address.
fn circle(inner: &DiGraph<Address, String>) -> Cycle {
    let mut parts: Vec<Vec<NodeIndex>> = tarjan_scc(inner)
        .into_iter()
        .filter(|c| c.len() > 1 || c.iter().any(|n| inner.contains_edge(*n, *n)))
        .collect();
    for part in &mut parts {
        part.sort();
    }
    parts.sort();
    let members = parts.into_iter().next().unwrap_or_default();
    let Some(first) = members.first().copied() else { return Cycle(Vec::new()) };
    // A shortest way from the first member back to itself, inside the component.
    let mut came: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([first]);
    let mut way = vec![first];
    'search: while let Some(at) = queue.pop_front() {
        let mut next: Vec<NodeIndex> = inner.neighbors(at).filter(|n| members.contains(n)).collect();
        next.sort();
        for n in next {
            if n == first {
                let mut back = at;
                let mut tail = vec![first];
                while back != first {
                    tail.push(back);
                    let Some(previous) = came.get(&back) else { break };
                    back = *previous;
                }
                way.extend(tail.into_iter().rev());
                break 'search;
            }
            if let std::collections::btree_map::Entry::Vacant(slot) = came.entry(n) {
                slot.insert(at);
                queue.push_back(n);
            }
        }
    }
    Cycle(way.into_iter().filter_map(|n| inner.node_weight(n).cloned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Resource, ResourceId};

    fn set(cluster: &str, id: &str, class: &str) -> Resource {
        let mut r = Resource::new(ResourceId::default_ns("MachineSets", id));
        r.labels.insert("omni.sidero.dev/cluster".into(), cluster.into());
        let mut allocation = crate::value::Value::map();
        allocation.set("name", class.into());
        r.spec.set("machine_allocation", allocation);
        r
    }

    #[test]
    fn every_edge_has_its_reason_and_the_order_is_by_need() {
        let mut class = Resource::new(ResourceId::default_ns("MachineClasses", "matrix-worker"));
        let mut auto = crate::value::Value::map();
        auto.set("provider_id", "Proxmox".into());
        class.spec.set("auto_provision", auto);
        let cluster = Resource::new(ResourceId::default_ns("Clusters", "c"));
        let mut patch = Resource::new(ResourceId::default_ns("ConfigPatches", "200-cluster-c-x"));
        patch.labels.insert("omni.sidero.dev/cluster".into(), "c".into());
        let workers = set("c", "c-workers", "matrix-worker");
        let c = Address::cluster("c");
        let things = [
            Item { address: c.child("machineset", "workers"), resource: Some(&workers) },
            Item { address: c.child("patch", "200-cluster-c-x"), resource: Some(&patch) },
            Item { address: c.clone(), resource: Some(&cluster) },
            Item { address: Address::class("matrix-worker"), resource: Some(&class) },
            Item { address: Address::provider("Proxmox"), resource: None },
        ];
        let graph = Graph::of(&things).unwrap();
        let order: Vec<String> = graph.order().iter().map(ToString::to_string).collect();
        assert_eq!(
            order,
            [
                "provider/Proxmox",
                "class/matrix-worker",
                "cluster/c",
                "cluster/c/patch/200-cluster-c-x",
                "cluster/c/machineset/workers"
            ]
        );
        let why: Vec<&str> =
            graph.needs(&c.child("machineset", "workers")).into_iter().map(|(_, r)| r).collect();
        assert_eq!(
            why,
            [
                "workers draw machines from class matrix-worker",
                "needs the cluster",
                "patches first, so that machines get one rollout"
            ]
        );
        let mut reversed = things.to_vec();
        reversed.reverse();
        assert_eq!(Graph::of(&reversed).unwrap().edges(), graph.edges());
    }

    #[test]
    fn a_circle_is_named_in_its_order() {
        let a = |n: &str| Address::class(n);
        let edge = |f: &str, t: &str| Edge { from: a(f), to: a(t), reason: "x".into() };
        let err = Graph::from_edges([], vec![edge("c", "a"), edge("a", "b"), edge("b", "c"), edge("d", "a")])
            .unwrap_err();
        assert_eq!(
            err.to_string(),
            "these need each other in a circle: `class/a` needs `class/b` needs `class/c` needs `class/a`"
        );
    }
}
