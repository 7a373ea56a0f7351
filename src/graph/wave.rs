//! Waves: the order of kinds. Creations and updates go up, removals come after them and go down.

use crate::address::Address;

/// A wave. The order of the variants is the order of execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wave {
    /// Infrastructure providers.
    Providers,
    /// Machine classes.
    Classes,
    /// Clusters.
    Clusters,
    /// Extensions, patches, manifests, health checks, install disks.
    Configuration,
    /// Machine sets.
    MachineSets,
    /// Static machines and kernel arguments.
    Machines,
    /// Waiting for clusters that got machines before others go.
    Up,
    /// Machine sets, nodes and whole clusters that go; kernel arguments that are released.
    MachinesGone,
    /// Patches, extensions, manifests and health checks that go.
    ConfigurationGone,
    /// Classes that go, and entries of the record.
    ClassesGone,
    /// Waiting for clusters in their final form.
    Settled,
}

impl Wave {
    /// All waves in order.
    pub const ALL: [Self; 11] = [
        Self::Providers,
        Self::Classes,
        Self::Clusters,
        Self::Configuration,
        Self::MachineSets,
        Self::Machines,
        Self::Up,
        Self::MachinesGone,
        Self::ConfigurationGone,
        Self::ClassesGone,
        Self::Settled,
    ];
    /// The wave in which something of this address is made or changed.
    pub fn of(address: &Address) -> Self {
        match address.kind() {
            "provider" | "container" | "files" => Self::Providers,
            "class" => Self::Classes,
            "cluster" => Self::Clusters,
            "machineset" => Self::MachineSets,
            "node" | "kernelargs" => Self::Machines,
            _ => Self::Configuration,
        }
    }
    /// The wave in which something of this address is removed.
    pub fn of_removal(address: &Address) -> Self {
        match address.kind() {
            "cluster" | "machineset" | "node" | "kernelargs" => Self::MachinesGone,
            "class" | "provider" | "container" | "files" => Self::ClassesGone,
            _ => Self::ConfigurationGone,
        }
    }
    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Providers => "infrastructure providers",
            Self::Classes => "machine classes",
            Self::Clusters => "clusters",
            Self::Configuration => "extensions, patches, manifests",
            Self::MachineSets => "machine sets",
            Self::Machines => "machines",
            Self::Up => "clusters up, before anything goes",
            Self::MachinesGone => "machines that go",
            Self::ConfigurationGone => "configuration that goes",
            Self::ClassesGone => "classes and record entries that go",
            Self::Settled => "clusters up",
        }
    }
}
