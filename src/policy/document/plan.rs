//! `plan`: what would be done, and what that does to machines.

use super::{list, map, maybe, texts};
use crate::diff::redact;
use crate::plan::{Action, Affected, Change, Operation, Plan, Step, Wave};
use crate::policy::cel::{Field, Of, Shape};
use crate::resource::Resource;
use crate::value::Value;

const EFFECTS: Of = Of::Word(&["none", "no-effect", "hot", "reboot", "unknown", "rebuild", "destroy"]);
const CERTAINTY: Of = Of::Word(&["server", "derived", "predicted"]);
const ACTIONS: Of =
    Of::Word(&["create", "update", "adopt", "adopt_update", "destroy", "release", "forget", "move", "await"]);

/// `plan`
pub static PLAN: Shape = Shape {
    name: "plan",
    fields: &[
        Field {
            name: "has_changes",
            of: Of::Truth,
            about: "whether applying it changes anything outside the record",
        },
        Field { name: "complete", of: Of::Truth, about: "whether everything that it needs was seen" },
        Field {
            name: "record",
            of: Of::Truth,
            about: "whether there is a record; without one nothing is removed",
        },
        Field { name: "omni", of: Of::Shape(&OMNI), about: "the server that was read" },
        Field { name: "summary", of: Of::Shape(&SUMMARY), about: "totals" },
        Field {
            name: "steps",
            of: Of::List(&Of::Shape(&STEP)),
            about: "what is done, in order; steps that only wait are among them",
        },
        Field {
            name: "lost",
            of: Of::List(&Of::Shape(&LOST)),
            about: "machines that will be lost, with the data on their disks",
        },
        Field {
            name: "waves",
            of: Of::List(&Of::Shape(&WAVE)),
            about: "the steps in groups that wait for one another",
        },
        Field {
            name: "unchanged",
            of: Of::List(&Of::Shape(&UNCHANGED)),
            about: "what is declared and has no step, and what belongs to others",
        },
        Field {
            name: "not_up",
            of: Of::List(&Of::Shape(&NOT_UP)),
            about: "declared clusters that are not up although the plan does not move them",
        },
        Field {
            name: "warnings",
            of: Of::List(&Of::Shape(&WARNING)),
            about: "what the planner and the guards found; policies are not among them",
        },
        Field {
            name: "scope",
            of: Of::Maybe(&Of::Shape(&SCOPE)),
            about: "what it was restricted to; null for a plan of everything",
        },
        Field { name: "unknown", of: Of::List(&Of::Text), about: "what could not be read, in words" },
    ],
};

static OMNI: Shape = Shape {
    name: "server",
    fields: &[
        Field { name: "endpoint", of: Of::Text, about: "its origin" },
        Field { name: "version", of: Of::Maybe(&Of::Text), about: "its version, as answered" },
    ],
};

static SUMMARY: Shape = Shape {
    name: "summary",
    fields: &[
        Field { name: "create", of: Of::Whole, about: "objects to create" },
        Field { name: "update", of: Of::Whole, about: "objects to change, adopted ones included" },
        Field { name: "destroy", of: Of::Whole, about: "objects to destroy" },
        Field { name: "adopt", of: Of::Whole, about: "objects adopted without a change" },
        Field { name: "release", of: Of::Whole, about: "objects released" },
        Field { name: "moved", of: Of::Whole, about: "entries of the record that get another address" },
        Field { name: "unchanged", of: Of::Whole, about: "declared objects that need nothing" },
        Field { name: "foreign", of: Of::Whole, about: "live objects in managed clusters that are not ours" },
        Field { name: "kept", of: Of::Whole, about: "labels, annotations and locks of others that stay" },
        Field { name: "machines_lost", of: Of::Whole, about: "machines that will be lost" },
        Field { name: "worst", of: EFFECTS, about: "worst effect on a machine" },
    ],
};

