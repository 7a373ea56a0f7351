//! What could not be read: everything that needs it is left out of the plan, and nothing is destroyed because of it.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Lines for people, one per type that is needed and was not read.
    pub(super) fn lines(&self, scene: &Scene<'_>, removals: &BTreeSet<Address>) -> Vec<String> {
        let mut out = Vec::new();
        for (short, reason) in &self.types {
            let own: Vec<&Address> = scene
                .desired
                .iter()
                .filter(|(_, d)| d.resource.id.short_kind() == *short)
                .map(|(a, _)| *a)
                .collect();
            let recorded =
                removals.iter().any(|a| crate::kinds::by_type(short).is_some_and(|k| k.address == a.kind()));
            if own.is_empty() && !recorded && !(*short == "MachineSets" || *short == "MachineSetNodes") {
                continue;
            }
            out.push(format!("`{short}` could not be read ({reason})"));
        }
        let extra: Vec<String> = self.skipped.iter().chain(removals).map(|a| format!("`{a}`")).collect();
        if !extra.is_empty() {
            let shown = extra.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            let more = extra.len().saturating_sub(5);
            out.push(if more > 0 {
                format!("not planned: {shown} and {more} more")
            } else {
                format!("not planned: {shown}")
            });
        }
        out
    }
}
