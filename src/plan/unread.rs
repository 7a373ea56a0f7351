//! What could not be read: everything that needs it is left out of the plan, and nothing is destroyed because of it.

use std::collections::{BTreeMap, BTreeSet};

use super::UnknownSubtree;
use super::scene::{MEMBER_TYPES, Readable, Scene};
use crate::address::Address;
use crate::graph::Graph;
use crate::kinds::written;

/// Types and addresses that the plan cannot speak about.
#[derive(Default)]
pub(super) struct Unread {
    /// Short types with the reason.
    types: BTreeMap<&'static str, String>,
    /// Declared addresses that are skipped.
    skipped: BTreeSet<Address>,
}

impl Unread {
    pub(super) fn find(scene: &Scene<'_>, graph: &Graph) -> Self {
        let mut out = Self::default();
        for short in written().map(|kind| kind.short) {
            if let Readable::No(reason) = scene.readable(short) {
                out.types.insert(short, reason);
            }
        }
        for (address, declared) in &scene.desired {
            if out.types.contains_key(declared.resource.id.short_kind()) {
                out.skipped.insert((*address).clone());
            }
        }
        // What needs something unknown is unknown itself; the graph's order visits needs first.
        for address in graph.order() {
            if graph.needs(address).iter().any(|(need, _)| out.skipped.contains(*need)) {
                out.skipped.insert(address.clone());
            }
        }
        out
    }
    /// Whether a declared address is left out.
    pub(super) fn skips(&self, address: &Address) -> bool {
        self.skipped.contains(address)
    }
    /// Whether a removal could be wrong or incomplete: its own type, or what it takes along, was not read.
    pub(super) fn hides_removal(&self, address: &Address) -> bool {
        let needed: &[&str] = match address.kind() {
            "class" => &["MachineClasses", "MachineSets"],
            "cluster" => &["Clusters", "MachineSets", "MachineSetNodes", "KernelArgs"],
            "machineset" => &["MachineSets", "MachineSetNodes", "Clusters"],
            "node" => &["MachineSetNodes", "MachineSets", "Clusters"],
            "patch" => &["ConfigPatches", "Clusters"],
            "extensions" => &["ExtensionsConfigurations", "Clusters"],
            "kernelargs" => &["KernelArgs", "Clusters"],
            "installdisk" => &["MachineInstallDiskConfigs", "Clusters"],
            "manifest" => &["KubernetesManifestGroups", "Clusters"],
            "healthcheck" => &["KubernetesHealthChecks", "Clusters"],
            _ => &[],
        };
        needed.iter().any(|t| self.types.contains_key(t))
    }
    /// Whether any of a cluster's members could be hidden.
    pub(super) fn hides_members(&self) -> bool {
        MEMBER_TYPES.iter().any(|t| self.types.contains_key(t))
    }
    /// What is not known, given the removals that are not planned; of a partial plan only what concerns it.
    pub(super) fn gaps(&self, scene: &Scene<'_>, graph: &Graph, removals: &BTreeSet<Address>) -> Gaps {
        let left = self.left_out(scene, graph);
        let taken = |a: &&Address| !left.contains(*a) && scene.takes(a);
        let skipped: BTreeSet<&Address> =
            self.skipped.iter().filter(|a| self.taken(scene, graph, &left, a)).collect();
        let removals: BTreeSet<&Address> = removals.iter().filter(taken).collect();
        let mut out = Gaps::default();
        for (short, reason) in &self.types {
            let line = format!("`{short}` could not be read ({reason})");
            let of_type =
                |a: &Address| scene.desired.get(a).is_some_and(|d| d.resource.id.short_kind() == *short);
            let own = skipped.iter().any(|a| of_type(a));
            let recorded =
                removals.iter().any(|a| crate::kinds::by_type(short).is_some_and(|k| k.address == a.kind()));
            let sets = matches!(*short, "MachineSets" | "MachineSetNodes");
            let concerned = skipped.iter().chain(&removals).next().is_some() || scene.selection().is_none();
            if own || recorded || (sets && concerned) {
                out.lines.push(line);
            }
        }
        let reasons = out.lines.clone();
        let extra: Vec<String> = skipped.iter().chain(&removals).map(|a| format!("`{a}`")).collect();
        if !extra.is_empty() {
            let shown = extra.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            let more = extra.len().saturating_sub(5);
            out.lines.push(if more > 0 {
                format!("not planned: {shown} and {more} more")
            } else {
                format!("not planned: {shown}")
            });
        }
        for address in skipped.iter().chain(&removals) {
            out.add(&subtree(address), &reasons.join("; "), 1);
        }
        out
    }

    /// Declared things that are skipped and concern a partial plan: chosen, or needed by something chosen.
    fn taken(&self, scene: &Scene<'_>, graph: &Graph, left: &BTreeSet<Address>, address: &Address) -> bool {
        if left.contains(address) {
            return false;
        }
        let Some(selection) = scene.selection() else { return true };
        // What needs a skipped thing is skipped too, so that looking one step up is enough to be told of the chosen one.
        selection.targets(address)
            || graph.needed_by(address).iter().any(|(a, _)| selection.targets(a) && !left.contains(*a))
    }

    /// Skipped things that are excluded, or that need something excluded of which nobody knows whether it is there.
    fn left_out(&self, scene: &Scene<'_>, graph: &Graph) -> BTreeSet<Address> {
        let mut out = BTreeSet::new();
        let Some(selection) = scene.selection() else { return out };
        for address in graph.order().iter().filter(|a| self.skipped.contains(*a)) {
            if selection.excludes(address) || graph.needs(address).iter().any(|(need, _)| out.contains(*need))
            {
                out.insert(address.clone());
            }
        }
        out.extend(self.skipped.iter().filter(|a| selection.excludes(a)).cloned());
        out
    }
}

/// What a plan does not know, as lines and by subtree.
#[derive(Default)]
pub(super) struct Gaps {
    pub(super) lines: Vec<String>,
    pub(super) subtrees: BTreeMap<Address, UnknownSubtree>,
}

impl Gaps {
    /// Something below `root` is not known.
    pub(super) fn add(&mut self, root: &Address, reason: &str, not_planned: u32) {
        let at = self.subtrees.entry(root.clone()).or_insert_with(|| UnknownSubtree {
            address: root.clone(),
            reason: String::new(),
            not_planned: 0,
        });
        if !at.reason.contains(reason) {
            at.reason.push_str(if at.reason.is_empty() { "" } else { "; " });
            at.reason.push_str(reason);
        }
        at.not_planned = at.not_planned.saturating_add(not_planned);
    }
}

/// The cluster, class or provider that something belongs to.
pub(super) fn subtree(address: &Address) -> Address {
    let mut at = address.clone();
    while let Some(parent) = at.parent() {
        at = parent;
    }
    at
}
