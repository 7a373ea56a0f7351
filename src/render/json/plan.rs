//! The plan as JSON (`omni-scale.plan`), and its JSON Schema 2020-12.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::escape::visible;
use super::finding::WarningView;
use super::impact::{AffectedView, EtcdView};
use super::lifecycle::{GateView, MoveView, move_of};
use super::scope::{ScopeView, UnknownSubtreeView};
use crate::checks::placement::Outlook;
use crate::diff::redact;
use crate::kinds::{Certainty, Effect};
use crate::plan::{Action, ChangeCause, Goal, Operation, Plan, Step, Summary};
use crate::policy::Risk;
use crate::render::context::Context;
use crate::resource::Resource;

/// Value of `format`.
pub const FORMAT: &str = "omni-scale.plan";
/// Value of `format_version`.
pub const FORMAT_VERSION: &str = "1.3";

/// A plan of omni-scale.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "omni-scale plan")]
pub struct PlanView {
    /// Always `omni-scale.plan`.
    pub format: String,
    /// Version of this format: a minor version only adds keys.
    pub format_version: String,
    /// The program that wrote it.
    pub tool: ToolView,
    /// What an approval names (`sha256:…`); null for a plan that is not saved.
    pub digest: Option<String>,
    /// Until when it may be applied, RFC 3339; null for a plan that is not saved.
    pub expires_at: Option<String>,
    /// The Omni that was read.
    pub omni: OmniView,
    /// The record that was read; null without one: the plan is then two-way and prunes nothing.
    pub record: Option<RecordView>,
    /// SHA-256 of the files read, hexadecimal.
    pub files_digest: String,
    /// Whether everything that the plan needs was seen.
    pub complete: bool,
    /// Whether it is restricted to a part of what the files ask for; see `scope`.
    pub partial: bool,
    /// Whether a guard refuses to apply it.
    pub blocked: bool,
    /// Whether applying it changes anything outside the record.
    pub has_changes: bool,
    /// The worst that can happen: `low`, `medium`, `high` or `critical`.
    pub risk: String,
    /// What it was restricted to; null for a plan of everything.
    pub scope: Option<ScopeView>,
    /// Totals.
    pub summary: Summary,
    /// Machines that will be lost, with the data on their disks.
    pub lost: Vec<LostView>,
    /// Where new machines will be, and what they make of nodes and storages.
    pub placement: Outlook,
    /// Steps in order.
    pub steps: Vec<StepView>,
    /// Waves in order.
    pub waves: Vec<WaveView>,
    /// Gates between the waves, and behind the last one: what has to be so before apply goes on.
    pub gates: Vec<GateView>,
    /// What `lifecycle.moved` of the spec does in this plan.
    pub moves: Vec<MoveView>,
    /// Declared things without a step, and foreign ones.
    pub unchanged: Vec<UnchangedView>,
    /// Declared clusters that are not up although this plan does not move them; apply waits for them.
    pub not_up: Vec<NotUpView>,
    /// Fields that were changed outside since the last apply.
    pub drift: Vec<DriftView>,
    /// Blocks first, then warnings.
    pub warnings: Vec<WarningView>,
    /// What could not be read, in words.
    pub unknown: Vec<String>,
    /// Where that is: without these the rest could be applied.
    pub unknown_subtrees: Vec<UnknownSubtreeView>,
}

/// The program.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ToolView {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The Omni that was read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OmniView {
    /// Origin.
    pub endpoint: String,
    /// Version, as answered; null if it could not be read.
    pub version: Option<String>,
}

/// Which record was read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RecordView {
    /// Identity of the chain of records.
    pub lineage: String,
    /// Serial in that chain.
    pub serial: u64,
}

/// A machine that will be lost.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LostView {
    /// What takes it along.
    pub address: String,
    /// Machine request or UUID; null if Omni chooses and nothing can be predicted.
    pub machine: Option<String>,
    /// `node/vmid`, if known.
    pub vm: Option<String>,
    /// Destroy or rebuild.
    pub effect: Effect,
    /// Whether Omni chooses; then this is a prediction.
    pub predicted: bool,
}