/// `step`, and each of `plan.steps`
pub static STEP: Shape = Shape {
    name: "step",
    fields: &[
        Field { name: "id", of: Of::Whole, about: "its number, from 0" },
        Field { name: "address", of: Of::Text, about: "what it is about" },
        Field {
            name: "cluster",
            of: Of::Maybe(&Of::Text),
            about: "name of the cluster that this belongs to",
        },
        Field {
            name: "kind",
            of: Of::Maybe(&Of::Text),
            about: "full Omni type, as `MachineSets.omni.sidero.dev`",
        },
        Field { name: "remote_id", of: Of::Maybe(&Of::Text), about: "id in Omni" },
        Field { name: "action", of: ACTIONS, about: "what it does" },
        Field { name: "wave", of: Of::Whole, about: "its wave, from 1" },
        Field { name: "effect", of: EFFECTS, about: "worst effect on machines" },
        Field { name: "certainty", of: CERTAINTY, about: "how sure that is" },
        Field {
            name: "fields",
            of: Of::List(&Of::Shape(&CHANGE)),
            about: "fields that change; of a create all that it sets",
        },
        Field { name: "affects", of: Of::List(&Of::Shape(&AFFECTED)), about: "machines that it touches" },
        Field { name: "before", of: Of::Any, about: "the resource as it is, or null" },
        Field { name: "after", of: Of::Any, about: "the resource as it will be, or null" },
        Field { name: "source", of: Of::Maybe(&Of::Text), about: "where it is declared, as `path:line`" },
    ],
};

static CHANGE: Shape = Shape {
    name: "change",
    fields: &[
        Field {
            name: "path",
            of: Of::List(&Of::Text),
            about: "path in the words of the file, one part per level",
        },
        Field { name: "before", of: Of::Any, about: "live value; null if absent or hidden" },
        Field { name: "after", of: Of::Any, about: "wanted value; null if it goes or is hidden" },
        Field { name: "sensitive", of: Of::Truth, about: "whether the values are hidden" },
        Field {
            name: "formatting",
            of: Of::Truth,
            about: "whether the text differs and its meaning does not",
        },
        Field { name: "cause", of: Of::Word(&["files", "drift", "both"]), about: "why it differs" },
        Field { name: "effect", of: EFFECTS, about: "what it does to machines" },
        Field { name: "certainty", of: CERTAINTY, about: "how sure that is" },
    ],
};

static AFFECTED: Shape = Shape {
    name: "affected machine",
    fields: &[
        Field {
            name: "machine",
            of: Of::Maybe(&Of::Text),
            about: "machine request or UUID; null if Omni chooses",
        },
        Field { name: "machine_set", of: Of::Maybe(&Of::Text), about: "address of its machine set" },
        Field { name: "vm", of: Of::Maybe(&Of::Text), about: "`node/vmid`, if known" },
        Field { name: "effect", of: EFFECTS, about: "what happens to it" },
        Field {
            name: "predicted",
            of: Of::Truth,
            about: "whether somebody else chooses, or the effect is not proved",
        },
    ],
};

static LOST: Shape = Shape {
    name: "lost machine",
    fields: &[
        Field { name: "address", of: Of::Text, about: "what takes it along" },
        Field {
            name: "machine",
            of: Of::Maybe(&Of::Text),
            about: "machine request or UUID; null if Omni chooses",
        },
        Field { name: "vm", of: Of::Maybe(&Of::Text), about: "`node/vmid`, if known" },
        Field { name: "effect", of: EFFECTS, about: "`rebuild` or `destroy`" },
        Field { name: "predicted", of: Of::Truth, about: "whether Omni chooses" },
    ],
};

static WAVE: Shape = Shape {
    name: "wave",
    fields: &[
        Field { name: "number", of: Of::Whole, about: "from 1" },
        Field { name: "title", of: Of::Text, about: "what people call it" },
        Field { name: "steps", of: Of::List(&Of::Whole), about: "ids of its steps" },
        Field { name: "disruption", of: EFFECTS, about: "worst effect on a machine" },
        Field {
            name: "machines",
            of: Of::Whole,
            about: "machines that reboot, are lost, or of which nobody knows",
        },
        Field {
            name: "etcd",
            of: Of::List(&Of::Shape(&ETCD)),
            about: "voters of each cluster whose control planes it touches",
        },
    ],
};

