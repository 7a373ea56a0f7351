//! One address at a time: what is wanted, what is there and what we remember give one action, or none.

use super::draft::Draft;
use super::rules::codes;
use super::scene::{MANAGED, Readable, Scene};
use super::{Action, Change, Operation, Unchanged, Warning};
use crate::address::Address;
use crate::diff::{self, carry, compare, keep_unsayable, remembered, same_record};
use crate::graph::{DesiredResource, Prune};
use crate::kinds::{Certainty, Effect};
use crate::resource::{LiveResource, Phase, Resource};

/// What came of one address.
pub(super) enum Decision<'a> {
    /// A step.
    Step(Box<Draft<'a>>),
    /// Nothing to do.
    Unchanged(Unchanged),
    /// Nothing can be done; the reason is a block.
    Blocked(Box<Warning>),
}

impl Decision<'_> {
    fn unchanged(address: &Address) -> Self {
        Self::Unchanged(Unchanged { address: address.clone(), status: "unchanged".to_owned(), note: None })
    }
}

fn block(code: &str, address: &Address, message: String, help: &str) -> Warning {
    Warning {
        code: code.to_owned(),
        address: Some(address.clone()),
        message,
        blocks: true,
        help: Some(help.to_owned()),
        // What belongs to somebody else.
        guard: matches!(code, codes::OWNED | codes::OTHER_CLUSTER).then(|| "G12".to_owned()),
        ..Warning::default()
    }
}

/// Something declared. Its type is readable, or unknown to the server.
pub(super) fn declared<'a>(
    scene: &Scene<'a>,
    declared: &'a DesiredResource,
) -> (Option<Warning>, Decision<'a>) {
    let address = &declared.address;
    let wanted = &declared.resource;
    let short = wanted.id.short_kind();
    if scene.readable(short) == Readable::Unsupported {
        let message = format!("this Omni does not know `{short}`, which `{address}` needs");
        return (
            None,
            Decision::Blocked(Box::new(block(
                codes::UNSUPPORTED,
                address,
                message,
                "upgrade Omni, or take it out of the template",
            ))),
        );
    }
    let key = scene.input.key;
    let entry = scene.entry(address);
    let applied = entry.and_then(|e| e.applied.as_ref());
    let Some(live) = scene.live(&wanted.id) else {
        let mut draft = Draft::new(address, Action::Create, Operation::Create(wanted.clone()));
        draft.wanted = Some(wanted);
        draft.record = Some(remembered(wanted, key));
        draft.source.clone_from(&declared.source);
        draft.changes = content(wanted);
        if entry.is_some() {
            draft.notes.push("was there after the last apply and is gone; it is made again".to_owned());
        }
        return (None, Decision::Step(Box::new(draft)));
    };
    let prune = scene.prune(address);
    if !live.owner.is_empty() {
        let owner = crate::untrusted::Untrusted::new(&live.owner).line(80);
        let message = format!(
            "`{address}` exists already and belongs to Omni's controller `{owner}`, which alone may change it"
        );
        return (
            None,
            Decision::Blocked(Box::new(block(
                codes::OWNED,
                address,
                message,
                "choose another name or `idOverride`",
            ))),
        );
    }
    let mut warning = None;
    if live.phase == Phase::TearingDown {
        let message = format!("`{address}` is being torn down; wait until it is gone");
        let w = block(
            codes::TEARING_DOWN,
            address,
            message,
            "plan again once it is gone; it is then created anew",
        );
        if prune == Prune::Record {
            return (None, Decision::Blocked(Box::new(w)));
        }
        warning = Some(w);
    }
    if let (Some(was), Some(is)) = (live.resource.omni_label("cluster"), wanted.omni_label("cluster"))
        && was != is
    {
        let was = crate::untrusted::Untrusted::new(was).line(80);
        let message = format!("`{address}` belongs to cluster `{was}` now; Omni does not move it");
        let w = block(
            codes::OTHER_CLUSTER,
            address,
            message,
            "take it out of that cluster first, and wait until it is free",
        );
        if prune == Prune::Record {
            return (None, Decision::Blocked(Box::new(w)));
        }
        warning = Some(w);
    }
    let mut after = carry(&live.resource, wanted, applied, prune);
    if prune == Prune::Record {
        keep_unsayable(&live.resource, &mut after, scene.newer_templates());
    }
    let mut differences = compare(&live.resource, &after, applied, prune, key);
    if prune == Prune::Record && diff::only_marks(&differences) {
        differences.clear();
    }
    let torn = warning.as_ref().is_some_and(|w| w.code == codes::TEARING_DOWN);
    if differences.is_empty() && !torn {
        let current = entry.is_some() && applied.is_some_and(|a| same_record(a, wanted, key));
        if current {
            return (warning, Decision::unchanged(address));
        }
        let mut draft = Draft::new(address, Action::Adopt, Operation::Record(wanted.clone()));
        draft.live = Some(live);
        draft.wanted = Some(wanted);
        draft.record = Some(remembered(wanted, key));
        draft.source.clone_from(&declared.source);
        if entry.is_some() {
            draft.notes.push("already as the files ask; the record is brought up to date".to_owned());
        }
        return (warning, Decision::Step(Box::new(draft)));
    }
    let action = if entry.is_some() { Action::Update } else { Action::AdoptUpdate };
    let operation = Operation::Update { before: live.resource.clone(), after };
    let mut draft = Draft::new(address, action, operation);
    draft.changes = differences.into_iter().map(change).collect();
    draft.live = Some(live);
    draft.wanted = Some(wanted);
    draft.record = Some(remembered(wanted, key));
    draft.source.clone_from(&declared.source);
    if draft.changes.iter().any(|c| c.formatting) {
        draft.notes.push(
            "only the formatting of the text differs; Omni compares text, so it is written, and nothing else follows"
                .to_owned(),
        );
    }
    (warning, Decision::Step(Box::new(draft)))
}

