//! A plan as plain data without secrets: what a file keeps and what is digested.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::checks::placement::Outlook;
use crate::diff::{is_sensitive, masked};
use crate::kinds::{Certainty, Effect};
use crate::plan::{
    Action, Affected, Change, ChangeCause, Gate, Goal, Lost, Moved, NotUp, Operation, Plan, Scope, Seen,
    Step, StepId, Summary, Unchanged, UnknownSubtree, Warning, Wave,
};
use crate::resource::{Phase, Resource, ResourceId};
use crate::secret::{DigestKey, is_digest};
use crate::value::Value;

/// Stands for a value that must not be shown.
const HIDDEN: &str = "(hidden)";
/// What a digest reads that the plan's key did not make.
const UNKNOWN: &str = "hmac:unknown";

/// A plan without secrets. [`Body::plan`] gives back what renderers show; it cannot be carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub(super) omni: String,
    pub(super) omni_version: Option<String>,
    pub(super) record: Option<(String, u64)>,
    pub(super) files_digest: String,
    pub(super) steps: Vec<BodyStep>,
    waves: Vec<Wave>,
    pub(super) gates: Vec<Gate>,
    pub(super) scope: Option<Scope>,
    unchanged: Vec<Unchanged>,
    pub(super) lost: Vec<Lost>,
    /// Told, and no part of what the plan does.
    #[serde(default)]
    placement: Outlook,
    not_up: Vec<NotUp>,
    pub(super) warnings: Vec<Warning>,
    pub(super) unknown: Vec<String>,
    unknown_subtrees: Vec<UnknownSubtree>,
    summary: Summary,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BodyStep {
    pub(super) id: StepId,
    pub(super) address: Address,
    pub(super) action: Action,
    wave: u32,
    pub(super) operation: BodyOperation,
    pub(super) changes: Vec<BodyChange>,
    pub(super) effect: Effect,
    pub(super) certainty: Certainty,
    pub(super) affects: Vec<Affected>,
    notes: Vec<String>,
    pub(super) after: Vec<(StepId, String)>,
    source: Option<String>,
    position: Option<u32>,
    seen: Option<BodySeen>,
    /// What the files ask for, without what an update carries along for others.
    pub(super) want: Option<Resource>,
    pub(super) moved: Option<Moved>,
    /// What stands for the secrets of the step.
    pub(super) proof: Option<Proof>,
}

/// What stands for values that are hidden, so that another value is noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Proof {
    /// Digests of the whole specs, made with the operator's key.
    Keyed {
        /// Of what is there, where something in it is hidden.
        before: Option<String>,
        /// Of what will be there, where something in it is hidden.
        after: Option<String>,
    },
    /// Nobody has a key, and a bare hash would tell a short secret to everybody who tries. So what is there is bound by the
    /// server's own counter, and what will be there by the files as a whole.
    Bound {
        /// Time of creation and version of what is there, where something in it is hidden.
        version: Option<(String, u64)>,
        /// SHA-256 over all files, where something in what will be there is hidden.
        files: Option<String>,
    },
}