/// One step.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StepView {
    /// Number, from 0.
    pub id: u32,
    /// What it is about.
    pub address: String,
    /// Full Omni type, where one is concerned.
    pub kind: Option<String>,
    /// Id in Omni, where one is concerned.
    pub remote_id: Option<String>,
    /// What it does.
    pub action: Action,
    /// Wave, from 1.
    pub wave: u32,
    /// Worst effect on machines.
    pub effect: Effect,
    /// How sure that is.
    pub certainty: Certainty,
    /// Machines that it touches, worst effect first.
    pub affects: Vec<AffectedView>,
    /// Fields that change.
    pub fields: Vec<FieldView>,
    /// The whole resource as it is; secrets are replaced by `{"$hidden": true}`.
    pub before: Option<serde_json::Value>,
    /// The whole resource as it will be; secrets are replaced by `{"$hidden": true}`.
    pub after: Option<serde_json::Value>,
    /// What is waited for, where the step waits.
    pub goal: Option<GoalView>,
    /// Facts for people.
    pub notes: Vec<String>,
    /// Steps that come before, with the reason.
    pub needs: Vec<NeedView>,
    /// Where it is declared (`path:line`).
    pub source: Option<String>,
}

/// One field.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FieldView {
    /// Path in the words of the file.
    pub path: Vec<String>,
    /// Live value; null if absent or hidden.
    pub before: Option<serde_json::Value>,
    /// Wanted value; null if it goes or is hidden.
    pub after: Option<serde_json::Value>,
    /// Whether the values are hidden.
    pub sensitive: bool,
    /// Whether the text differs and its meaning does not.
    pub formatting: bool,
    /// Why it differs.
    pub cause: ChangeCause,
    /// What it does to machines.
    pub effect: Effect,
    /// How sure that is.
    pub certainty: Certainty,
}

/// What a waiting step waits for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "goal", rename_all = "snake_case")]
pub enum GoalView {
    /// A cluster is up.
    ClusterUp {
        /// Its name.
        cluster: String,
        /// Wanted machines by machine set id.
        machine_sets: BTreeMap<String, u32>,
        /// Kubernetes version without `v`.
        kubernetes: String,
        /// Talos version without `v`.
        talos: String,
        /// Whether readiness is awaited; not where no CNI comes with the patches.
        ready: bool,
    },
    /// Machines of a set are gone.
    MachinesGone {
        /// Machine set id.
        machine_set: String,
        /// Machine requests that stay.
        machines: u32,
    },
}

/// One need.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NeedView {
    /// Number of the step that comes before.
    pub step: u32,
    /// Why.
    pub reason: String,
}

/// One wave.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WaveView {
    /// Number, from 1.
    pub number: u32,
    /// What people call it.
    pub title: String,
    /// The phase of the spec that it belongs to; null where the spec has no phases with resources.
    pub phase: Option<String>,
    /// Numbers of its steps.
    pub steps: Vec<u32>,
    /// Worst effect on a machine while it runs.
    pub disruption: Effect,
    /// Machines that are disturbed: a reboot or worse, or unknown.
    pub machines: u32,
    /// Voters of etcd, for each cluster whose control planes it touches.
    pub etcd: Vec<EtcdView>,
}

/// Something without a step.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UnchangedView {
    /// What.
    pub address: String,
    /// `unchanged`, `foreign`, `blocked`, `not compared yet`.
    pub status: String,
    /// A fact for people.
    pub note: Option<String>,
}

/// A cluster that is not up yet.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NotUpView {
    /// The cluster.
    pub address: String,
    /// Who or what is in the way.
    pub blocker: String,
}

/// One field that was changed outside.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DriftView {
    /// What.
    pub address: String,
    /// Which field.
    pub path: Vec<String>,
    /// Whether the files changed it too.
    pub files_too: bool,
}

