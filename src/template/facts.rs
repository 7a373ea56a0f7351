//! What a plan needs to know about a cluster beyond its resources.

use super::load::Loaded;
use super::model::{ClassRef, MachineSet, Patch, Role, Size};
use super::patch;
use super::resources::cluster::stored_version;
use super::resources::patch_id;
use crate::address::Address;
use crate::diag::{SourceId, Sources, Span};
use crate::yaml::Node;

/// What a plan needs to know about a cluster beyond its resources.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterFacts {
    /// Name.
    pub name: String,
    /// `cluster/NAME`.
    pub address: Address,
    /// Where the Cluster document stands.
    pub source: SourceId,
    /// The Cluster document.
    pub span: Span,
    /// Kubernetes version without `v`.
    pub kubernetes_version: String,
    /// Talos version without `v`.
    pub talos_version: String,
    /// Machine sets in file order.
    pub sets: Vec<SetFacts>,
    /// Whether nodes get a network by themselves.
    pub cni: Cni,
    /// Extensions of the whole cluster, if the template says.
    pub extensions: Option<Vec<String>>,
}

/// One machine set.
#[derive(Clone, Debug, PartialEq)]
pub struct SetFacts {
    /// `cluster/NAME/machineset/…`.
    pub address: Address,
    /// Resource id.
    pub id: String,
    /// Control plane or workers.
    pub role: Role,
    /// Where its machines come from.
    pub machines: Machines,
    /// Extensions of its machines: its own, else the cluster's; Machine documents may say otherwise.
    pub extensions: Option<Vec<String>>,
}

/// Where the machines of a set come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Machines {
    /// From a class.
    Class {
        /// Id of the class.
        id: String,
        /// How many; `None` for all that fit.
        count: Option<u32>,
        /// Where the class is named.
        span: Span,
    },
    /// These machines.
    Static(Vec<String>),
}

impl Machines {
    /// How many machines the set wants; `None` for all that fit.
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Class { count, .. } => count.map(|n| n as usize),
            Self::Static(ids) => Some(ids.len()),
        }
    }
}

/// Whether nodes become ready without further installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cni {
    /// Talos installs one (its default, or one that the patches name).
    Installed,
    /// A patch says `cluster.network.cni.name: none`: nodes stay NotReady until somebody installs one.
    None,
}

/// The facts about the cluster of a template; `None` if it has no Cluster document.
pub fn cluster_facts(loaded: &Loaded, sources: &Sources) -> Option<ClusterFacts> {
    let template = &loaded.template;
    let cluster = template.clusters().next()?;
    let name = cluster.name.value.clone();
    let address = Address::cluster(&name);
    let extensions = cluster.extensions.as_ref().map(|l| l.value.clone());
    let sets =
        template.machine_sets().map(|set| set_facts(set, &name, &address, extensions.as_ref())).collect();
    Some(ClusterFacts {
        cni: cni(loaded, sources, &name),
        source: template.source,
        span: cluster.span,
        kubernetes_version: stored_version(&cluster.kubernetes.value).to_owned(),
        talos_version: stored_version(&cluster.talos.value).to_owned(),
        sets,
        extensions,
        address,
        name,
    })
}

fn set_facts(
    set: &MachineSet,
    cluster: &str,
    address: &Address,
    cluster_extensions: Option<&Vec<String>>,
) -> SetFacts {
    let machines = match &set.class {
        Some(ClassRef { name, size }) => Machines::Class {
            id: name.value.clone(),
            count: match size.value {
                Size::Count(n) => Some(n),
                Size::Unlimited => None,
            },
            span: name.span,
        },
        None => Machines::Static(set.machines.iter().map(|m| m.value.clone()).collect()),
    };
    SetFacts {
        address: address.child("machineset", set.short_id()),
        id: set.id(cluster),
        role: set.role,
        machines,
        extensions: set.extensions.as_ref().map(|l| &l.value).or(cluster_extensions).cloned(),
    }
}

