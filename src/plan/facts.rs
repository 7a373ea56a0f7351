//! What a template asks for, in numbers: machines by set, versions, whether a CNI comes with it.

use std::collections::BTreeMap;

use crate::diff::leaves_no_cni;
use crate::graph::DesiredCluster;
use crate::graph::edges::class_of_set;
use crate::resource::Resource;

/// How many machines a machine set asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// So many.
    Count(u32),
    /// Every machine that matches the class.
    Unlimited,
}

/// One machine set as a template asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetFacts {
    /// Name in the address (`control-planes`, `workers`).
    pub name: String,
    /// Whether its machines are control planes.
    pub control_plane: bool,
    /// The class, if it draws from one.
    pub class: Option<String>,
    /// How many machines.
    pub wanted: Wanted,
}

/// One cluster as a template asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterFacts {
    /// Kubernetes version without `v`.
    pub kubernetes: String,
    /// Talos version without `v`.
    pub talos: String,
    /// Machine sets by id.
    pub sets: BTreeMap<String, SetFacts>,
    /// Whether the patches leave a CNI; without one, nodes stay NotReady until somebody installs it.
    pub cni: bool,
}

/// How many machines a machine set resource asks for by its class; `None` for a set of static machines.
pub fn allocation(set: &Resource) -> Option<Wanted> {
    class_of_set(set)?;
    let field = if set.spec.at(&["machine_class", "name"]).is_some() {
        "machine_class"
    } else {
        "machine_allocation"
    };
    let number = |key| set.spec.at(&[field, key]).and_then(crate::value::Value::as_int).unwrap_or(0);
    Some(match number("allocation_type") {
        0 => Wanted::Count(u32::try_from(number("machine_count")).unwrap_or(u32::MAX)),
        _ => Wanted::Unlimited,
    })
}

/// The facts of one template.
pub fn facts(cluster: &DesiredCluster) -> ClusterFacts {
    let mut facts = ClusterFacts { cni: true, ..ClusterFacts::default() };
    let of_kind =
        |short: &'static str| cluster.resources.iter().filter(move |d| d.resource.id.short_kind() == short);
    for declared in of_kind("Clusters") {
        let text = |key: &str| {
            declared.resource.spec.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned()
        };
        facts.kubernetes = text("kubernetes_version");
        facts.talos = text("talos_version");
    }
    for declared in of_kind("MachineSets") {
        let set = &declared.resource;
        let nodes = of_kind("MachineSetNodes")
            .filter(|n| n.resource.omni_label("machine-set") == Some(set.id.id.as_str()))
            .count();
        facts.sets.insert(
            set.id.id.clone(),
            SetFacts {
                name: declared.address.name().to_owned(),
                control_plane: set.omni_label("role-controlplane").is_some(),
                class: class_of_set(set).map(str::to_owned),
                wanted: allocation(set).unwrap_or(Wanted::Count(u32::try_from(nodes).unwrap_or(u32::MAX))),
            },
        );
    }
    // Patches of the whole cluster in the order of application; the CNI is a property of the control planes, so their
    // set's patches count too and come later.
    let mut patches: Vec<&Resource> = of_kind("ConfigPatches")
        .map(|d| &d.resource)
        .filter(|p| {
            p.omni_label("cluster-machine").is_none() && !p.labels.contains_key("omni.sidero.dev/disabled")
        })
        .filter(|p| {
            p.omni_label("machine-set").is_none_or(|s| facts.sets.get(s).is_some_and(|f| f.control_plane))
        })
        .collect();
    patches.sort_by_key(|p| (p.omni_label("machine-set").is_some(), p.id.id.clone()));
    for patch in patches {
        if let Some(none) = patch.spec.get("data").and_then(|v| v.as_str()).and_then(leaves_no_cni) {
            facts.cni = !none;
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::graph::DesiredResource;
    use crate::resource::ResourceId;
    use crate::value::Value;

    const CLUSTER: &str = "omni.sidero.dev/cluster";
    const SET: &str = "omni.sidero.dev/machine-set";
    const NONE: &str = "cluster: {network: {cni: {name: none}}}";
    const DELETED: &str = "cluster: {network: {cni: {$patch: delete}}}";

    fn declared(kind: &str, id: &str, labels: &[(&str, &str)], spec: &[(&str, &str)]) -> DesiredResource {
        let mut resource = Resource::new(ResourceId::default_ns(kind, id));
        resource.labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        resource.spec = Value::Map(spec.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v))).collect());
        DesiredResource { address: Address::cluster("c").child("x", id), resource, source: None }
    }

    /// Whether a CNI comes with patches: id, labels beyond the cluster's, text.
    fn cni(patches: &[(&str, &[(&str, &str)], &str)]) -> bool {
        let mut resources = vec![
            declared("Clusters", "c", &[], &[]),
            declared(
                "MachineSets",
                "c-control-planes",
                &[(CLUSTER, "c"), ("omni.sidero.dev/role-controlplane", "")],
                &[],
            ),
            declared("MachineSets", "c-workers", &[(CLUSTER, "c"), ("omni.sidero.dev/role-worker", "")], &[]),
        ];
        for (id, labels, data) in patches {
            let labels: Vec<_> = [(CLUSTER, "c")].into_iter().chain(labels.iter().copied()).collect();
            resources.push(declared("ConfigPatches", id, &labels, &[("data", data)]));
        }
        facts(&DesiredCluster { name: "c".into(), resources, ..DesiredCluster::default() }).cni
    }

    #[test]
    fn the_last_patch_that_speaks_of_the_cni_decides() {
        assert!(cni(&[]), "Talos brings its own");
        assert!(!cni(&[("400-a", &[], NONE)]));
        assert!(!cni(&[("400-a", &[], NONE), ("401-b", &[], "cluster: {proxy: {disabled: true}}")]));
        assert!(cni(&[("400-a", &[], NONE), ("401-b", &[], DELETED)]));
        assert!(!cni(&[("401-b", &[], NONE), ("400-a", &[], DELETED)]), "order of ids, not of the file");
        assert!(cni(&[("400-a", &[("omni.sidero.dev/disabled", "")], NONE)]));
    }

    #[test]
    fn patches_of_the_control_planes_come_after_those_of_the_cluster() {
        let planes: &[_] = &[(SET, "c-control-planes")];
        assert!(!cni(&[("400-a", planes, NONE)]));
        assert!(cni(&[("500-z", &[], NONE), ("400-a", planes, DELETED)]));
        assert!(!cni(&[("500-z", &[], DELETED), ("400-a", planes, NONE)]));
        // The manifests of the CNI come from the control planes alone.
        let workers: &[_] = &[(SET, "c-workers")];
        assert!(cni(&[("400-a", workers, NONE)]));
        assert!(!cni(&[("400-a", &[], NONE), ("400-b", workers, DELETED)]));
    }
}
