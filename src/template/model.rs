//! The models of a cluster template as they are written: every value with its place, nothing rendered yet.

use std::collections::BTreeMap;

use crate::diag::{SourceId, Span};
use crate::kinds::DurationSpan;
use crate::yaml::Node;

/// A value with its place in the template; an absent value has the place of what it is absent from.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

impl<T> Placed<T> {
    /// `value` at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// Text with its place.
pub type Text = Placed<String>;

/// Labels and annotations of one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Descriptors {
    /// Labels, keys with places.
    pub labels: Vec<(Text, Text)>,
    /// Annotations, keys with places.
    pub annotations: Vec<(Text, Text)>,
}

impl Descriptors {
    /// Puts labels and annotations over those that a resource has already.
    pub fn apply(&self, labels: &mut BTreeMap<String, String>, annotations: &mut BTreeMap<String, String>) {
        labels.extend(self.labels.iter().map(|(k, v)| (k.value.clone(), v.value.clone())));
        annotations.extend(self.annotations.iter().map(|(k, v)| (k.value.clone(), v.value.clone())));
    }
}

/// Content given in the template or in a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Inline {
    /// A text, kept byte for byte. The node is the scalar.
    Text(Node),
    /// A mapping, encoded anew.
    Mapping(Node),
    /// Mappings, encoded anew and joined as documents; `None` for a null entry.
    List(Vec<Option<Node>>, Span),
}

/// One entry of `patches`.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// The whole entry.
    pub span: Span,
    /// Name; empty when absent.
    pub name: Text,
    /// Resource id, verbatim; empty when absent.
    pub id_override: Text,
    /// Labels and annotations of the resource.
    pub descriptors: Descriptors,
    /// Path as written; empty when absent.
    pub file: Text,
    /// Content, if written here.
    pub inline: Option<Inline>,
}

impl Patch {
    /// The name that goes into the id and the annotation `name`: `name`, else `file`, else nothing.
    pub fn display_name(&self) -> &str {
        if self.name.value.is_empty() { &self.file.value } else { &self.name.value }
    }
}

/// One entry of `kubernetes.manifests`.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The whole entry.
    pub span: Span,
    /// Name; empty when absent.
    pub name: Text,
    /// 1 full, 2 one-time, 0 when absent.
    pub mode: Placed<u32>,
    /// Labels and annotations of the resource.
    pub descriptors: Descriptors,
    /// Path as written; empty when absent.
    pub file: Text,
    /// Content, if written here.
    pub inline: Option<Inline>,
}

impl Manifest {
    /// `name`, else `file`.
    pub fn display_name(&self) -> &str {
        if self.name.value.is_empty() { &self.file.value } else { &self.name.value }
    }
}

/// One entry of `kubernetes.healthchecks`.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthCheck {
    /// The whole entry.
    pub span: Span,
    /// Name; empty when absent.
    pub name: Text,
    /// Resource id, verbatim; empty when absent.
    pub id_override: Text,
    /// Labels and annotations of the resource.
    pub descriptors: Descriptors,
    /// Path as written; empty when absent.
    pub file: Text,
    /// Content, if written here.
    pub job: Option<Inline>,
    /// Time between two runs, if written.
    pub interval: Option<DurationSpan>,
}

impl HealthCheck {
    /// `idOverride`, else `name`: unique in a template.
    pub fn identifier(&self) -> &str {
        if self.id_override.value.is_empty() { &self.name.value } else { &self.id_override.value }
    }
}

/// A list that tells unset (inherits) from empty (clears).
pub type OptionalList = Option<Placed<Vec<String>>>;

/// `kind: Cluster`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// The document.
    pub span: Span,
    /// Name; empty when absent.
    pub name: Text,
    /// Labels and annotations of the cluster.
    pub descriptors: Descriptors,
    /// `kubernetes.version`; empty when absent.
    pub kubernetes: Text,
    /// `kubernetes.manifests`.
    pub manifests: Vec<Manifest>,
    /// `kubernetes.healthchecks`.
    pub health_checks: Vec<HealthCheck>,
    /// `talos.version`; empty when absent.
    pub talos: Text,
    /// `features.diskEncryption`.
    pub disk_encryption: Placed<bool>,
    /// `features.enableWorkloadProxy`.
    pub workload_proxy: bool,
    /// `features.useEmbeddedDiscoveryService`.
    pub embedded_discovery: bool,
    /// `features.disablePublicDiscoveryService`; Omni 1.10 and newer.
    pub public_discovery_off: bool,
    /// `features.enableNodeAuditSkip`; Omni 1.10 and newer.
    pub node_audit_skip: bool,
    /// `features.backupConfiguration.interval`.
    pub backup_interval: Option<DurationSpan>,
    /// Patches of all machines.
    pub patches: Vec<Patch>,
    /// Extensions of all machines.
    pub extensions: OptionalList,
    /// Kernel arguments of all static machines.
    pub kernel_args: OptionalList,
}

/// What a machine set is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `kind: ControlPlane`.
    ControlPlane,
    /// `kind: Workers`.
    Workers,
}

