//! The plan as plain data: everything that renderers show and that apply carries out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::checks::placement::Outlook;
use crate::diff::Cause as ChangeCause;
use crate::kinds::{Certainty, Effect};
use crate::resource::{LiveResource, Phase, Resource, ResourceId};
use crate::value::Value;

/// Number of a step in its plan, from 0 in plan order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepId(pub u32);

/// What a step does to one address. The order is not the display order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Does not exist; will.
    Create,
    /// Exists and is ours; changes.
    Update,
    /// Exists, is declared, not in the record: becomes ours, without a write to the server.
    Adopt,
    /// Exists, is declared, not in the record: becomes ours and changes.
    AdoptUpdate,
    /// Ours, no longer declared: destroyed.
    Destroy,
    /// Ours, no longer declared: our mark is removed, the thing stays (kernel arguments).
    Release,
    /// In the record, gone outside, no longer declared: forgotten.
    Forget,
    /// In the record under another address of the same object: only the record changes.
    Move,
    /// Waits until a goal is reached; changes nothing.
    Await,
}

impl Action {
    /// Symbol shown before the word.
    pub fn symbol(self) -> char {
        match self {
            Self::Create => '+',
            Self::Update => '~',
            Self::Adopt | Self::AdoptUpdate | Self::Move => '>',
            Self::Destroy => '-',
            Self::Release | Self::Forget => '<',
            Self::Await => '.',
        }
    }
    /// The word shown everywhere.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Adopt => "adopt",
            Self::AdoptUpdate => "adopt+update",
            Self::Destroy => "destroy",
            Self::Release => "release",
            Self::Forget => "forget",
            Self::Move => "move",
            Self::Await => "await",
        }
    }
    /// Whether it counts as a change for exit codes. An adoption without update, and a move, only write the record.
    pub fn is_change(self) -> bool {
        !matches!(self, Self::Adopt | Self::Await | Self::Forget | Self::Move)
    }
}

/// The one request that a step sends, complete but for what only the server knows at that moment (version, finalizers).
///
/// It holds secrets in the clear, as they are sent: no part of a plan that holds it can be serialised. Renderers show a
/// redacted view, and the journal and the record hold [`Step::record`].
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Create this resource.
    Create(Resource),
    /// Replace spec, labels and annotations by `after`, provided that the live normal form still equals `before`.
    Update {
        /// What was seen when planning.
        before: Resource,
        /// What is sent; unknown fields, foreign labels and annotations of `before` are carried in it.
        after: Resource,
    },
    /// Tear down and wait until it is gone.
    Teardown {
        /// Identity.
        id: ResourceId,
        /// What was seen when planning.
        before: Resource,
    },
    /// Write the record only; what is written is [`Step::record`].
    Record(Resource),
    /// Drop from the record only.
    Drop,
    /// Wait for the goal; nothing is sent but reads.
    Await(Goal),
}

/// Live state that a step waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// The cluster is up: phase Running, bootstrapped, as many machines as wanted, each connected, running,
    /// configuration up to date, versions as wanted.
    ClusterUp {
        /// Cluster name.
        cluster: String,
        /// Wanted machines by machine set id.
        machine_sets: BTreeMap<String, u32>,
        /// Kubernetes version without `v`.
        kubernetes: String,
        /// Talos version without `v`.
        talos: String,
        /// Whether readiness is awaited too; false where the patches leave no CNI.
        ready: bool,
    },
    /// Machines of a machine set are gone: at most `machines` machine requests left.
    MachinesGone {
        /// Machine set id.
        machine_set: String,
        /// How many stay.
        machines: u32,
    },
}

/// One field that changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Path in the words of the file (`providerdata`, `storage_selector`), one part per level.
    pub path: Vec<String>,
    /// Live value; `None` when absent.
    pub before: Option<Value>,
    /// Wanted value; `None` when it goes.
    pub after: Option<Value>,
    /// Whether the values must not be shown.
    pub sensitive: bool,
    /// The text differs, its meaning does not.
    pub formatting: bool,
    /// Why.
    pub cause: ChangeCause,
    /// What it does to existing machines.
    pub effect: Effect,
    /// How sure.
    pub certainty: Certainty,
}

/// What a live resource says about itself besides its content; printed, never compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Counter of its writes.
    pub version: u64,
    /// Whether it is on its way out.
    pub phase: Phase,
    /// RFC 3339 time of creation, as answered.
    pub created: String,
    /// RFC 3339 time of the last update, as answered.
    pub updated: String,
    /// Names that block destruction.
    pub finalizers: Vec<String>,
    /// Whether it is a member of the cluster that the step is about; a machine that comes from another cluster is not,
    /// nor are the kernel arguments of a machine that is not in this one yet.
    pub member: bool,
}