static ETCD: Shape = Shape {
    name: "voters",
    fields: &[
        Field { name: "cluster", of: Of::Text, about: "address of the cluster" },
        Field { name: "before", of: Of::Whole, about: "members before the wave" },
        Field { name: "after", of: Of::Whole, about: "members after it" },
        Field {
            name: "healthy",
            of: Of::Maybe(&Of::Whole),
            about: "healthy members before the wave, if that was seen",
        },
        Field { name: "lowest", of: Of::Maybe(&Of::Whole), about: "healthy members at its worst moment" },
        Field { name: "quorum", of: Of::Whole, about: "healthy members that etcd needs then" },
    ],
};

static UNCHANGED: Shape = Shape {
    name: "unchanged thing",
    fields: &[
        Field { name: "address", of: Of::Text, about: "what" },
        Field {
            name: "status",
            of: Of::Text,
            about: "`unchanged`, `adopted`, `foreign`, `blocked`, `not compared yet`",
        },
    ],
};

static NOT_UP: Shape = Shape {
    name: "cluster that is not up",
    fields: &[
        Field { name: "address", of: Of::Text, about: "the cluster" },
        Field { name: "blocker", of: Of::Text, about: "who or what is in the way" },
    ],
};

static WARNING: Shape = Shape {
    name: "warning",
    fields: &[
        Field { name: "code", of: Of::Text, about: "`OS0530`" },
        Field { name: "guard", of: Of::Maybe(&Of::Text), about: "`G02`, where a guard speaks" },
        Field { name: "address", of: Of::Maybe(&Of::Text), about: "what it is about" },
        Field { name: "message", of: Of::Text, about: "the sentence" },
        Field { name: "blocks", of: Of::Truth, about: "whether apply refuses" },
    ],
};

static SCOPE: Shape = Shape {
    name: "scope",
    fields: &[
        Field { name: "targets", of: Of::List(&Of::Text), about: "patterns of `--target`" },
        Field { name: "excludes", of: Of::List(&Of::Text), about: "patterns of `--exclude`" },
        Field { name: "clusters", of: Of::List(&Of::Text), about: "names of `--cluster`" },
        Field {
            name: "left_out",
            of: Of::Whole,
            about: "steps that the whole plan has and this one has not",
        },
    ],
};

/// The document.
pub(super) fn document(plan: &Plan) -> Value {
    let s = &plan.summary;
    map([
        ("has_changes", plan.steps.iter().any(|s| s.action.is_change()).into()),
        ("complete", plan.unknown.is_empty().into()),
        ("record", plan.record.is_some().into()),
        (
            "omni",
            map([("endpoint", plan.omni.as_str().into()), ("version", maybe(plan.omni_version.as_deref()))]),
        ),
        (
            "summary",
            map([
                ("create", s.create.into()),
                ("update", s.update.into()),
                ("destroy", s.destroy.into()),
                ("adopt", s.adopt.into()),
                ("release", s.release.into()),
                ("moved", s.moved.into()),
                ("unchanged", s.unchanged.into()),
                ("foreign", s.foreign.into()),
                ("kept", s.kept.into()),
                ("machines_lost", s.machines_lost.into()),
                ("worst", s.worst.word().into()),
            ]),
        ),
        ("steps", list(plan.steps.iter().map(step))),
        (
            "lost",
            list(plan.lost.iter().map(|l| {
                map([
                    ("address", l.address.to_string().into()),
                    ("machine", maybe(l.machine.as_deref())),
                    ("vm", maybe(l.vm.as_deref())),
                    ("effect", l.effect.word().into()),
                    ("predicted", l.predicted.into()),
                ])
            })),
        ),
        ("waves", list((1u32..).zip(&plan.waves).map(|(number, w)| wave(plan, number, w)))),
        (
            "unchanged",
            list(plan.unchanged.iter().map(|u| {
                map([("address", u.address.to_string().into()), ("status", u.status.as_str().into())])
            })),
        ),
        (
            "not_up",
            list(plan.not_up.iter().map(|n| {
                map([("address", n.address.to_string().into()), ("blocker", n.blocker.as_str().into())])
            })),
        ),
        (
            "warnings",
            list(plan.warnings.iter().filter(|w| w.rule.is_none()).map(|w| {
                map([
                    ("code", w.code.as_str().into()),
                    ("guard", maybe(w.guard.as_deref())),
                    ("address", maybe(w.address.as_ref().map(ToString::to_string))),
                    ("message", w.message.as_str().into()),
                    ("blocks", w.blocks.into()),
                ])
            })),
        ),
        (
            "scope",
            maybe(plan.scope.as_ref().map(|s| {
                map([
                    ("targets", texts(&s.targets)),
                    ("excludes", texts(&s.excludes)),
                    ("clusters", texts(&s.clusters)),
                    ("left_out", s.left_out.into()),
                ])
            })),
        ),
        ("unknown", texts(&plan.unknown)),
    ])
}