/// `machineClass`.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassRef {
    /// Id of the class; not checked, may be empty.
    pub name: Text,
    /// How many machines.
    pub size: Placed<Size>,
}

/// How many machines a set draws from its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As many as this.
    Count(u32),
    /// All that fit.
    Unlimited,
}

/// A strategy block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strategy {
    /// The block.
    pub span: Span,
    /// `type`: `Some(true)` Rolling, `Some(false)` Unset.
    pub rolling_type: Option<bool>,
    /// `rolling.maxParallelism`, if `rolling` is present.
    pub rolling: Option<u32>,
}

/// `bootstrapSpec`: restore from an etcd backup.
#[derive(Clone, Debug, PartialEq)]
pub struct Bootstrap {
    /// The block.
    pub span: Span,
    /// `clusterUUID`; empty when absent.
    pub cluster_uuid: Text,
    /// `snapshot`; empty when absent.
    pub snapshot: Text,
}

/// `kind: ControlPlane` and `kind: Workers`.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineSet {
    /// The document.
    pub span: Span,
    /// Which of the two.
    pub role: Role,
    /// Name; empty when absent.
    pub name: Text,
    /// Labels and annotations of the machine set.
    pub descriptors: Descriptors,
    /// Static machines.
    pub machines: Vec<Text>,
    /// The class that gives machines.
    pub class: Option<ClassRef>,
    /// Patches of the set.
    pub patches: Vec<Patch>,
    /// Extensions of the set.
    pub extensions: OptionalList,
    /// Kernel arguments of the set's static machines.
    pub kernel_args: OptionalList,
    /// Restore.
    pub bootstrap: Option<Bootstrap>,
    /// Strategy of updates.
    pub update: Option<Strategy>,
    /// Strategy of deletions.
    pub delete: Option<Strategy>,
    /// Strategy of upgrades.
    pub upgrade: Option<Strategy>,
}

impl MachineSet {
    /// The id without the cluster's name: `control-planes`, `workers`, or the name.
    pub fn short_id(&self) -> &str {
        match self.role {
            Role::ControlPlane => "control-planes",
            Role::Workers if self.name.value.is_empty() => "workers",
            Role::Workers => &self.name.value,
        }
    }
    /// Resource id.
    pub fn id(&self, cluster: &str) -> String {
        format!("{cluster}-{}", self.short_id())
    }
}

/// `kind: Machine`: adjusts a static machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// The document.
    pub span: Span,
    /// Machine id; empty when absent.
    pub name: Text,
    /// Labels and annotations of its node in the set (not of the machine).
    pub descriptors: Descriptors,
    /// No configuration changes or upgrades.
    pub locked: bool,
    /// `install.disk`; empty when absent.
    pub install_disk: Text,
    /// `install.diskSelector`, a CEL expression over disks; newer than Omni 1.10, empty when absent.
    pub disk_selector: Text,
    /// Patches of the machine.
    pub patches: Vec<Patch>,
    /// Extensions of the machine.
    pub extensions: OptionalList,
    /// Kernel arguments of the machine.
    pub kernel_args: OptionalList,
}

/// One document of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// `kind: Cluster`.
    Cluster(Cluster),
    /// `kind: ControlPlane` or `kind: Workers`.
    MachineSet(MachineSet),
    /// `kind: Machine`.
    Machine(Machine),
}

/// The models of one template file, in file order.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The file.
    pub source: SourceId,
    /// The documents that could be read.
    pub models: Vec<Model>,
    /// Whether some document could not be read: then rules over the whole template are not judged.
    pub incomplete: bool,
    /// The documents of the kinds that must stand once, read or not: Cluster, ControlPlane.
    pub(super) counted: [Vec<Span>; 2],
}

impl Template {
    /// The clusters; a valid template has one.
    pub fn clusters(&self) -> impl Iterator<Item = &Cluster> {
        self.models.iter().filter_map(|m| match m {
            Model::Cluster(c) => Some(c),
            _ => None,
        })
    }
    /// The machine sets in file order.
    pub fn machine_sets(&self) -> impl Iterator<Item = &MachineSet> {
        self.models.iter().filter_map(|m| match m {
            Model::MachineSet(s) => Some(s),
            _ => None,
        })
    }
    /// The Machine documents in file order.
    pub fn machines(&self) -> impl Iterator<Item = &Machine> {
        self.models.iter().filter_map(|m| match m {
            Model::Machine(m) => Some(m),
            _ => None,
        })
    }
    /// All patches in file order.
    pub fn patches(&self) -> impl Iterator<Item = &Patch> {
        self.models.iter().flat_map(|m| match m {
            Model::Cluster(c) => c.patches.iter(),
            Model::MachineSet(s) => s.patches.iter(),
            Model::Machine(m) => m.patches.iter(),
        })
    }
    /// The paths that the template reads, as written, with their places.
    pub fn files(&self) -> Vec<&Text> {
        let mut out: Vec<&Text> = self.patches().map(|p| &p.file).collect();
        for cluster in self.clusters() {
            out.extend(cluster.manifests.iter().map(|m| &m.file));
            out.extend(cluster.health_checks.iter().map(|h| &h.file));
        }
        out.retain(|f| !f.value.is_empty());
        out
    }
}
