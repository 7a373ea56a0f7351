//! The status as plain data: everything that renderers show. Texts from outside are escaped already.

use schemars::JsonSchema;
use serde::Serialize;

use super::phase::{ClusterPhase, RequestStage, SetPhase, Stage, UpgradePhase};

/// How the chosen clusters stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The Omni that was read.
    pub omni: String,
    /// Its version, if it could be read.
    pub omni_version: Option<String>,
    /// Chosen clusters, by name.
    pub clusters: Vec<ClusterStatus>,
    /// Clusters in Omni that no file declares and nobody asked for, by name.
    pub others: Vec<String>,
    /// Proxmox clusters that the spec names.
    pub proxmox: Vec<ProxmoxStatus>,
    /// What could not be read, in words.
    pub unread: Vec<String>,
}

impl Status {
    /// Whether every chosen cluster is up; no, as soon as one is known not to be.
    pub fn up(&self) -> Up {
        let any = |up: Up| self.clusters.iter().any(|c| c.up == up);
        if any(Up::No) {
            Up::No
        } else if any(Up::Unknown) {
            Up::Unknown
        } else {
            Up::Yes
        }
    }
}

/// Whether a cluster is up: bootstrapped, as many machines as wanted, each connected, running and with its configuration,
/// in the wanted versions; ready too where its patches leave a CNI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Up {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// Not everything that tells was read.
    Unknown,
}

/// One cluster.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ClusterStatus {
    /// Name.
    pub name: String,
    /// Whether a file declares it.
    pub declared: bool,
    /// Whether Omni has it.
    pub in_omni: bool,
    /// Whether it is up.
    pub up: Up,
    /// Who or what is in the way, where it is not up.
    pub blocker: Option<String>,
    /// Whether that looks as if it will not pass by itself.
    pub failing: bool,
    /// Facts that a person should know.
    pub notes: Vec<String>,
    /// What the files ask for and Omni has not been asked yet.
    pub not_applied: Vec<String>,
    /// What to do next.
    pub next: Vec<Next>,
    /// Phase.
    pub phase: ClusterPhase,
    /// What Omni calls ready: phase running, every node ready, the API reachable.
    pub ready: bool,
    /// Whether its patches leave a CNI; without one nodes stay NotReady until somebody installs it. Null if unknown.
    pub cni: Option<bool>,
    /// Machines of the whole cluster.
    pub machines: Counts,
    /// Whether the whole cluster is locked.
    pub locked: bool,
    /// Whether it is on its way out.
    pub leaving: bool,
    /// Kubernetes.
    pub kubernetes: Versions,
    /// Talos.
    pub talos: Versions,
    /// Machine sets: control planes, workers, then by id.
    pub machine_sets: Vec<SetStatus>,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Plan and apply: the files ask for something that Omni has not been asked.
    Plan,
    /// Install a CNI.
    InstallCni,
}

/// Counts of machines as Omni reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// In the cluster.
    pub total: u32,
    /// Ready.
    pub healthy: u32,
    /// Heard of.
    pub connected: u32,
    /// Asked for.
    pub requested: u32,
}

/// Versions of Kubernetes or Talos, without `v`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Versions {
    /// What the files ask for; null if no file declares the cluster.
    pub files: Option<String>,
    /// What Omni is asked for; null if it does not have the cluster.
    pub omni: Option<String>,
    /// The rollout; null before there is one (of Kubernetes: before bootstrap).
    pub upgrade: Option<Upgrade>,
}

impl Versions {
    /// The version that machines are to have.
    pub fn wanted(&self) -> Option<&str> {
        self.files.as_deref().or(self.omni.as_deref())
    }
}

/// A rollout of Kubernetes or Talos.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Upgrade {
    /// Phase.
    pub phase: UpgradePhase,
    /// Version that was reached last.
    pub from: Option<String>,
    /// Version that it goes to.
    pub to: Option<String>,
    /// Which step, or what it waits for.
    pub step: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// What the machines of a set are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Control planes.
    ControlPlane,
    /// The default workers.
    Workers,
    /// Other workers.
    AdditionalWorkers,
}