impl Seen {
    /// What `live` says.
    pub fn of(live: &LiveResource, member: bool) -> Self {
        Self {
            version: live.version,
            phase: live.phase,
            created: live.created.clone(),
            updated: live.updated.clone(),
            finalizers: live.finalizers.clone(),
            member,
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Number.
    pub id: StepId,
    /// What it is about.
    pub address: Address,
    /// What it does.
    pub action: Action,
    /// Wave it belongs to, from 1.
    pub wave: u32,
    /// What is sent.
    pub operation: Operation,
    /// Fields that change; of a create every field that it sets. Empty for a destroy, whose content is in the operation.
    pub changes: Vec<Change>,
    /// Worst effect on machines.
    pub effect: Effect,
    /// How sure.
    pub certainty: Certainty,
    /// Machines that it touches, worst effect first, then by name.
    pub affects: Vec<Affected>,
    /// One-line facts for people: what happens to machines, and why.
    pub notes: Vec<String>,
    /// Steps that must be done before, with the reason.
    pub after: Vec<(StepId, String)>,
    /// Place in the files (`path:line`), where it is declared.
    pub source: Option<String>,
    /// Position among the resources of its rendered template, from 0; `None` for what no template declares.
    pub position: Option<u32>,
    /// What is there says about itself, if something is.
    pub seen: Option<Seen>,
    /// What the record holds for this address once the step is done: the normal form that the files ask for, without
    /// the foreign labels and unknown fields that an update carries along, secrets as keyed digests (see
    /// [`crate::diff::remembered`]). `None`: the entry is dropped, or stays as it is (await).
    pub record: Option<Resource>,
    /// What `lifecycle.moved` says of it, where it does.
    pub moved: Option<Moved>,
}

/// What `lifecycle.moved` says of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moved {
    /// The record knows the same object under this address; its entry goes with the step.
    EntryFrom(Address),
    /// Omni changes no ids: it is made under a new one, for what has this address until now and goes after it.
    MadeFor(Address),
    /// It goes, once it is made under another id, which has this address.
    MadeAs(Address),
}

/// A machine that the plan deletes or rebuilds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lost {
    /// Address of the machine set or cluster.
    pub address: Address,
    /// Machine request id or UUID; `None` when Omni chooses and we cannot predict.
    pub machine: Option<String>,
    /// VM, as `node/vmid`, when it is known.
    pub vm: Option<String>,
    /// Destroy or rebuild.
    pub effect: Effect,
    /// Whether Omni chooses; then this is a prediction.
    pub predicted: bool,
}

/// Something declared that needs nothing, or is not compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unchanged {
    /// What.
    pub address: Address,
    /// `adopted`, `unchanged`, `not compared yet`, `foreign`, …
    pub status: String,
    /// A fact for people.
    pub note: Option<String>,
}

/// A finding that belongs to the plan: of a rule of the planner, of a guard, or of a policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable code, as `OS0401`.
    pub code: String,
    /// What it is about.
    pub address: Option<Address>,
    /// Sentence.
    pub message: String,
    /// Whether apply must refuse.
    pub blocks: bool,
    /// What to do.
    pub help: Option<String>,
    /// The guard that speaks (`G02`), where one of the numbered guards does.
    pub guard: Option<String>,
    /// Name of the policy rule or locked decision that speaks, where one does.
    pub rule: Option<String>,
    /// Whether it only tells (a policy of severity `info`); such findings stand after the warnings.
    pub info: bool,
    /// What was looked at, by name: facts that a reader or a program can check.
    pub evidence: BTreeMap<String, String>,
    /// The words that lift it (`--allow destroy:cluster/dev`), where something does.
    pub lift: Option<String>,
    /// Who lifted it; it would block otherwise.
    pub lifted: Option<Lifted>,
}

/// Why a guard that speaks does not block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifted {
    /// The flag as given (`--allow destroy:cluster/dev`), or the place of the exception in the spec (`spec/omni.yaml:41`).
    pub by: String,
    /// Who answers for it; absent for a flag.
    pub owner: Option<String>,
    /// Why; absent for a flag.
    pub reason: Option<String>,
    /// Last day or moment at which it holds, RFC 3339; absent for a flag.
    pub expires: Option<String>,
}

/// A machine that a step touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    /// Machine request id or UUID, as people know it; `None` when Omni chooses and nothing can be predicted.
    pub machine: Option<String>,
    /// Address of its machine set.
    pub machine_set: Option<Address>,
    /// VM, as `node/vmid`, when it is known.
    pub vm: Option<String>,
    /// What happens to it.
    pub effect: Effect,
    /// Whether somebody else chooses, or the effect is not proved.
    pub predicted: bool,
}

/// What happens while one wave is carried out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wave {
    /// Name.
    pub title: String,
    /// Worst effect on a machine.
    pub disruption: Effect,
    /// Machines that are disturbed (reboot or worse, or unknown), each counted once.
    pub machines: u32,
    /// Voters of etcd, one entry for each cluster whose control planes the wave touches.
    pub etcd: Vec<EtcdVoters>,
    /// The phase of the spec that it belongs to; `None` where the spec has no phases with resources.
    #[serde(default)]
    pub phase: Option<String>,
}

