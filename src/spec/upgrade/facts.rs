//! All that is known about a deployment.

use super::fact::Fact;
use super::listing::ListedPath;

/// How a server's certificate is to be believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trusting {
    /// The server was not asked, or not without doubt: the line stands there as a comment, to be filled in.
    #[default]
    Open,
    /// The roots of the system believe it.
    System,
    /// The operator compared these fingerprints.
    Pins(Vec<Fact>),
}

/// A Proxmox cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxmoxFacts {
    /// What the spec calls it, and why so.
    pub name: Option<Fact>,
    /// Origins.
    pub endpoints: Vec<Fact>,
    /// Names of nodes, as Proxmox or the provider's data write them.
    pub nodes: Vec<Fact>,
    /// Names that people write for nodes; they may be spelt otherwise.
    pub spoken_nodes: Vec<Fact>,
    /// Resolvers of the nodes.
    pub dns: Vec<Fact>,
    /// What is said about resolvers without an address.
    pub spoken_dns: Vec<Fact>,
    /// How it is believed.
    pub trust: Trusting,
}

/// An infrastructure provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFacts {
    /// Its id.
    pub id: Fact,
    /// Whether it is known to be one for Proxmox.
    pub proxmox: bool,
}

/// The provider's container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerFacts {
    /// Id in Proxmox.
    pub vmid: Option<Fact<u32>>,
    /// Node.
    pub node: Option<Fact>,
    /// Host name.
    pub hostname: Option<Fact>,
    /// Address with prefix length.
    pub address: Option<Fact>,
    /// Gateway.
    pub gateway: Option<Fact>,
    /// Cores.
    pub cores: Option<Fact<u32>>,
    /// Memory, MiB.
    pub memory_mb: Option<Fact<u32>>,
    /// Disk, GiB.
    pub disk_gb: Option<Fact<u32>>,
    /// Bridge.
    pub bridge: Option<Fact>,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Omni's origin.
    pub omni_endpoint: Vec<Fact>,
    /// For which Omni templates are read: `1.9`, `1.10`, `newest`.
    pub omni_version: Option<Fact>,
    /// How Omni is believed; only a certificate that the system refuses needs words.
    pub omni_trust: Trusting,
    /// Whether Omni was asked and its certificate refused.
    pub omni_refused: bool,
    /// What machines must resolve the endpoint to.
    pub lan_address: Vec<Fact>,
    /// Proxmox clusters.
    pub proxmox: Vec<ProxmoxFacts>,
    /// Providers that classes name, or that Omni has.
    pub providers: Vec<ProviderFacts>,
    /// Other ids that the provider's own files and the narrative name.
    pub spoken_providers: Vec<Fact>,
    /// Containers of the provider; more than one is a question.
    pub containers: Vec<ContainerFacts>,
    /// Folder with `compose.yml` and `config.yaml`.
    pub compose: Option<Fact>,
    /// Why a folder that looks like one cannot be named.
    pub compose_refused: Option<Fact>,
    /// Where those files are in the container.
    pub app_directory: Vec<Fact>,
    /// Paths of classes.
    pub machine_classes: Vec<ListedPath>,
    /// Paths of templates.
    pub clusters: Vec<ListedPath>,
    /// Whether what is missing is filled with names of the lab's world: placeholders are then of no consequence.
    pub rehearsal: Option<String>,
}

impl Facts {
    /// Adds providers and nodes that classes name, where they are not known yet.
    pub fn add_from_files(&mut self, files: &Facts) {
        for provider in &files.providers {
            if !self.providers.iter().any(|p| p.id.value == provider.id.value) {
                self.providers.push(provider.clone());
            }
        }
        let nodes = files.proxmox.first().map_or(&[][..], |c| c.nodes.as_slice());
        self.on_cluster(|cluster| {
            for node in nodes {
                if !cluster.nodes.iter().any(|n| n.value == node.value) {
                    cluster.nodes.push(node.clone());
                }
            }
        });
    }

    /// Adds to the first Proxmox cluster; it is made if there is none yet.
    pub(super) fn on_cluster(&mut self, act: impl FnOnce(&mut ProxmoxFacts)) {
        if let Some(first) = self.proxmox.first_mut() {
            return act(first);
        }
        let mut cluster = ProxmoxFacts::default();
        act(&mut cluster);
        if cluster != ProxmoxFacts::default() {
            self.proxmox.push(cluster);
        }
    }
}