/// One machine set.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SetStatus {
    /// Id in Omni.
    pub id: String,
    /// What its machines are for.
    pub role: Role,
    /// Whether a file declares it.
    pub declared: bool,
    /// Whether Omni has it.
    pub in_omni: bool,
    /// Machines that the files ask for, else Omni; null for all that match its class.
    pub wanted: Option<u32>,
    /// Phase.
    pub phase: SetPhase,
    /// What Omni calls ready.
    pub ready: bool,
    /// Its machines.
    pub counts: Counts,
    /// Machines whose update waits for their unlock.
    pub locked_updates: u32,
    /// What stops it.
    pub error: Option<String>,
    /// The cluster's load balancer; only of control planes.
    pub load_balancer: Option<LoadBalancer>,
    /// Checks of the control plane; empty elsewhere, and before there are any.
    pub checks: Vec<Check>,
    /// Machines in the set, by id.
    pub machines: Vec<MachineStatus>,
    /// Machines on their way in or out, by id.
    pub missing: Vec<Missing>,
    /// Wanted machines that nobody has been asked for yet.
    pub unrequested: u32,
}

/// The load balancer for the Kubernetes API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoadBalancer {
    /// The API answers.
    Ready,
    /// It does not.
    NotReady,
    /// No control plane is connected.
    Stopped,
}

/// One check of the control plane.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// False only if Omni says that it fails.
    pub ok: bool,
    /// Why it fails.
    pub reason: Option<String>,
}

/// One machine of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MachineStatus {
    /// UUID.
    pub id: String,
    /// Name of its Kubernetes node, once it has one.
    pub node: Option<String>,
    /// Machine request that it was made for; null if no provider made it.
    pub request: Option<String>,
    /// What it is doing.
    pub stage: Stage,
    /// What Omni calls ready; told only while it runs.
    pub ready: bool,
    /// Whether Omni hears it.
    pub connected: bool,
    /// Whether it, or its whole cluster, is locked.
    pub locked: bool,
    /// Whether it has the configuration that it is to have.
    pub config_up_to_date: bool,
    /// Whether a lock holds its update back.
    pub update_locked: bool,
    /// Why it does not take its configuration.
    pub config_error: Option<String>,
    /// Talos version that it runs, without `v`.
    pub talos: Option<String>,
    /// Whether that is another than the wanted one.
    pub talos_outdated: bool,
    /// Version of its kubelet, without `v`, as Kubernetes told Omni last.
    pub kubernetes: Option<String>,
    /// Whether that is another than the wanted one.
    pub kubernetes_outdated: bool,
    /// Whether it runs another image (extensions, kernel arguments) than Omni wants.
    pub image_outdated: bool,
    /// Extensions that the files ask for and its image does not have.
    pub extensions_missing: Vec<String>,
    /// Its VM.
    pub vm: Vm,
}

/// The Proxmox VM of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum Vm {
    /// This one.
    Found {
        /// Proxmox cluster, by its name in the spec.
        proxmox: String,
        /// Node that it is on.
        node: String,
        /// Whether that node is down.
        node_offline: bool,
        /// VMID.
        vmid: u32,
        /// `running`, `stopped`, …
        status: String,
        /// Lock held (`backup`, `migrate`, …).
        lock: Option<String>,
    },
    /// Proxmox has no VM of its name.
    NotFound,
    /// Proxmox has several VMs of its name.
    Several {
        /// How many.
        count: u32,
    },
    /// Proxmox was not read.
    NotRead,
    /// Proxmox does not name all of its VMs, as it does while a node is down, and this one is not among the others.
    NotNamed,
    /// It is no machine of a provider on a Proxmox cluster that the spec names.
    Elsewhere,
}

/// What is not a machine of its set yet, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingKind {
    /// A provider was asked for it.
    Request,
    /// A machine that was named by its UUID.
    Node,
}

/// A machine on its way in or out.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Missing {
    /// Machine request id, or UUID.
    pub id: String,
    /// Which of the two.
    pub kind: MissingKind,
    /// How far the provider is; unknown for a machine that was named.
    pub stage: RequestStage,
    /// What it is waiting for, in the provider's or Omni's words.
    pub step: Option<String>,
    /// Why it fails.
    pub error: Option<String>,
    /// Provider that was asked.
    pub provider: Option<String>,
    /// Whether that provider is known not to be connected.
    pub provider_down: bool,
    /// Whether it is on its way out.
    pub leaving: bool,
    /// The VM that was made for it.
    pub vm: Vm,
}

/// A Proxmox cluster.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ProxmoxStatus {
    /// Name in the spec.
    pub name: String,
    /// Origin that answered; null if none was asked.
    pub endpoint: Option<String>,
    /// Why it was not read, if so.
    pub unread: Option<String>,
    /// Nodes that are down.
    pub offline: Vec<String>,
    /// Whether it has quorum; null if unknown.
    pub quorate: Option<bool>,
}
