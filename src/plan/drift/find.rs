//! Finding drift.

use std::collections::BTreeSet;

use super::files::{Files, together};
use super::model::{Deviation, Drift, DriftField, Drifted, FilesSay, Minor};
use crate::address::Address;
use crate::diff::{Difference, LOCKS, is_locked, since};
use crate::graph::{Desired, Prune, address_of};
use crate::live::Snapshot;
use crate::plan::scene::{MADE_BY_OMNI, MEMBER_TYPES, Readable, SYSTEM_PATCH, Scene};
use crate::plan::unread::{Gaps, subtree};
use crate::plan::{PlanInput, PlanOptions};
use crate::resource::{LiveResource, Phase, ResourceId};
use crate::secret::DigestKey;
use crate::state::model::{Entry, Record};
use crate::untrusted::Untrusted;

/// What a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct DriftInput<'a> {
    /// What the files ask for; they only say whether they agree.
    pub desired: &'a Desired,
    /// What one refresh saw.
    pub snapshot: &'a Snapshot,
    /// What was applied; without it there is no drift.
    pub record: Option<&'a Record>,
    /// The key of the record's digests.
    pub key: Option<&'a DigestKey>,
    /// What is looked at.
    pub options: PlanOptions<'a>,
}

/// Compares what was applied with what is live. Same inputs, same bytes.
pub fn drift(input: &DriftInput<'_>) -> Drift {
    let DriftInput { desired, snapshot, record, key, options } = *input;
    let scene = Scene::new(PlanInput { desired, snapshot, record, key, options });
    let mut out = Drift {
        omni: snapshot.omni.endpoint.clone(),
        omni_version: snapshot.omni.version.known().cloned(),
        record: record.map(|r| (r.lineage.clone(), r.serial)),
        scope: scene.selection().map(super::super::Selection::scope),
        compared: 0,
        drifted: Vec::new(),
        minor: Vec::new(),
        not_recorded: 0,
        incomparable: 0,
        unknown: Vec::new(),
        unknown_subtrees: Vec::new(),
    };
    let Some(record) = record else { return out };
    let mut gaps = Gaps::default();
    let taken = |a: &&Address| scene.takes(a);
    for (address, entry) in record.entries.iter().filter(|(a, _)| scene.takes(a)) {
        match address.kind() {
            "container" | "files" => {}
            "provider" => provider(&scene, address, &mut out, &mut gaps),
            _ => one(&scene, address, entry, &mut out, &mut gaps),
        }
    }
    let managed: BTreeSet<&str> = record.entries.keys().filter_map(Address::cluster_name).collect();
    let recorded = record.entries.values().filter_map(|e| e.id.as_ref());
    let ours: BTreeSet<&ResourceId> =
        recorded.chain(scene.desired.values().map(|d| &d.resource.id)).collect();
    for cluster in managed {
        members(&scene, cluster, &ours, &mut out, &mut gaps);
    }
    let declared = scene.desired.keys().copied().filter(taken);
    out.not_recorded = number(declared.filter(|a| scene.entry(a).is_none()).count());
    out.drifted.sort_by(|a, b| (&a.address, a.deviation).cmp(&(&b.address, b.deviation)));
    out.minor.sort();
    out.unknown = gaps.lines;
    out.unknown_subtrees = gaps.subtrees.into_values().collect();
    out
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn unread(gaps: &mut Gaps, address: &Address, short: &str, why: &str) {
    let line = format!("`{short}` could not be read ({why})");
    gaps.add(&subtree(address), &line, 1);
    if !gaps.lines.contains(&line) {
        gaps.lines.push(line);
    }
}

fn declared(scene: &Scene<'_>, address: &Address) -> FilesSay {
    if scene.desired.contains_key(address) { FilesSay::AsApplied } else { FilesSay::NotDeclared }
}

/// A provider is not ours to make; that it is registered is all that can change.
fn provider(scene: &Scene<'_>, address: &Address, out: &mut Drift, gaps: &mut Gaps) {
    let short = "InfraProviderCombinedStatuses";
    match scene.readable(short) {
        Readable::No(why) => unread(gaps, address, short, &why),
        Readable::Unsupported => {}
        Readable::Yes => {
            out.compared += 1;
            if scene.snapshot().omni.find(short, address.name()).is_none() {
                let named = scene.input.desired.providers.iter().any(|p| p.id == address.name());
                out.drifted.push(Drifted {
                    files: if named { FilesSay::AsApplied } else { FilesSay::NotDeclared },
                    note: Some("it is no longer registered in Omni".to_owned()),
                    ..item(address, ResourceId::default_ns("InfraProviders", address.name()), Deviation::Gone)
                });
            }
        }
    }
}

fn item(address: &Address, id: ResourceId, deviation: Deviation) -> Drifted {
    Drifted {
        address: address.clone(),
        id,
        machine: None,
        deviation,
        fields: Vec::new(),
        files: FilesSay::AsApplied,
        when: None,
        who: None,
        note: None,
    }
}

/// Something that we made or adopted.
fn one(scene: &Scene<'_>, address: &Address, entry: &Entry, out: &mut Drift, gaps: &mut Gaps) {
    let Some(id) = entry.id.as_ref().filter(|id| Scene::is_known_kind(id)) else { return };
    let short = id.short_kind();
    if let Readable::No(why) = scene.readable(short) {
        return unread(gaps, address, short, &why);
    }
    out.compared += 1;
    let files = declared(scene, address);
    let push = |out: &mut Drift, deviation, note: Option<String>, live: Option<&LiveResource>| {
        out.drifted.push(Drifted {
            files,
            note,
            machine: machine(scene, id),
            when: live.map(|l| l.updated.clone()),
            ..item(address, id.clone(), deviation)
        });
    };
    let Some(live) = scene.live(id) else { return push(out, Deviation::Gone, None, None) };
    if !live.owner.is_empty() {
        let owner = Untrusted::new(&live.owner).line(80);
        let note = format!("Omni's controller `{owner}` owns it now");
        return push(out, Deviation::TakenOver, Some(note), Some(live));
    }
    if live.phase == Phase::TearingDown {
        return push(out, Deviation::Leaving, None, Some(live));
    }
    let Some(applied) = &entry.applied else { return };
    let (prune, newer, key) = (scene.prune(address), scene.newer_templates(), scene.input.key);
    let found = since(applied, &live.resource, prune, newer, key);
    out.incomparable = out.incomparable.saturating_add(found.incomparable);
    let (layout, changed): (Vec<Difference>, Vec<Difference>) =
        found.differences.into_iter().partition(|d| d.formatting);
    out.minor.extend(layout.iter().map(|_| Minor {
        address: address.clone(),
        what: "only the formatting of its text differs".to_owned(),
    }));
    let locked = is_locked(&live.resource) && !is_locked(applied);
    if prune == Prune::Record {
        marks(address, applied, live, out);
    }
    // A lock is told as a lock and not as an annotation, even where annotations of others are ours to take away.
    let lock =
        |d: &Difference| d.wanted.is_none() && d.path.get(1).is_some_and(|k| LOCKS.contains(&k.as_str()));
    let changed: Vec<Difference> = changed.into_iter().filter(|d| !(locked && lock(d))).collect();
    if locked {
        push(out, Deviation::Locked, None, Some(live));
    }
    if changed.is_empty() {
        return;
    }
    let declared = scene.desired.get(address).copied();
    let say = Files { declared, applied, live, prune, newer, key }.say(&changed);
    let fields = changed.into_iter().zip(&say).map(|(d, files)| DriftField {
        path: d.path,
        applied: d.wanted.filter(|_| !d.sensitive),
        live: d.live.filter(|_| !d.sensitive),
        sensitive: d.sensitive,
        files: *files,
    });
    out.drifted.push(Drifted {
        machine: machine(scene, id),
        fields: fields.collect(),
        files: together(&say),
        when: Some(live.updated.clone()),
        ..item(address, id.clone(), Deviation::Changed)
    });
}

/// Labels and annotations of others on what is ours: they stay, and are counted.
fn marks(address: &Address, applied: &crate::resource::Resource, live: &LiveResource, out: &mut Drift) {
    let theirs = |word: &str, key: &String| Minor {
        address: address.clone(),
        what: format!("{word} `{}` of others", Untrusted::new(key).line(80)),
    };
    let labels = live.resource.labels.keys().filter(|k| !applied.labels.contains_key(*k));
    out.minor.extend(labels.map(|k| theirs("label", k)));
    let annotations = live.resource.annotations.keys();
    let annotations =
        annotations.filter(|k| !applied.annotations.contains_key(*k) && !LOCKS.contains(&k.as_str()));
    out.minor.extend(annotations.map(|k| theirs("annotation", k)));
}

/// The machine that something is about, as people know it.
fn machine(scene: &Scene<'_>, id: &ResourceId) -> Option<String> {
    let of_machine =
        matches!(id.short_kind(), "MachineSetNodes" | "KernelArgs" | "MachineInstallDiskConfigs");
    of_machine.then(|| Untrusted::new(scene.machine_name(&id.id)).line(120))
}

/// What stands in a cluster of ours and is not ours, and machines of it that somebody locked.
fn members(scene: &Scene<'_>, cluster: &str, ours: &BTreeSet<&ResourceId>, out: &mut Drift, gaps: &mut Gaps) {
    let root = Address::cluster(cluster);
    let concerned = scene
        .selection()
        .is_none_or(|s| s.targets(&root) && !s.excludes(&root) || s.clusters.iter().any(|c| c == cluster));
    for short in MEMBER_TYPES {
        if let Readable::No(why) = scene.readable(short)
            && concerned
        {
            unread(gaps, &root, short, &why);
        }
    }
    for live in scene.members(cluster) {
        let id = &live.resource.id;
        let Some(address) = address_of(&live.resource).filter(|a| scene.takes(a)) else { continue };
        if ours.contains(id) || live.resource.labels.contains_key(SYSTEM_PATCH) {
            continue;
        }
        out.drifted.push(Drifted {
            files: FilesSay::NotDeclared,
            machine: machine(scene, id),
            when: Some(live.created.clone()),
            ..item(&address, id.clone(), Deviation::Foreign)
        });
    }
    let nodes = scene.in_cluster("MachineSetNodes", cluster);
    let made = nodes.iter().filter(|n| n.resource.labels.contains_key(MADE_BY_OMNI));
    for node in made.filter(|n| is_locked(&n.resource)) {
        let address = root.child("node", &node.resource.id.id);
        if scene.takes(&address) {
            out.drifted.push(Drifted {
                files: FilesSay::NotDeclared,
                machine: machine(scene, &node.resource.id),
                when: Some(node.updated.clone()),
                ..item(&address, node.resource.id.clone(), Deviation::Locked)
            });
        }
    }
}