/// Something that the files no longer name and that goes.
pub(super) fn removed<'a>(scene: &Scene<'a>, address: &Address, live: Option<&'a LiveResource>) -> Draft<'a> {
    let forget = |note: &str| {
        let mut draft = Draft::new(address, Action::Forget, Operation::Drop);
        draft.live = live;
        draft.notes.push(note.to_owned());
        draft
    };
    let Some(live) = live else { return forget("is gone already") };
    if !live.owner.is_empty() {
        return forget("belongs to one of Omni's controllers now");
    }
    if let Some(by) = retained(scene, address, live) {
        return forget(&format!(
            "stays in Omni, and only the record lets go of it: `lifecycle.retain` has `{by}`"
        ));
    }
    let short = live.resource.id.short_kind();
    let leaves =
        short == "KernelArgs" || (short == "MachineInstallDiskConfigs" && !stays(scene, address, live));
    if leaves || (short == "MachineInstallDiskConfigs" && !live.resource.annotations.contains_key(MANAGED)) {
        return release(address, live)
            .unwrap_or_else(|| forget("carries no mark of a template; it stays as it is"));
    }
    let operation = Operation::Teardown { id: live.resource.id.clone(), before: live.resource.clone() };
    let mut draft = Draft::new(address, Action::Destroy, operation);
    draft.live = Some(live);
    if live.phase == Phase::TearingDown {
        draft.notes.push("is being torn down already; apply waits until it is gone".to_owned());
    } else if scene.input.desired.removal.is_some() {
        draft.notes.push("asked for with `--destroy`".to_owned());
    } else if scene.entry(address).is_some() {
        draft.notes.push("no longer in the files".to_owned());
    } else {
        draft.notes.push(
            "not in the template, and `clusters.prune: template` removes what it does not name".to_owned(),
        );
    }
    draft
}

/// The entry of `lifecycle.retain` by which something stays: its own, or that of the machine set which it belongs to.
pub(super) fn retained(scene: &Scene<'_>, address: &Address, live: &LiveResource) -> Option<String> {
    let lifecycle = &scene.input.desired.lifecycle;
    let set = || {
        let (cluster, set) = (address.cluster_name()?, live.resource.omni_label("machine-set")?);
        let name = set.strip_prefix(cluster).and_then(|s| s.strip_prefix('-')).unwrap_or(set);
        lifecycle.retains(&Address::cluster(cluster).child("machineset", name))
    };
    let by = lifecycle.retains(address).or_else(set)?;
    Some(crate::untrusted::Untrusted::new(by.glob.as_str()).line(160))
}

/// Whether the machine of something keeps its place in the cluster. Then an install disk that the files no longer name goes, so
/// that Omni chooses again; the disk of a machine that leaves is a property of the machine.
fn stays(scene: &Scene<'_>, address: &Address, live: &LiveResource) -> bool {
    let cluster = address.cluster_name().and_then(|c| scene.declared_cluster(c));
    cluster.is_some_and(|c| {
        c.resources.iter().any(|d| {
            let id = &d.resource.id;
            id.short_kind() == "MachineSetNodes" && id.id == live.resource.id.id
        })
    })
}

/// Kernel arguments, and install disks of machines that leave, are released: the mark goes, the values stay.
pub(super) fn release<'a>(address: &Address, live: &'a LiveResource) -> Option<Draft<'a>> {
    if !live.resource.annotations.contains_key(MANAGED) {
        return None;
    }
    let mut after = live.resource.clone();
    after.annotations.remove(MANAGED);
    let operation = Operation::Update { before: live.resource.clone(), after };
    let mut draft = Draft::new(address, Action::Release, operation);
    draft.live = Some(live);
    let what =
        if live.resource.id.short_kind() == "KernelArgs" { "the arguments stay" } else { "the choice stays" };
    draft.notes.push(format!("no longer in the files: {what}, only the mark goes"));
    Some(draft)
}

fn change(difference: diff::Difference) -> Change {
    Change {
        path: difference.path,
        before: difference.live,
        after: difference.wanted,
        sensitive: difference.sensitive,
        formatting: difference.formatting,
        cause: difference.cause,
        effect: Effect::None,
        certainty: Certainty::Derived,
    }
}

/// Everything that a new resource says, as fields that appear; Omni's own labels and annotations say only where it belongs.
fn content(wanted: &Resource) -> Vec<Change> {
    let nothing = Resource::new(wanted.id.clone());
    compare(&nothing, wanted, None, Prune::Record, None)
        .into_iter()
        .filter(|d| !d.path.get(1).is_some_and(|k| k.starts_with(crate::resource::OMNI_PREFIX)))
        // The name of a patch stands in its id already.
        .filter(|d| d.path != ["annotations", "name"])
        .map(change)
        .collect()
}