/// The last patch that says something about the network plugin of control planes decides: Omni merges the cluster's patches
/// first, then the set's, each by id.
fn cni(loaded: &Loaded, sources: &Sources, cluster: &str) -> Cni {
    let template = &loaded.template;
    let mut found = Cni::Installed;
    let cluster_patches =
        template.clusters().map(|c| by_id(&c.patches, patch_id::CLUSTER, &format!("cluster-{cluster}")));
    let set_patches = template
        .machine_sets()
        .filter(|s| s.role == Role::ControlPlane)
        .map(|s| by_id(&s.patches, patch_id::BELOW, &s.id(cluster)));
    for patch in cluster_patches.chain(set_patches).flatten() {
        let parts = patch::documents(patch, template.source, sources, &loaded.contents).unwrap_or_default();
        for root in parts.iter().filter_map(|part| part.root.as_ref()) {
            if let Some(said) = said(root) {
                found = said;
            }
        }
    }
    found
}

fn by_id<'a>(patches: &'a [Patch], weight: usize, prefix: &str) -> Vec<&'a Patch> {
    let mut all: Vec<(String, &Patch)> = patches
        .iter()
        .enumerate()
        .map(|(i, patch)| {
            let id = if patch.id_override.value.is_empty() {
                patch_id::id(weight + i, prefix, patch.display_name())
            } else {
                patch.id_override.value.clone()
            };
            (id, patch)
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all.into_iter().map(|(_, patch)| patch).collect()
}

fn said(root: &Node) -> Option<Cni> {
    let cni = root.get("cluster")?.get("network")?.get("cni")?;
    if cni.get("$patch").and_then(Node::text) == Some("delete") {
        return Some(Cni::Installed);
    }
    Some(if cni.get("name")?.text()? == "none" { Cni::None } else { Cni::Installed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::tests::loaded;

    const HEAD: &str = "kind: Cluster\nname: c\nkubernetes: {version: v1.34.3}\ntalos: {version: v1.11.6}\n";

    #[test]
    fn wanted_machines_versions_and_extensions() {
        let text = format!(
            "{HEAD}systemExtensions: [a]\n---\nkind: ControlPlane\nmachineClass: {{name: cp, size: 3}}\n---\n\
             kind: Workers\nname: w\nmachineClass: {{name: wk, size: unlimited}}\nsystemExtensions: []\n"
        );
        let (loaded, sources, sink) = loaded(&text);
        assert!(!sink.has_errors(), "{:?}", sink.all());
        let facts = cluster_facts(&loaded, &sources).unwrap();
        assert_eq!((facts.kubernetes_version.as_str(), facts.talos_version.as_str()), ("1.34.3", "1.11.6"));
        assert_eq!(facts.sets.iter().map(|s| s.machines.count()).collect::<Vec<_>>(), [Some(3), None]);
        assert_eq!(facts.sets[0].extensions, Some(vec!["a".to_owned()]));
        assert_eq!(facts.sets[1].extensions, Some(Vec::new()));
        assert_eq!(facts.sets[1].address.to_string(), "cluster/c/machineset/w");
        let Machines::Class { span, .. } = &facts.sets[0].machines else { panic!() };
        assert_eq!(text.get(span.start..span.end), Some("cp"));
    }

    #[test]
    fn the_last_word_about_the_network_decides() {
        let cni = |patches: &str, plane: &str| {
            let text = format!("{HEAD}patches: {patches}\n---\nkind: ControlPlane\npatches: {plane}\n");
            let (loaded, sources, sink) = loaded(&text);
            assert!(!sink.has_errors(), "{:?}", sink.all());
            cluster_facts(&loaded, &sources).unwrap().cni
        };
        let none = "{name: n, inline: {cluster: {network: {cni: {name: none}}}}}";
        let flannel = "{name: f, inline: 'cluster: {network: {cni: {name: flannel}}}'}";
        let delete = "{name: d, inline: {cluster: {network: {cni: {$patch: delete}}}}}";
        assert_eq!(cni("[]", "[]"), Cni::Installed);
        assert_eq!(cni(&format!("[{none}]"), "[]"), Cni::None);
        assert_eq!(cni(&format!("[{none}, {flannel}]"), "[]"), Cni::Installed);
        assert_eq!(cni(&format!("[{flannel}]"), &format!("[{none}]")), Cni::None);
        assert_eq!(cni(&format!("[{none}]"), &format!("[{delete}]")), Cni::Installed);
    }
}
