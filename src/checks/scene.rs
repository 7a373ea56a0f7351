//! What the rules look at: one look at both back ends, and what the files ask for.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::graph::Desired;
use crate::graph::edges::class_of_set;
use crate::live::{ProxmoxSnapshot, Published, Snapshot};
use crate::provider::{self, Generation};
use crate::resource::Resource;
use crate::value::Value;

/// A machine class that makes machines: declared, or live where no file declares it and a set uses it.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassView {
    /// Id.
    pub id: String,
    /// Whether the files declare it.
    pub declared: bool,
    /// Provider that makes its machines.
    pub provider: String,
    /// Proxmox cluster of that provider, by its name in the spec.
    pub proxmox: Option<String>,
    /// Provider data; nothing where it cannot be read as a mapping.
    pub data: Option<Value>,
    /// Provider data as it is written.
    pub raw: String,
}

impl ClassView {
    /// A text of the provider data; nothing if it is empty.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.data.as_ref()?.get(key).and_then(Value::as_str).filter(|t| !t.is_empty())
    }
    /// A whole number of the provider data that is not negative.
    pub fn number(&self, key: &str) -> Option<u64> {
        u64::try_from(self.data.as_ref()?.get(key)?.as_int()?).ok()
    }
    /// Node that it names (`node:`).
    pub fn pinned(&self) -> Option<&str> {
        self.text("node")
    }
}

/// A declared machine set that draws from a class.
#[derive(Clone, Debug, PartialEq)]
pub struct SetView {
    /// Cluster.
    pub cluster: String,
    /// Resource id (`talos-prod-01-control-planes`).
    pub id: String,
    /// Address.
    pub address: Address,
    /// Class.
    pub class: String,
    /// Whether its machines are control planes.
    pub control_plane: bool,
    /// How many machines the files ask for; `None`: as many as the class has.
    pub count: Option<u32>,
}

/// Inputs with indexes.
pub struct Scene<'a> {
    /// What one look saw.
    pub snapshot: &'a Snapshot,
    /// What the files ask for.
    pub desired: &'a Desired,
    /// The moment of the look, in seconds since 1970.
    pub now: u64,
    /// Classes by id.
    pub classes: BTreeMap<String, ClassView>,
    /// Declared sets with a class, by address.
    pub sets: Vec<SetView>,
    /// What providers tell Omni of themselves, by id.
    pub providers: BTreeMap<&'a str, Published>,
}

impl<'a> Scene<'a> {
    /// A scene. `now` in seconds since 1970.
    pub fn new(snapshot: &'a Snapshot, desired: &'a Desired, now: u64) -> Self {
        let mut classes = BTreeMap::new();
        let live = snapshot.omni.list("MachineClasses").iter().map(|l| (&l.resource, false));
        for (resource, declared) in live.chain(desired.classes.iter().map(|d| (&d.resource, true))) {
            if let Some(view) = class_view(resource, declared, desired) {
                classes.insert(view.id.clone(), view);
            }
        }
        let sets = desired.clusters.iter().flat_map(|cluster| {
            let sets = cluster.resources.iter().filter(|d| d.resource.id.short_kind() == "MachineSets");
            sets.filter_map(|d| {
                Some(SetView {
                    cluster: cluster.name.clone(),
                    id: d.resource.id.id.clone(),
                    address: d.address.clone(),
                    class: class_of_set(&d.resource)?.to_owned(),
                    control_plane: d.resource.omni_label("role-controlplane").is_some(),
                    count: count_of(&d.resource),
                })
            })
        });
        let providers = snapshot.omni.published();
        Self { snapshot, desired, now, sets: sets.collect(), classes, providers }
    }

    /// Release line of a provider; nothing where it told Omni nothing of itself.
    pub fn generation(&self, provider: &str) -> Option<Generation> {
        self.providers.get(provider).map(Published::generation)
    }

    /// The Proxmox cluster of a class, if it was looked at.
    pub fn proxmox_of(&self, class: &ClassView) -> Option<(&str, &'a ProxmoxSnapshot)> {
        let (name, seen) = self.snapshot.proxmox.get_key_value(class.proxmox.as_deref()?)?;
        Some((name, seen))
    }

    /// Classes whose machines are made in a Proxmox cluster.
    pub fn classes_on<'s>(&'s self, proxmox: &'s str) -> impl Iterator<Item = &'s ClassView> {
        self.classes.values().filter(move |class| class.proxmox.as_deref() == Some(proxmox))
    }

    /// Address of a Proxmox cluster.
    pub fn cluster_address(proxmox: &str) -> Address {
        Address::new("proxmox", proxmox)
    }
    /// Address of a Proxmox node.
    pub fn node_address(proxmox: &str, node: &str) -> Address {
        Self::cluster_address(proxmox).child("node", node)
    }
}

/// Machines that a set with a class asks for; `None` where it takes all that there are.
pub fn count_of(set: &Resource) -> Option<u32> {
    let fields = ["machine_class", "machine_allocation"].into_iter().filter_map(|f| set.spec.get(f));
    let field = fields.into_iter().find(|f| f.get("name").is_some())?;
    let number = |key| field.get(key).and_then(Value::as_int).unwrap_or(0);
    (number("allocation_type") == 0).then(|| u32::try_from(number("machine_count")).unwrap_or(u32::MAX))
}

fn class_view(resource: &Resource, declared: bool, desired: &Desired) -> Option<ClassView> {
    let auto = resource.spec.get("auto_provision")?;
    let provider = auto.get("provider_id")?.as_str()?.to_owned();
    let text = auto.get("provider_data").and_then(Value::as_str).unwrap_or_default();
    Some(ClassView {
        id: resource.id.id.clone(),
        declared,
        proxmox: desired.providers.iter().find(|p| p.id == provider).and_then(|p| p.proxmox.clone()),
        provider,
        data: provider::typed(text),
        raw: text.to_owned(),
    })
}
