//! One rule per file: who needs whom, and why. A rule looks at one declared thing and names what it needs.

mod class_needs_provider;
mod configuration_before_machines;
mod install_disk_before_node;
mod kernel_args_follow_node;
mod needs_cluster;
mod node_needs_set;
mod set_draws_from_class;

use std::collections::BTreeMap;

use crate::address::Address;
use crate::resource::{Resource, ResourceId};

/// A thing of the graph: its address and, where it is an Omni resource, its content.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// Address.
    pub address: Address,
    /// Content; `None` for providers and their facets.
    pub resource: Option<&'a Resource>,
}

/// What a patch or extensions apply to within their cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target<'a> {
    /// All of it.
    Cluster,
    /// A machine set, by the id of its resource.
    Set(&'a str),
    /// A machine.
    Machine(&'a str),
}

/// Types of resources that configure machines.
pub const CONFIGURATIONS: [&str; 2] = ["ConfigPatches", "ExtensionsConfigurations"];

/// All things of one graph, by address, by Omni identity and by what they configure.
#[derive(Debug)]
pub struct Index<'a> {
    items: BTreeMap<Address, Option<&'a Resource>>,
    by_id: BTreeMap<&'a ResourceId, Address>,
    /// By short type, cluster and target: a set or a machine must not look at all that others have.
    configurations: BTreeMap<(&'a str, &'a str, Target<'a>), Vec<Address>>,
}

impl<'a> Index<'a> {
    /// Indexes things; of two with one address the last counts.
    pub fn new(items: &[Item<'a>]) -> Self {
        let by_address: BTreeMap<Address, Option<&'a Resource>> =
            items.iter().map(|i| (i.address.clone(), i.resource)).collect();
        let mut configurations: BTreeMap<_, Vec<Address>> = BTreeMap::new();
        for (address, resource) in by_address.iter().filter_map(|(a, r)| Some((a, (*r)?))) {
            let kind = resource.id.short_kind();
            let Some(cluster) = resource.omni_label("cluster").filter(|_| CONFIGURATIONS.contains(&kind))
            else {
                continue;
            };
            let target = match (resource.omni_label("machine-set"), resource.omni_label("cluster-machine")) {
                (_, Some(machine)) => Target::Machine(machine),
                (Some(set), None) => Target::Set(set),
                (None, None) => Target::Cluster,
            };
            configurations.entry((kind, cluster, target)).or_default().push(address.clone());
        }
        Self {
            by_id: items.iter().filter_map(|i| Some((&i.resource?.id, i.address.clone()))).collect(),
            items: by_address,
            configurations,
        }
    }
    /// The address of an Omni resource of a short type and id.
    pub fn resource(&self, short: &str, id: &str) -> Option<&Address> {
        self.by_id.get(&ResourceId::default_ns(short, id))
    }
    /// Whether something has this address.
    pub fn has(&self, address: &Address) -> bool {
        self.items.contains_key(address)
    }
    /// The configurations of a short type ([`CONFIGURATIONS`]) for exactly this target, in the order of their addresses.
    pub fn configuring<'s>(&'s self, short: &'s str, cluster: &'s str, target: Target<'s>) -> &'s [Address] {
        self.configurations.get(&(short, cluster, target)).map_or(&[], Vec::as_slice)
    }
    /// All addresses.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.items.keys()
    }
}

/// What one thing needs, with the reason for each.
pub type Needs = Vec<(Address, String)>;

/// All needs of one thing, by every rule.
pub fn needs(item: &Item<'_>, index: &Index<'_>) -> Needs {
    let mut all = Needs::new();
    if let Some(parent) = item.address.parent().filter(|p| item.resource.is_none() && index.has(p)) {
        all.push((
            parent,
            format!(
                "is a part of provider {}",
                item.address.parent().map_or_else(String::new, |p| p.name().to_owned())
            ),
        ));
    }
    if let Some(resource) = item.resource {
        class_needs_provider::rule(resource, index, &mut all);
        set_draws_from_class::rule(&item.address, resource, index, &mut all);
        needs_cluster::rule(&item.address, resource, index, &mut all);
        configuration_before_machines::rule(resource, index, &mut all);
        install_disk_before_node::rule(resource, index, &mut all);
        node_needs_set::rule(resource, index, &mut all);
        kernel_args_follow_node::rule(resource, index, &mut all);
    }
    all
}

/// The class that a machine set draws its machines from (`machine_allocation`, or the deprecated `machine_class`, which
/// wins when both are set, as on the server).
pub fn class_of_set(set: &Resource) -> Option<&str> {
    ["machine_class", "machine_allocation"]
        .iter()
        .find_map(|field| set.spec.at(&[field, "name"])?.as_str())
        .filter(|name| !name.is_empty())
}