impl PlanView {
    /// The view of a plan, and of what stands around it.
    pub fn new(plan: &Plan, context: &Context) -> Self {
        Self {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION.to_owned(),
            tool: ToolView {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            digest: context.digest.clone(),
            expires_at: context.expires.clone(),
            omni: OmniView { endpoint: plan.omni.clone(), version: plan.omni_version.clone() },
            record: plan.record.clone().map(|(lineage, serial)| RecordView { lineage, serial }),
            files_digest: plan.files_digest.clone(),
            complete: plan.unknown.is_empty(),
            partial: plan.scope.is_some(),
            blocked: plan.warnings.iter().any(|w| w.blocks),
            has_changes: plan.steps.iter().any(|s| s.action.is_change()),
            risk: Risk::of(plan.summary.worst).word().to_owned(),
            scope: plan.scope.as_ref().map(ScopeView::from),
            summary: plan.summary.clone(),
            lost: plan
                .lost
                .iter()
                .map(|l| LostView {
                    address: l.address.to_string(),
                    machine: l.machine.clone(),
                    vm: l.vm.clone(),
                    effect: l.effect,
                    predicted: l.predicted,
                })
                .collect(),
            placement: plan.placement.clone(),
            steps: plan.steps.iter().map(step).collect(),
            waves: waves(plan),
            gates: plan.gates.iter().map(GateView::from).collect(),
            moves: plan.steps.iter().filter_map(move_of).collect(),
            unchanged: plan
                .unchanged
                .iter()
                .map(|u| UnchangedView {
                    address: u.address.to_string(),
                    status: u.status.clone(),
                    note: u.note.clone(),
                })
                .collect(),
            not_up: plan
                .not_up
                .iter()
                .map(|n| NotUpView { address: n.address.to_string(), blocker: n.blocker.clone() })
                .collect(),
            drift: drift(plan),
            warnings: plan.warnings.iter().map(WarningView::from).collect(),
            unknown: plan.unknown.clone(),
            unknown_subtrees: plan.unknown_subtrees.iter().map(UnknownSubtreeView::from).collect(),
        }
    }
}

/// The plan as indented JSON with a line end.
pub fn text(plan: &Plan) -> String {
    text_in(plan, &Context::default())
}

/// [`text`] of a plan with what stands around it.
pub fn text_in(plan: &Plan, context: &Context) -> String {
    let mut text = serde_json::to_string_pretty(&PlanView::new(plan, context)).unwrap_or_default();
    text.push('\n');
    visible(text)
}

/// The JSON Schema of [`text`], indented, with a line end. It describes what is written: every key is always there.
pub fn schema() -> String {
    super::schema::of::<PlanView>()
}

fn step(step: &Step) -> StepView {
    let (before, after) = match &step.operation {
        Operation::Create(r) => (None, Some(r)),
        Operation::Update { before, after } => (Some(before), Some(after)),
        Operation::Teardown { before, .. } => (Some(before), None),
        Operation::Record(r) => (Some(r), Some(r)),
        Operation::Drop | Operation::Await(_) => (None, None),
    };
    let identity = after.or(before).map(|r| &r.id);
    let whole = |r: Option<&Resource>| r.and_then(|r| serde_json::to_value(redact(r)).ok());
    StepView {
        id: step.id.0,
        address: step.address.to_string(),
        kind: identity.map(|i| i.kind.clone()),
        remote_id: identity.map(|i| i.id.clone()),
        action: step.action,
        wave: step.wave,
        effect: step.effect,
        certainty: step.certainty,
        affects: step.affects.iter().map(AffectedView::from).collect(),
        fields: step
            .changes
            .iter()
            .map(|c| {
                let value = |v: &Option<crate::value::Value>| {
                    v.as_ref().filter(|_| !c.sensitive).map(crate::value::Value::to_json)
                };
                FieldView {
                    path: c.path.clone(),
                    before: value(&c.before),
                    after: value(&c.after),
                    sensitive: c.sensitive,
                    formatting: c.formatting,
                    cause: c.cause,
                    effect: c.effect,
                    certainty: c.certainty,
                }
            })
            .collect(),
        before: whole(before),
        after: whole(after),
        goal: match &step.operation {
            Operation::Await(goal) => Some(goal_view(goal)),
            _ => None,
        },
        notes: step.notes.clone(),
        needs: step
            .after
            .iter()
            .map(|(id, reason)| NeedView { step: id.0, reason: reason.clone() })
            .collect(),
        source: step.source.clone(),
    }
}

fn goal_view(goal: &Goal) -> GoalView {
    match goal.clone() {
        Goal::ClusterUp { cluster, machine_sets, kubernetes, talos, ready } => {
            GoalView::ClusterUp { cluster, machine_sets, kubernetes, talos, ready }
        }
        Goal::MachinesGone { machine_set, machines } => GoalView::MachinesGone { machine_set, machines },
    }
}

fn waves(plan: &Plan) -> Vec<WaveView> {
    (1u32..)
        .zip(&plan.waves)
        .map(|(number, wave)| WaveView {
            number,
            title: wave.title.clone(),
            phase: wave.phase.clone(),
            steps: plan.steps.iter().filter(|s| s.wave == number).map(|s| s.id.0).collect(),
            disruption: wave.disruption,
            machines: wave.machines,
            etcd: wave.etcd.iter().map(EtcdView::from).collect(),
        })
        .collect()
}

fn drift(plan: &Plan) -> Vec<DriftView> {
    plan.steps
        .iter()
        .flat_map(|s| s.changes.iter().map(move |c| (s, c)))
        .filter(|(_, c)| c.cause != ChangeCause::Files)
        .map(|(s, c)| DriftView {
            address: s.address.to_string(),
            path: c.path.clone(),
            files_too: c.cause == ChangeCause::Both,
        })
        .collect()
}