/// What has to be so before the waves behind it begin: the exit criteria of a phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Key of the phase in the spec.
    pub phase: String,
    /// The wave after which it stands; 0: before all of them.
    pub after: u32,
    /// What is checked, in words.
    pub criteria: Vec<String>,
    /// Where the phase is declared (`path:line`).
    pub source: Option<String>,
}

/// Voters of one cluster's etcd through a wave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtcdVoters {
    /// The cluster.
    pub cluster: Address,
    /// Members before the wave.
    pub before: u32,
    /// Members after it; 0 where the cluster or its control planes go as a whole.
    pub after: u32,
    /// Healthy members before the wave, as Omni says; `None` when that was not seen.
    pub healthy: Option<u32>,
    /// Healthy members at the worst moment of the wave; `None` when `healthy` is. Control planes are taken one at a time,
    /// or as many as the upgrade strategy of their set allows. It is a prediction.
    pub lowest: Option<u32>,
    /// Healthy members that etcd needs at the worst moment of the wave; 0 once there is no etcd.
    pub quorum: u32,
}

/// What a plan was restricted to. A plan with one is partial, and says so wherever it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Addresses or globs of `--target`.
    pub targets: Vec<String>,
    /// Addresses or globs of `--exclude`.
    pub excludes: Vec<String>,
    /// Names of `--cluster`.
    pub clusters: Vec<String>,
    /// Steps that the whole plan has and this one has not.
    pub left_out: u32,
    /// What was not chosen and is planned, because something chosen cannot be done without it.
    #[serde(default)]
    pub brought: Vec<Related>,
    /// What was not excluded by name and is left out, because it cannot be done without something excluded.
    #[serde(default)]
    pub left_too: Vec<Related>,
}

/// Something that follows from a choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    /// What.
    pub address: Address,
    /// Because of what, and why, for people.
    pub because: String,
}

/// A part of the plan that rests on something that was not seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownSubtree {
    /// The cluster, class or provider; everything below is meant too.
    pub address: Address,
    /// What was not seen and why, for people.
    pub reason: String,
    /// How many declared or recorded things of it are not planned; 0: all are, but not everything is known about them.
    pub not_planned: u32,
}

/// A cluster that is as the files ask and has not come up yet: an earlier apply was interrupted while it waited, or gave
/// up, or machines went down since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotUp {
    /// The cluster.
    pub address: Address,
    /// Who or what is in the way.
    pub blocker: String,
}

/// Totals.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Summary {
    /// Objects to create.
    pub create: u32,
    /// Objects to change (adopted ones included).
    pub update: u32,
    /// Objects to destroy.
    pub destroy: u32,
    /// Objects adopted without a change.
    pub adopt: u32,
    /// Objects released.
    pub release: u32,
    /// Entries of the record that only get another address.
    #[serde(default)]
    pub moved: u32,
    /// Declared objects that need nothing.
    pub unchanged: u32,
    /// Live objects in managed clusters that are not ours.
    pub foreign: u32,
    /// Labels, annotations and locks that others put on declared objects and that stay.
    pub kept: u32,
    /// Machines that will be lost.
    pub machines_lost: u32,
    /// Worst effect.
    pub worst: Effect,
}

/// The plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Omni origin.
    pub omni: String,
    /// Omni version, if known.
    pub omni_version: Option<String>,
    /// Lineage and serial of the record that was read; `None` without one (then the plan is two-way and prunes nothing).
    pub record: Option<(String, u64)>,
    /// SHA-256 of the files read, hex.
    pub files_digest: String,
    /// Steps in wave order, then by address.
    pub steps: Vec<Step>,
    /// The waves, from wave 1.
    pub waves: Vec<Wave>,
    /// Gates between the waves, and behind the last one, in order.
    pub gates: Vec<Gate>,
    /// What it was restricted to; `None` for a plan of everything.
    pub scope: Option<Scope>,
    /// Declared things without a step, and foreign ones.
    pub unchanged: Vec<Unchanged>,
    /// Machines that will be lost.
    pub lost: Vec<Lost>,
    /// Where new machines will be, and what they make of nodes and storages.
    pub placement: Outlook,
    /// Declared clusters that are not up although this plan does not move them; each has a step that waits for it.
    pub not_up: Vec<NotUp>,
    /// Warnings and blocks.
    pub warnings: Vec<Warning>,
    /// What could not be read; a plan with entries here is not complete.
    pub unknown: Vec<String>,
    /// Where [`Plan::unknown`] is: without these, the rest could be applied.
    pub unknown_subtrees: Vec<UnknownSubtree>,
    /// Totals.
    pub summary: Summary,
}

impl Plan {
    /// Adds findings, each once: blocks first, then warnings, then what is only told; by code and address within these.
    pub fn add_findings(&mut self, more: impl IntoIterator<Item = Warning>) {
        self.warnings.extend(more);
        let key = |w: &Warning| (!w.blocks, w.info, w.code.clone(), w.address.clone(), w.message.clone());
        self.warnings.sort_by_cached_key(key);
        self.warnings.dedup();
    }
}