fn step(step: &Step) -> Value {
    let (before, after) = match &step.operation {
        Operation::Create(r) => (None, Some(r)),
        Operation::Update { before, after } => (Some(before), Some(after)),
        Operation::Teardown { before, .. } => (Some(before), None),
        Operation::Record(r) => (Some(r), Some(r)),
        Operation::Drop | Operation::Await(_) => (None, None),
    };
    let id = after.or(before).map(|r| &r.id);
    map([
        ("id", step.id.0.into()),
        ("address", step.address.to_string().into()),
        ("cluster", maybe(step.address.cluster_name())),
        ("kind", maybe(id.map(|i| i.kind.as_str()))),
        ("remote_id", maybe(id.map(|i| i.id.as_str()))),
        ("action", action(step.action).into()),
        ("wave", step.wave.into()),
        ("effect", step.effect.word().into()),
        ("certainty", certainty(step.certainty).into()),
        ("fields", list(step.changes.iter().map(change))),
        ("affects", list(step.affects.iter().map(affected))),
        ("before", whole(before)),
        ("after", whole(after)),
        ("source", maybe(step.source.as_deref())),
    ])
}

fn action(action: Action) -> &'static str {
    match action {
        // A name without a sign that means something in an expression.
        Action::AdoptUpdate => "adopt_update",
        other => other.word(),
    }
}

fn certainty(certainty: crate::kinds::Certainty) -> &'static str {
    match certainty {
        crate::kinds::Certainty::Server => "server",
        crate::kinds::Certainty::Derived => "derived",
        crate::kinds::Certainty::Predicted => "predicted",
    }
}

fn whole(resource: Option<&Resource>) -> Value {
    let json = resource.and_then(|r| serde_json::to_value(redact(r)).ok());
    json.as_ref().map_or(Value::Null, Value::from_json)
}

fn change(change: &Change) -> Value {
    let shown = |value: &Option<Value>| value.clone().filter(|_| !change.sensitive).unwrap_or_default();
    let cause = match change.cause {
        crate::plan::ChangeCause::Files => "files",
        crate::plan::ChangeCause::Drift => "drift",
        crate::plan::ChangeCause::Both => "both",
    };
    map([
        ("path", texts(&change.path)),
        ("before", shown(&change.before)),
        ("after", shown(&change.after)),
        ("sensitive", change.sensitive.into()),
        ("formatting", change.formatting.into()),
        ("cause", cause.into()),
        ("effect", change.effect.word().into()),
        ("certainty", certainty(change.certainty).into()),
    ])
}

fn affected(a: &Affected) -> Value {
    map([
        ("machine", maybe(a.machine.as_deref())),
        ("machine_set", maybe(a.machine_set.as_ref().map(ToString::to_string))),
        ("vm", maybe(a.vm.as_deref())),
        ("effect", a.effect.word().into()),
        ("predicted", a.predicted.into()),
    ])
}

fn wave(plan: &Plan, number: u32, wave: &Wave) -> Value {
    map([
        ("number", number.into()),
        ("title", wave.title.as_str().into()),
        ("steps", list(plan.steps.iter().filter(|s| s.wave == number).map(|s| s.id.0.into()))),
        ("disruption", wave.disruption.word().into()),
        ("machines", wave.machines.into()),
        (
            "etcd",
            list(wave.etcd.iter().map(|e| {
                map([
                    ("cluster", e.cluster.to_string().into()),
                    ("before", e.before.into()),
                    ("after", e.after.into()),
                    ("healthy", maybe(e.healthy)),
                    ("lowest", maybe(e.lowest)),
                    ("quorum", e.quorum.into()),
                ])
            })),
        ),
    ])
}
