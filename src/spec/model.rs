//! The spec, typed.

use std::collections::BTreeMap;

use super::expression::Expression;
use crate::address::Glob;
use crate::diag::{SourceId, Sources, Span};
use crate::template::Dialect;
use crate::value::Value;
use crate::wire::Fingerprint;

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which text.
    pub source: SourceId,
    /// Where in it.
    pub span: Span,
}

impl Place {
    /// `path:line`, as provenance is shown.
    pub fn show(&self, sources: &Sources) -> String {
        sources
            .get(self.source)
            .map_or_else(String::new, |s| format!("{}:{}", s.path, s.line_col(self.span.start).0))
    }
}

/// By what a server's certificate is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The roots of the system.
    System,
    /// The SHA-256 fingerprints of the certificates themselves, at least one; a server must show one of them. Several are
    /// the rule on Proxmox, where every node has its own.
    Sha256(Vec<Fingerprint>),
    /// A file with authorities, relative to the repository.
    CaFile(String),
}

/// `omni.version`: what the spec says of a server's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedVersion {
    /// As written: `1.10`, or `newest`.
    pub text: String,
    /// The language of cluster templates for such a server.
    pub dialect: Dialect,
    /// Where it is written.
    pub place: Place,
}

/// `omni:`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Omni {
    /// `scheme://host[:port]`, no path.
    pub endpoint: String,
    /// What the machines must resolve the endpoint's name to.
    pub lan_address: Option<String>,
    /// The server's version, for commands that ask no server.
    pub version: Option<StatedVersion>,
    /// By what it is believed.
    pub trust: Trust,
    /// Where the section stands.
    pub place: Place,
}

/// `proxmox.<name>:`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxmoxCluster {
    /// `https://host:port`, tried in this order.
    pub endpoints: Vec<String>,
    /// By what they are believed.
    pub trust: Trust,
    /// Nodes by name.
    pub nodes: Vec<String>,
    /// Resolvers that the nodes must use.
    pub dns: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

/// The provider's own container: the one guest that the tool manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Node that it runs on.
    pub node: String,
    /// Its id in the Proxmox cluster.
    pub vmid: u32,
    /// Host name.
    pub hostname: Option<String>,
    /// Address with prefix length.
    pub address: Option<String>,
    /// Gateway.
    pub gateway: Option<String>,
    /// CPU cores.
    pub cores: Option<u32>,
    /// Memory in MiB.
    pub memory_mb: Option<u32>,
    /// Root disk in GiB.
    pub disk_gb: Option<u32>,
    /// Bridge of its network card.
    pub bridge: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// `providers.<id>:`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Name of the Proxmox cluster that it provisions on; `None` for any other provider.
    pub proxmox: Option<String>,
    /// Its container.
    pub container: Option<Container>,
    /// Folder with `compose.yml` and `config.yaml`.
    pub compose: Option<String>,
    /// Where those files live in the container.
    pub app_directory: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// What is removed that the files do not name any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Prune {
    /// What the record says that we made or adopted.
    #[default]
    Record,
    /// Whatever `omnictl cluster template sync` would remove.
    Template,
}

/// A path that the spec names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Relative to the repository, without `./` and trailing `/`.
    pub path: String,
    /// Where it is named.
    pub place: Place,
}

/// `clusters:`
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Clusters {
    /// Templates: folders or files.
    pub paths: Vec<Listed>,
    /// What is removed.
    pub prune: Prune,
}

/// Where the record is kept.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum StateStore {
    /// In the folder `state/` of the repository.
    #[default]
    Local,
}

/// How much a rule of a policy weighs when it is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleSeverity {
    /// The plan is not applied.
    Deny,
    /// It is, and people are warned.
    Warn,
    /// People are told.
    Info,
}

/// `policy.rules[]`
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyRule {
    /// Name, unique among rules; exceptions name it.
    pub name: String,
    /// What a plan that breaks it gets.
    pub severity: RuleSeverity,
    /// What must be true.
    pub assert: Expression,
    /// What to tell people; `None` if the name says it all.
    pub message: Option<String>,
    /// Which steps it is about; `None` for a rule about the plan as a whole.
    pub applies_to: Option<Glob>,
    /// Where its name stands.
    pub place: Place,
}

/// `locked_decisions.<key>` with an `assert`.
#[derive(Clone, Debug, PartialEq)]
pub struct LockedDecision {
    /// Its key.
    pub key: String,
    /// What was decided, as written.
    pub decision: Option<String>,
    /// Why.
    pub rationale: Option<String>,
    /// What it takes to change it.
    pub change_cost: Option<String>,
    /// What must be true of every plan.
    pub assert: Expression,
    /// Where the assertion stands.
    pub place: Place,
}

/// `definition_of_done[]`
#[derive(Clone, Debug, PartialEq)]
pub struct DoneItem {
    /// What has to be so, in words.
    pub text: String,
    /// The same as an expression; `None` if nobody wrote one.
    pub check: Option<Expression>,
    /// Where it stands.
    pub place: Place,
}

/// A narrative section, kept as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Narrative {
    /// Its content.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
}

/// The spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The Omni instance.
    pub omni: Omni,
    /// Proxmox clusters by name.
    pub proxmox: BTreeMap<String, ProxmoxCluster>,
    /// Infrastructure providers by id, case-sensitive.
    pub providers: BTreeMap<String, Provider>,
    /// Machine classes: folders or files.
    pub machine_classes: Vec<Listed>,
    /// Cluster templates.
    pub clusters: Clusters,
    /// Thresholds and rules, kept for whoever judges plans.
    pub policy: Option<Narrative>,
    /// Protection and moves by address, kept for the planner.
    pub lifecycle: Option<Narrative>,
    /// Where the record is kept.
    pub state: StateStore,
    /// Rules of the policy, in the file's order.
    pub rules: Vec<PolicyRule>,
    /// Decisions that bind every plan, in the file's order.
    pub locked_decisions: Vec<LockedDecision>,
    /// What has to be so when all is done, in the file's order.
    pub definition_of_done: Vec<DoneItem>,
    /// Narrative sections by name.
    pub narrative: BTreeMap<String, Narrative>,
}
