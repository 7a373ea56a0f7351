//! A removal that a person asks for by address, without an edit of the files.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Desired, DesiredCluster, DesiredResource};
use crate::address::Address;
use crate::resource::Resource;

/// What is to go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Removal {
    /// The addresses that were named.
    pub roots: Vec<Address>,
    /// What the files declare of it: the named things, what lies below them, and what applies to nothing else.
    pub resources: Vec<DesiredResource>,
}

impl Removal {
    /// Whether an address is among what goes.
    pub fn covers(&self, address: &Address) -> bool {
        self.roots.iter().any(|root| root.contains(address))
            || self.resources.iter().any(|d| d.address == *address)
    }
}

impl Desired {
    /// The same files with everything below `roots` taken out, as if they did not declare it. With a machine set go its
    /// nodes, patches and extensions; with a machine its patches, extensions and kernel arguments.
    #[must_use]
    pub fn without(&self, roots: &[Address]) -> Self {
        let mut out = self.clone();
        let mut removal = Removal { roots: roots.to_vec(), resources: Vec::new() };
        let named = |d: &DesiredResource| roots.iter().any(|root| root.contains(&d.address));
        take(&mut out.classes, &mut removal.resources, &named);
        for DesiredCluster { resources, .. } in &mut out.clusters {
            let mut gone = Vec::new();
            take(resources, &mut gone, &named);
            let ids = |gone: &[DesiredResource], short: &str| -> BTreeSet<String> {
                let of = gone.iter().filter(|d| d.resource.id.short_kind() == short);
                of.map(|d| d.resource.id.id.clone()).collect()
            };
            let sets = ids(&gone, "MachineSets");
            let of_set = |r: &Resource| r.omni_label("machine-set").is_some_and(|s| sets.contains(s));
            take(resources, &mut gone, &|d| of_set(&d.resource));
            let machines = ids(&gone, "MachineSetNodes");
            let of_machine = |r: &Resource| {
                let kernel_args = r.id.short_kind() == "KernelArgs" && machines.contains(&r.id.id);
                kernel_args || r.omni_label("cluster-machine").is_some_and(|m| machines.contains(m))
            };
            take(resources, &mut gone, &|d| of_machine(&d.resource));
            removal.resources.extend(gone);
        }
        out.removal = Some(removal);
        out
    }
}

/// Moves what `goes` from one list to another, in order.
fn take(
    from: &mut Vec<DesiredResource>,
    to: &mut Vec<DesiredResource>,
    goes: &dyn Fn(&DesiredResource) -> bool,
) {
    let (gone, kept) = std::mem::take(from).into_iter().partition(|d| goes(d));
    *from = kept;
    to.extend::<Vec<_>>(gone);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ResourceId;

    fn declared(kind: &str, address: &str, id: &str, labels: &[(&str, &str)]) -> DesiredResource {
        let mut resource = Resource::new(ResourceId::default_ns(kind, id));
        resource.labels =
            labels.iter().map(|(k, v)| (format!("omni.sidero.dev/{k}"), (*v).to_owned())).collect();
        DesiredResource { address: address.parse().unwrap(), resource, source: None }
    }

    #[test]
    fn with_a_machine_set_goes_what_applies_to_nothing_else() {
        let resources = vec![
            declared("Clusters", "cluster/c", "c", &[]),
            declared("ConfigPatches", "cluster/c/patch/a", "a", &[("cluster", "c")]),
            declared("MachineSets", "cluster/c/machineset/workers", "c-workers", &[("cluster", "c")]),
            declared("MachineSetNodes", "cluster/c/node/m", "m", &[("machine-set", "c-workers")]),
            declared("KernelArgs", "cluster/c/kernelargs/m", "m", &[]),
            declared("KernelArgs", "cluster/c/kernelargs/n", "n", &[]),
            declared("ConfigPatches", "cluster/c/patch/b", "b", &[("machine-set", "c-workers")]),
            declared("ConfigPatches", "cluster/c/patch/d", "d", &[("cluster-machine", "m")]),
        ];
        let desired = Desired {
            clusters: vec![DesiredCluster { name: "c".into(), resources, ..DesiredCluster::default() }],
            ..Desired::default()
        };
        let after = desired.without(&["cluster/c/machineset/workers".parse().unwrap()]);
        let left: Vec<String> = after.clusters[0].resources.iter().map(|d| d.address.to_string()).collect();
        assert_eq!(left, ["cluster/c", "cluster/c/patch/a", "cluster/c/kernelargs/n"]);
        let removal = after.removal.unwrap();
        assert!(removal.covers(&"cluster/c/patch/d".parse().unwrap()));
        assert!(!removal.covers(&"cluster/c/patch/a".parse().unwrap()));
        let all = desired.without(&[Address::cluster("c")]);
        assert!(all.clusters[0].resources.is_empty() && all.removal.unwrap().resources.len() == 8);
    }
}
