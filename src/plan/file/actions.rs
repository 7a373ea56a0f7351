//! What a plan does, apart from everything that may differ between two plans that do the same.

use std::collections::{BTreeMap, BTreeSet};

use super::body::{Body, BodyOperation, BodyStep, Is, Proof};
use crate::address::Address;
use crate::kinds::Effect;
use crate::plan::{Action, Moved, StepId};
use crate::resource::Resource;
use crate::secret::sha256;
use crate::value::Value;

/// What stands in front of what is digested, so that these digests are no others.
const DOMAIN: &str = "omni-scale.actions/1\n";

/// One step that two plans do not share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionChange {
    /// What it is about.
    pub address: Address,
    /// What the first plan does; `None` if it has no such step.
    pub was: Option<Action>,
    /// What the second one does; `None` if it has no such step.
    pub is: Option<Action>,
    /// Where both do the same to the address: what about it differs, in words.
    pub parts: Vec<&'static str>,
}

/// `sha256:` and 64 hexadecimal digits over what a plan does.
///
/// In: the Omni; each step's address, action, identity, fields with both values, what is wanted, effect, machines that are
/// disturbed, and which steps come before it; machines that are lost; what blocks and what was lifted, by whom; the scope;
/// whether the plan is complete. Out: times, versions, serials, notes, numbers of steps and waves, waiting steps, VMs' nodes,
/// and what others put on objects.
pub fn digest(body: &Body) -> String {
    format!("sha256:{}", sha256(format!("{DOMAIN}{}", actions(body).canonical()).as_bytes()))
}

fn actions(body: &Body) -> Value {
    let mut out = Value::map();
    out.set("omni", body.omni.as_str().into());
    out.set("complete", body.unknown.is_empty().into());
    if let Some(scope) = &body.scope {
        let mut partial = Value::map();
        partial.set("targets", strings(&scope.targets));
        partial.set("excludes", strings(&scope.excludes));
        partial.set("clusters", strings(&scope.clusters));
        out.set("scope", partial);
    }
    out.set("steps", sorted(steps(body).into_values().map(|(_, value)| value).collect()));
    out.set("lost", lost(body));
    out.set("blocks", blocks(body));
    out
}

/// What the steps do, by address and action.
fn steps(body: &Body) -> BTreeMap<(Address, &'static str), (Action, Value)> {
    let by: BTreeMap<StepId, &BodyStep> = body.steps.iter().map(|s| (s.id, s)).collect();
    let doing = body.steps.iter().filter(|s| s.action != Action::Await);
    doing.map(|s| ((s.address.clone(), s.action.word()), (s.action, step(s, &by)))).collect()
}

fn step(step: &BodyStep, by: &BTreeMap<StepId, &BodyStep>) -> Value {
    let mut out = Value::map();
    out.set("address", step.address.to_string().into());
    out.set("action", step.action.word().into());
    if let Some(id) = step.id() {
        out.set("id", id.to_string().into());
    }
    out.set("effect", step.effect.word().into());
    let fields = step.changes.iter().map(|c| {
        let mut field = Value::map();
        field.set("path", strings(&c.path));
        for (name, value) in [("before", &c.before), ("after", &c.after)] {
            if let Some(Is { is }) = value {
                field.set(name, is.clone());
            }
        }
        field.set("formatting", c.formatting.into());
        field
    });
    out.set("fields", Value::List(fields.collect()));
    match &step.moved {
        Some(Moved::EntryFrom(a)) => out.set("entry_from", a.to_string().into()),
        Some(Moved::MadeFor(a)) => out.set("made_for", a.to_string().into()),
        Some(Moved::MadeAs(a)) => out.set("made_as", a.to_string().into()),
        None => {}
    }
    if let Some(want) = &step.want {
        out.set("want", resource(want));
    }
    // What goes was looked at by somebody; what they saw must still be what goes. Labels on it are not.
    if let BodyOperation::Teardown { before, .. } = &step.operation {
        out.set("gone", before.spec.clone());
    }
    if let Some(proof) = &step.proof {
        out.set("hidden", self::proof(proof));
    }
    let disturbed = step.affects.iter().filter(|a| a.effect >= Effect::Reboot);
    let machines: BTreeSet<(String, &str)> =
        disturbed.map(|a| (a.machine.clone().unwrap_or_else(|| "?".to_owned()), a.effect.word())).collect();
    out.set(
        "machines",
        Value::List(machines.into_iter().map(|(m, e)| Value::List(vec![m.into(), e.into()])).collect()),
    );
    let mut needs = BTreeSet::new();
    needed(step, by, &mut BTreeSet::new(), &mut needs);
    out.set("after", Value::List(needs.into_iter().map(Value::from).collect()));
    out
}

