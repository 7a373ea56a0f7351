//! The spec, typed.

use std::collections::BTreeMap;

use super::expression::Expression;
use crate::address::{Address, Glob};
use serde::{Deserialize, Serialize};

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
    /// Folder with Omni's own `compose.yml`, and where it is named; its files are only checked.
    pub compose: Option<(String, Place)>,
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
    /// In an S3-compatible object store.
    S3(ObjectStore),
}

/// An S3-compatible object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectStore {
    /// `s3://BUCKET/PREFIX`, without a slash at its end.
    pub url: String,
    /// Bucket.
    pub bucket: String,
    /// Prefix of all names; may be empty.
    pub prefix: String,
    /// Region that requests are signed for.
    pub region: String,
    /// `scheme://host[:port]`; AWS's own of the region if the spec names none.
    pub endpoint: String,
    /// Whether the spec leaves the endpoint to AWS.
    pub aws: bool,
    /// By what it is believed.
    pub trust: Trust,
    /// Where the section stands.
    pub place: Place,
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

/// `phases.<key>` with `resources`: what apply does behind a gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Its key.
    pub key: String,
    /// What belongs to it.
    pub resources: Vec<Pattern>,
    /// Its exit criteria; those without a check are prose.
    pub criteria: Vec<DoneItem>,
    /// Where its key stands.
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

/// `policy.thresholds`: how much one plan may take away without somebody's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thresholds {
    /// Machines that may be destroyed in one cluster, and in total, whatever their share is.
    pub destroy: u32,
    /// Percent of the machines that may be destroyed, where five or more are there.
    pub destroy_percent: u32,
    /// Percent of the machines that may be rebuilt, where five or more are there.
    pub rebuild_percent: u32,
    /// Percent of the machine classes that may be removed, once there are five.
    pub classes_percent: u32,
    /// Clusters that may be destroyed in one plan; each has to be named besides.
    pub clusters: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { destroy: 1, destroy_percent: 20, rebuild_percent: 34, classes_percent: 30, clusters: 0 }
    }
}

/// `policy.versions.together`: Talos and Kubernetes versions of a cluster that change in one plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    /// One after the other is asked for.
    Split,
    /// Both at once are fine.
    Allow,
}

/// What an exception lifts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Excepted {
    /// A guard, by its code (`G02`).
    Guard(String),
    /// A rule of the policy, by its name.
    Rule(String),
}

/// `policy.exceptions[]`: somebody answers for it, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// What it lifts.
    pub of: Excepted,
    /// Where it lifts it.
    pub address: Glob,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when, as written: a day (it holds through that day, UTC) or an RFC 3339 moment.
    pub expires: String,
    /// The same as Unix seconds: from then on it does not hold.
    pub expires_unix: i64,
    /// Where it stands.
    pub place: Place,
}

/// `policy:`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How much one plan may take away.
    pub thresholds: Thresholds,
    /// Seconds that the last backup of etcd may be old.
    pub etcd_backup_max_age: Option<u64>,
    /// What holds data on disks of its own: machine sets, machines, clusters.
    pub stateful: Vec<Glob>,
    /// Talos and Kubernetes versions that change together; `None` where the spec says nothing.
    pub together: Option<Together>,
    /// What is lifted for a while.
    pub exceptions: Vec<Exception>,
    /// Where the section stands.
    pub place: Place,
}

/// A pattern over addresses, as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// What it fits.
    pub glob: Glob,
    /// Where it is written.
    pub place: Place,
}

/// `lifecycle.moved[]`: what the record knows under another address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The address until now.
    pub from: Address,
    /// The address from now on.
    pub to: Address,
    /// Where it is written.
    pub place: Place,
}

/// `lifecycle:`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// What is never destroyed or rebuilt.
    pub protect: Vec<Pattern>,
    /// What stays in Omni when the files no longer name it.
    pub retain: Vec<Pattern>,
    /// What has another address now.
    pub moved: Vec<Moved>,
    /// Where the section stands.
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
    /// What a plan may do without somebody's word; `None` where the spec says nothing and the defaults hold.
    pub policy: Option<Policy>,
    /// Protection, retention and moves by address.
    pub lifecycle: Option<Lifecycle>,
    /// Where the record is kept.
    pub state: StateStore,
    /// Rules of the policy, in the file's order.
    pub rules: Vec<PolicyRule>,
    /// Decisions that bind every plan, in the file's order.
    pub locked_decisions: Vec<LockedDecision>,
    /// What has to be so when all is done, in the file's order.
    pub definition_of_done: Vec<DoneItem>,
    /// Phases that name resources, in the file's order.
    pub phases: Vec<Phase>,
    /// Narrative sections by name.
    pub narrative: BTreeMap<String, Narrative>,
}