impl Proof {
    /// Whether the operator's key made it.
    pub fn is_keyed(&self) -> bool {
        matches!(self, Self::Keyed { .. })
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum BodyOperation {
    Create(Resource),
    Update { before: Resource, after: Resource },
    Teardown { id: ResourceId, before: Resource },
    Record(Resource),
    Drop,
    Await(Goal),
}

/// A value that is there; nothing and a value that says nothing are not the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Is {
    pub(super) is: Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BodyChange {
    pub(super) path: Vec<String>,
    pub(super) before: Option<Is>,
    pub(super) after: Option<Is>,
    pub(super) sensitive: bool,
    pub(super) formatting: bool,
    cause: ChangeCause,
    effect: Effect,
    certainty: Certainty,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BodySeen {
    version: u64,
    phase: Phase,
    created: String,
    updated: String,
    finalizers: Vec<String>,
    member: bool,
}

impl Body {
    /// `plan` without its secrets. `key` makes what stands for them; without it, or with digests of another key in the plan,
    /// they are bound otherwise ([`Proof::Bound`]).
    pub fn of(plan: &Plan, key: Option<&DigestKey>) -> Self {
        // Every field is named, so that one that is added is not forgotten here.
        let Plan {
            omni,
            omni_version,
            record,
            files_digest,
            steps,
            waves,
            gates,
            scope,
            unchanged,
            lost,
            placement,
            not_up,
            warnings,
            unknown,
            unknown_subtrees,
            summary,
        } = plan;
        Self {
            omni: omni.clone(),
            omni_version: omni_version.clone(),
            record: record.clone(),
            files_digest: files_digest.clone(),
            steps: steps.iter().map(|s| step(s, files_digest, key)).collect(),
            waves: waves.clone(),
            gates: gates.clone(),
            scope: scope.clone(),
            unchanged: unchanged.clone(),
            lost: lost.clone(),
            placement: placement.clone(),
            not_up: not_up.clone(),
            warnings: warnings.clone(),
            unknown: unknown.clone(),
            unknown_subtrees: unknown_subtrees.clone(),
            summary: summary.clone(),
        }
    }

    /// The plan for renderers: values that must not be shown are gone from it.
    pub fn plan(&self) -> Plan {
        Plan {
            omni: self.omni.clone(),
            omni_version: self.omni_version.clone(),
            record: self.record.clone(),
            files_digest: self.files_digest.clone(),
            steps: self.steps.iter().map(BodyStep::step).collect(),
            waves: self.waves.clone(),
            gates: self.gates.clone(),
            scope: self.scope.clone(),
            unchanged: self.unchanged.clone(),
            lost: self.lost.clone(),
            placement: self.placement.clone(),
            not_up: self.not_up.clone(),
            warnings: self.warnings.clone(),
            unknown: self.unknown.clone(),
            unknown_subtrees: self.unknown_subtrees.clone(),
            summary: self.summary.clone(),
        }
    }

    /// Whether the operator's key made anything in it.
    pub fn is_keyed(&self) -> bool {
        self.steps.iter().any(|s| s.proof.as_ref().is_some_and(Proof::is_keyed))
    }

    /// Lineage and serial of the record that was planned with.
    pub fn record(&self) -> Option<(&str, u64)> {
        self.record.as_ref().map(|(lineage, serial)| (lineage.as_str(), *serial))
    }
}

/// Both sides of what a step sends.
fn sides(operation: &Operation) -> (Option<&Resource>, Option<&Resource>) {
    match operation {
        Operation::Create(after) => (None, Some(after)),
        Operation::Update { before, after } => (Some(before), Some(after)),
        Operation::Teardown { before, .. } => (Some(before), None),
        Operation::Record(resource) => (None, Some(resource)),
        Operation::Drop | Operation::Await(_) => (None, None),
    }
}

fn step(step: &Step, files: &str, key: Option<&DigestKey>) -> BodyStep {
    let Step {
        id,
        address,
        action,
        wave,
        operation,
        changes,
        effect,
        certainty,
        affects,
        notes,
        after: needs,
        source,
        position,
        seen,
        record,
        moved,
    } = step;
    let (before, after) = sides(operation);
    let (covered_before, covered_after) = masked(before, after);
    let want = record.as_ref().map(|r| wanted(r, covered_after.as_ref(), key));
    let hidden_before = before.filter(|b| covered_before.as_ref() != Some(*b));
    let unsaid = want.as_ref().is_some_and(|w| holds_digest(&w.spec));
    let hidden_after = after.filter(|a| covered_after.as_ref() != Some(*a) || unsaid);
    let covered = |plain: &Resource, covered: &Option<Resource>| {
        covered.clone().unwrap_or_else(|| Resource::new(plain.id.clone()))
    };
    BodyStep {
        id: *id,
        address: address.clone(),
        action: *action,
        wave: *wave,
        operation: match operation {
            Operation::Create(r) => BodyOperation::Create(covered(r, &covered_after)),
            Operation::Update { before, after } => BodyOperation::Update {
                before: covered(before, &covered_before),
                after: covered(after, &covered_after),
            },
            Operation::Teardown { id, before } => {
                BodyOperation::Teardown { id: id.clone(), before: covered(before, &covered_before) }
            }
            Operation::Record(r) => BodyOperation::Record(covered(r, &covered_after)),
            Operation::Drop => BodyOperation::Drop,
            Operation::Await(goal) => BodyOperation::Await(goal.clone()),
        },
        changes: changes.iter().map(change).collect(),
        effect: *effect,
        certainty: *certainty,
        affects: affects.clone(),
        notes: notes.clone(),
        after: needs.clone(),
        source: source.clone(),
        position: *position,
        seen: seen.as_ref().map(seen_of),
        want,
        moved: moved.clone(),
        proof: proof(hidden_before, hidden_after, seen.as_ref(), files, key),
    }
}

fn proof(
    before: Option<&Resource>,
    after: Option<&Resource>,
    seen: Option<&Seen>,
    files: &str,
    key: Option<&DigestKey>,
) -> Option<Proof> {
    if before.is_none() && after.is_none() {
        return None;
    }
    Some(match key {
        Some(key) => {
            let digest = |r: &Resource| key.digest(&content(r).canonical());
            Proof::Keyed { before: before.map(digest), after: after.map(digest) }
        }
        None => Proof::Bound {
            version: before.and(seen).map(|s| (s.created.clone(), s.version)),
            files: after.map(|_| files.to_owned()),
        },
    })
}

/// What a digest of a resource's secrets is made over.
pub(super) fn content(resource: &Resource) -> Value {
    let texts = |map: &std::collections::BTreeMap<String, String>| {
        let hidden = map
            .iter()
            .filter(|(k, v)| is_sensitive(std::slice::from_ref(*k), Some(&Value::from(v.as_str()))));
        Value::Map(hidden.map(|(k, v)| (k.clone(), v.as_str().into())).collect())
    };
    let mut out = Value::map();
    out.set("spec", resource.spec.clone());
    // Others may put labels there at any time; only those that are hidden have to be told apart here.
    out.set("labels", texts(&resource.labels));
    out.set("annotations", texts(&resource.annotations));
    out
}

/// What the files ask for: the remembered form, with embedded YAML as its text, secrets covered, where it has one.
fn wanted(record: &Resource, covered: Option<&Resource>, key: Option<&DigestKey>) -> Resource {
    let mut out = record.clone();
    if let Some(covered) = covered {
        texts(&mut out.spec, &covered.spec);
    }
    scrub(&mut out.spec, key);
    for text in out.labels.values_mut().chain(out.annotations.values_mut()) {
        scrub_text(text, key);
    }
    out
}

/// Puts the covered texts in the place of their remembered trees.
fn texts(remembered: &mut Value, covered: &Value) {
    match (remembered, covered) {
        (slot @ Value::Map(_), Value::Str(text)) if slot.get("$documents").is_some() => {
            *slot = text.as_str().into();
        }
        (Value::Map(map), Value::Map(covered)) => {
            for (key, value) in map {
                if let Some(covered) = covered.get(key) {
                    texts(value, covered);
                }
            }
        }
        _ => {}
    }
}

/// Digests of another key say nothing here, and would differ from run to run.
fn scrub(value: &mut Value, key: Option<&DigestKey>) {
    match value {
        Value::Str(text) => scrub_text(text, key),
        Value::List(items) => items.iter_mut().for_each(|v| scrub(v, key)),
        Value::Map(map) => map.values_mut().for_each(|v| scrub(v, key)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
    }
}

fn scrub_text(text: &mut String, key: Option<&DigestKey>) {
    if is_digest(text) && !key.is_some_and(|k| k.made(text)) {
        UNKNOWN.clone_into(text);
    }
}

fn holds_digest(value: &Value) -> bool {
    match value {
        Value::Str(text) => is_digest(text) || text == UNKNOWN,
        Value::List(items) => items.iter().any(holds_digest),
        Value::Map(map) => map.values().any(holds_digest),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => false,
    }
}

fn change(change: &Change) -> BodyChange {
    let Change { path, before, after, sensitive, formatting, cause, effect, certainty } = change;
    let sensitive = *sensitive || [before, after].into_iter().flatten().any(|v| is_sensitive(path, Some(v)));
    let value =
        |v: &Option<Value>| v.as_ref().map(|v| Is { is: if sensitive { HIDDEN.into() } else { v.clone() } });
    BodyChange {
        path: path.clone(),
        before: value(before),
        after: value(after),
        sensitive,
        formatting: *formatting,
        cause: *cause,
        effect: *effect,
        certainty: *certainty,
    }
}

fn seen_of(seen: &Seen) -> BodySeen {
    let Seen { version, phase, created, updated, finalizers, member } = seen;
    BodySeen {
        version: *version,
        phase: *phase,
        created: created.clone(),
        updated: updated.clone(),
        finalizers: finalizers.clone(),
        member: *member,
    }
}

impl BodyStep {
    fn step(&self) -> Step {
        Step {
            id: self.id,
            address: self.address.clone(),
            action: self.action,
            wave: self.wave,
            operation: match self.operation.clone() {
                BodyOperation::Create(r) => Operation::Create(r),
                BodyOperation::Update { before, after } => Operation::Update { before, after },
                BodyOperation::Teardown { id, before } => Operation::Teardown { id, before },
                BodyOperation::Record(r) => Operation::Record(r),
                BodyOperation::Drop => Operation::Drop,
                BodyOperation::Await(goal) => Operation::Await(goal),
            },
            changes: self.changes.iter().map(BodyChange::change).collect(),
            effect: self.effect,
            certainty: self.certainty,
            affects: self.affects.clone(),
            notes: self.notes.clone(),
            after: self.after.clone(),
            source: self.source.clone(),
            position: self.position,
            seen: self.seen.as_ref().map(|s| Seen {
                version: s.version,
                phase: s.phase,
                created: s.created.clone(),
                updated: s.updated.clone(),
                finalizers: s.finalizers.clone(),
                member: s.member,
            }),
            record: self.want.clone(),
            moved: self.moved.clone(),
        }
    }

    /// Identity in Omni, where the step is about one object.
    pub(super) fn id(&self) -> Option<&ResourceId> {
        match &self.operation {
            BodyOperation::Create(r) | BodyOperation::Record(r) => Some(&r.id),
            BodyOperation::Update { after, .. } => Some(&after.id),
            BodyOperation::Teardown { id, .. } => Some(id),
            BodyOperation::Drop | BodyOperation::Await(_) => None,
        }
    }
}

impl BodyChange {
    fn change(&self) -> Change {
        let value = |v: &Option<Is>| v.as_ref().map(|v| v.is.clone());
        Change {
            path: self.path.clone(),
            before: value(&self.before),
            after: value(&self.after),
            sensitive: self.sensitive,
            formatting: self.formatting,
            cause: self.cause,
            effect: self.effect,
            certainty: self.certainty,
        }
    }
}