/// What comes before a step; what only waits is looked through, because it comes and goes with the health of clusters.
fn needed(
    step: &BodyStep,
    by: &BTreeMap<StepId, &BodyStep>,
    seen: &mut BTreeSet<StepId>,
    out: &mut BTreeSet<String>,
) {
    for need in step.after.iter().filter_map(|(id, _)| by.get(id)) {
        if !seen.insert(need.id) {
            continue;
        }
        if need.action == Action::Await {
            needed(need, by, seen, out);
        } else {
            out.insert(format!("{} {}", need.action.word(), need.address));
        }
    }
}

fn resource(resource: &Resource) -> Value {
    let texts = |map: &BTreeMap<String, String>| {
        Value::Map(map.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect())
    };
    let mut out = Value::map();
    out.set("labels", texts(&resource.labels));
    out.set("annotations", texts(&resource.annotations));
    out.set("spec", resource.spec.clone());
    out
}

fn proof(proof: &Proof) -> Value {
    let text = |t: &Option<String>| t.as_deref().map_or(Value::Null, Value::from);
    let mut out = Value::map();
    match proof {
        Proof::Keyed { before, after } => {
            out.set("before", text(before));
            out.set("after", text(after));
        }
        Proof::Bound { version, files } => {
            if let Some((created, version)) = version {
                out.set("created", created.as_str().into());
                out.set("version", Value::Int(i128::from(*version)));
            }
            out.set("files", text(files));
        }
    }
    out
}

fn lost(body: &Body) -> Value {
    let all = body.lost.iter().map(|l| {
        let mut out = Value::map();
        out.set("address", l.address.to_string().into());
        out.set("machine", l.machine.as_deref().map_or(Value::Null, Value::from));
        out.set("effect", l.effect.word().into());
        out
    });
    sorted(all.collect())
}

/// What blocks and what was lifted. Their sentences hold ages and counts that change by the minute.
fn blocks(body: &Body) -> Value {
    let all = body.warnings.iter().filter(|w| w.blocks || w.lifted.is_some()).map(|w| {
        let text = |t: &Option<String>| t.as_deref().map_or(Value::Null, Value::from);
        let mut out = Value::map();
        out.set("code", w.code.as_str().into());
        out.set("address", text(&w.address.as_ref().map(ToString::to_string)));
        out.set("guard", text(&w.guard));
        out.set("rule", text(&w.rule));
        out.set("lifted", text(&w.lifted.as_ref().map(|l| l.by.clone())));
        out
    });
    sorted(all.collect())
}

fn sorted(mut values: Vec<Value>) -> Value {
    values.sort_by_cached_key(Value::canonical);
    values.dedup();
    Value::List(values)
}

fn strings(texts: &[String]) -> Value {
    Value::List(texts.iter().map(|t| t.as_str().into()).collect())
}

/// What the steps of two plans do not share, by address.
pub(super) fn changes(was: &Body, is: &Body) -> Vec<ActionChange> {
    let (old, new) = (steps(was), steps(is));
    let mut out = Vec::new();
    for (key, (action, value)) in &old {
        let other = new.get(key);
        if other.is_some_and(|(_, other)| other == value) {
            continue;
        }
        out.push(ActionChange {
            address: key.0.clone(),
            was: Some(*action),
            is: other.map(|(action, _)| *action),
            parts: other.map(|(_, other)| parts(value, other)).unwrap_or_default(),
        });
    }
    for (key, (action, _)) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
        match out.iter_mut().find(|c| c.address == key.0 && c.is.is_none()) {
            Some(same) => same.is = Some(*action),
            None => {
                let (address, is) = (key.0.clone(), Some(*action));
                out.push(ActionChange { address, was: None, is, parts: Vec::new() });
            }
        }
    }
    out.sort_by(|a, b| a.address.cmp(&b.address));
    out
}

/// Parts of a step in the words of people.
const PARTS: [(&str, &str); 9] = [
    ("id", "the object"),
    ("effect", "the effect on machines"),
    ("fields", "the fields that change"),
    ("want", "what the files ask for"),
    ("gone", "what is there"),
    ("hidden", "a value that is not shown"),
    ("machines", "the machines that are disturbed"),
    ("after", "what comes before it"),
    ("action", "the action"),
];

fn parts(was: &Value, is: &Value) -> Vec<&'static str> {
    PARTS.iter().filter(|(key, _)| was.get(key) != is.get(key)).map(|(_, words)| *words).collect()
}

/// Whether what is lost, blocked, or in scope differs, in words.
pub(super) fn others(was: &Body, is: &Body) -> Vec<&'static str> {
    let (old, new) = (actions(was), actions(is));
    let all = [
        ("omni", "the Omni"),
        ("complete", "whether everything could be read"),
        ("scope", "the scope"),
        ("lost", "the machines that are lost"),
        ("blocks", "what blocks, or what was lifted"),
    ];
    all.into_iter().filter(|(key, _)| old.get(key) != new.get(key)).map(|(_, words)| words).collect()
}
