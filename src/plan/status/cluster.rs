//! A cluster as a whole, and which clusters are shown.

use std::collections::{BTreeMap, BTreeSet};

use super::machine::Wanted;
use super::model::{ClusterStatus, Counts, Next, Role, SetStatus, Status, Up, Versions, Vm};
use super::phase::{ClusterPhase, Stage};
use super::set::{Sets, counts};
use super::sight::{annotated, flag, name, number};
use super::upgrade::upgrade;
use super::vm::Vms;
use crate::address::Address;
use crate::graph::{DesiredCluster, DesiredResource};
use crate::live::{Snapshot, placement};
use crate::plan::facts::{ClusterFacts, Wanted as Amount, facts};
use crate::plan::goal::{self, GoalState};
use crate::plan::scene::{Readable, Scene};
use crate::plan::{Desired, PlanInput, PlanOptions};
use crate::resource::{LiveResource, Phase, ResourceId, TYPE_SUFFIX};

/// Types whose members make up a cluster that no file declares.
const UNDECLARED: [&str; 4] = ["Clusters", "MachineSets", "MachineSetNodes", "ConfigPatches"];

/// What a status is made from.
#[derive(Clone, Copy, Debug)]
pub struct StatusInput<'a> {
    /// What the files ask for.
    pub desired: &'a Desired,
    /// What one look saw.
    pub snapshot: &'a Snapshot,
    /// Clusters asked for by name; none: all that the files declare.
    pub chosen: &'a [String],
    /// Whether clusters that no file declares are shown too.
    pub all: bool,
    /// Sentences about what was not asked, each naming its Proxmox cluster.
    pub blind: &'a [String],
}

/// How the chosen clusters stand. A chosen name that neither the files nor Omni know is a cluster that is in neither.
pub fn status(input: &StatusInput<'_>) -> Status {
    let scene = Scene::new(PlanInput {
        desired: input.desired,
        snapshot: input.snapshot,
        record: None,
        key: None,
        options: PlanOptions::default(),
    });
    let vms = Vms::new(input.desired, input.snapshot);
    let declared: BTreeSet<&str> = input.desired.clusters.iter().map(|c| c.name.as_str()).collect();
    let omni: BTreeSet<&str> =
        input.snapshot.omni.list("Clusters").iter().map(|c| c.resource.id.id.as_str()).collect();
    let mut shown: BTreeSet<&str> = input.chosen.iter().map(String::as_str).collect();
    if input.chosen.is_empty() {
        shown.clone_from(&declared);
    }
    if input.all {
        shown.extend(&omni);
        shown.extend(&declared);
    }
    let undeclared = omni.difference(&declared).copied();
    Status {
        omni: name(&input.snapshot.omni.endpoint),
        omni_version: input.snapshot.omni.version.known().map(|v| name(v)),
        clusters: shown.iter().map(|cluster| one(&scene, &vms, cluster)).collect(),
        others: undeclared.filter(|c| !shown.contains(c)).map(name).collect(),
        proxmox: vms.clusters(input.blind),
        unread: unread(input.snapshot),
    }
}

/// Types of a look that the server did not show, in one line each.
fn unread(snapshot: &Snapshot) -> Vec<String> {
    let unknown = snapshot.omni.types.iter().filter_map(|(kind, seen)| Some((kind, seen.unknown()?)));
    unknown
        .map(|(kind, why)| format!("`{}` could not be read ({})", kind.trim_end_matches(TYPE_SUFFIX), why.0))
        .collect()
}

fn one(scene: &Scene<'_>, vms: &Vms<'_>, cluster: &str) -> ClusterStatus {
    let template = scene.declared_cluster(cluster);
    let live = scene.live(&ResourceId::default_ns("Clusters", cluster));
    let status = scene.live(&ResourceId::default_ns("ClusterStatuses", cluster));
    let files = template.map(facts);
    let asked = facts(&as_template(scene, cluster));
    let version = |facts: &ClusterFacts, pick: fn(&ClusterFacts) -> &String| {
        Some(name(pick(facts).trim_start_matches('v'))).filter(|v| !v.is_empty())
    };
    let versions = |short: &str, pick: fn(&ClusterFacts) -> &String| Versions {
        files: files.as_ref().and_then(|f| version(f, pick)),
        omni: version(&asked, pick),
        upgrade: upgrade(scene, short, cluster),
    };
    let kubernetes = versions("KubernetesUpgradeStatuses", |f| &f.kubernetes);
    let talos = versions("TalosUpgradeStatuses", |f| &f.talos);
    let sets = Sets {
        scene,
        vms,
        cluster,
        wanted: Wanted { template, kubernetes: &kubernetes, talos: &talos },
        files: files.as_ref(),
        omni: &asked,
    };
    let machine_sets = sets.all();
    let not_applied = match &files {
        Some(files) if live.is_some() => not_applied(files, &asked),
        _ => Vec::new(),
    };
    let leaving = live.is_some_and(|l| l.phase == Phase::TearingDown);
    let ready = status.is_some_and(|s| flag(s, &["ready"]));
    let known = template.is_some() || UNDECLARED.iter().all(|short| read(scene, short));
    let facts = files.as_ref().unwrap_or(&asked);
    let cni = known.then_some(facts.cni);
    let mut stand = stand(scene, cluster, facts, live, known);
    if stand.up == Up::No && !stand.failing && !not_applied.is_empty() {
        // What machines are compared with is not what Omni was asked for: its progress says nothing.
        stand.blocker = Some("the files ask for what Omni has not been asked for yet".to_owned());
    }
    if stand.up == Up::Yes
        && let Some(who) = on_its_way_out(&machine_sets)
    {
        // Omni calls a cluster running again seconds before the last machine, and its VM, is gone.
        stand = Stand { up: Up::No, blocker: Some(who), failing: false, notes: stand.notes };
    }
    let mut next = Vec::new();
    if template.is_some() && read(scene, "Clusters") && (live.is_none() || !not_applied.is_empty()) {
        next.push(Next::Plan);
    }
    let mut notes = stand.notes;
    if cni == Some(false) && !ready && stand.up == Up::Yes {
        notes.push("its patches leave no CNI: nodes stay NotReady until one is installed".to_owned());
        next.push(Next::InstallCni);
    }
    notes.extend(survival(&machine_sets));
    if template.is_none() && live.is_some() {
        notes.push("no file declares it".to_owned());
    }
    ClusterStatus {
        name: name(cluster),
        declared: template.is_some(),
        in_omni: live.is_some(),
        up: stand.up,
        blocker: stand.blocker,
        failing: stand.failing,
        notes,
        not_applied,
        next,
        phase: ClusterPhase::of(status.map_or(0, |s| number(s, &["phase"]))),
        ready,
        cni,
        machines: status.map_or_else(Counts::default, counts),
        locked: live.is_some_and(|l| annotated(l, "cluster-locked")),
        leaving,
        kubernetes,
        talos,
        machine_sets,
    }
}

/// What the loss of one Proxmox node would cost, if it would cost the cluster its control plane.
fn survival(sets: &[SetStatus]) -> Option<String> {
    let planes = sets.iter().filter(|s| s.role == Role::ControlPlane).flat_map(|s| &s.machines);
    let (mut by_node, mut unplaced) = (BTreeMap::new(), 0);
    for machine in planes {
        match &machine.vm {
            Vm::Found { proxmox, node, .. } => {
                *by_node.entry(format!("{proxmox}/{node}")).or_default() += 1;
            }
            Vm::NotFound | Vm::Several { .. } | Vm::NotRead | Vm::NotNamed | Vm::Elsewhere => unplaced += 1,
        }
    }
    // A single control plane survives nothing by design.
    (by_node.values().sum::<usize>() + unplaced > 1)
        .then(|| placement::survival(&by_node, unplaced).warning())
        .flatten()
}

/// A machine that is leaving a set, or a request on its way out.
fn on_its_way_out(sets: &[SetStatus]) -> Option<String> {
    let leaving = |set: &SetStatus| {
        let machine =
            set.machines.iter().find(|m| matches!(m.stage, Stage::Destroying | Stage::BeforeDestroy));
        let machine = machine.map(|m| m.request.clone().unwrap_or_else(|| m.id.clone()));
        machine.or_else(|| set.missing.iter().find(|m| m.leaving).map(|m| m.id.clone()))
    };
    sets.iter().find_map(|set| Some(format!("`{}` is leaving `{}`", leaving(set)?, set.id)))
}

/// Whether a cluster is up.
struct Stand {
    up: Up,
    blocker: Option<String>,
    failing: bool,
    notes: Vec<String>,
}

/// Asks the goal that apply waits for.
fn stand(
    scene: &Scene<'_>,
    cluster: &str,
    facts: &ClusterFacts,
    live: Option<&LiveResource>,
    known: bool,
) -> Stand {
    let no = |up: Up, why: String| Stand { up, blocker: Some(why), failing: false, notes: Vec::new() };
    let goal = goal::of_cluster(cluster, facts);
    let unread = goal::types(&goal)
        .iter()
        .map(|(short, _)| *short)
        .chain(["Clusters"])
        .find(|short| !read(scene, short));
    if let Some(short) = unread {
        return no(Up::Unknown, format!("`{short}` could not be read"));
    }
    match live {
        None => return no(Up::No, "Omni does not have this cluster".to_owned()),
        Some(l) if l.phase == Phase::TearingDown => {
            return no(Up::No, "it is being destroyed".to_owned());
        }
        Some(_) if !known => {
            return no(Up::Unknown, "what it asks for could not be read".to_owned());
        }
        Some(_) => {}
    }
    match goal::goal_state(&goal, &scene.snapshot().omni) {
        GoalState::Reached(notes) => Stand { up: Up::Yes, blocker: None, failing: false, notes },
        GoalState::Waiting(why) => no(Up::No, why),
        GoalState::Failing(why) => Stand { failing: true, ..no(Up::No, why) },
    }
}

fn read(scene: &Scene<'_>, short: &str) -> bool {
    scene.readable(short) == Readable::Yes
}

/// The resources of a cluster in Omni in the place of a template, so that both are counted by the same rules.
fn as_template(scene: &Scene<'_>, cluster: &str) -> DesiredCluster {
    let address = Address::cluster(cluster);
    let own = scene.live(&ResourceId::default_ns("Clusters", cluster));
    let members = UNDECLARED.iter().skip(1).flat_map(|short| scene.in_cluster(short, cluster)).copied();
    let resources = own
        .into_iter()
        .chain(members.filter(|l| l.phase == Phase::Running))
        .map(|l| DesiredResource {
            address: address.child("member", &l.resource.id.id),
            resource: l.resource.clone(),
            source: None,
        })
        .collect();
    DesiredCluster { name: cluster.to_owned(), resources, ..DesiredCluster::default() }
}

/// What the files ask for and Omni's own resources do not, in words. Sets that no file names are left alone, as plans do.
fn not_applied(files: &ClusterFacts, omni: &ClusterFacts) -> Vec<String> {
    let mut out = Vec::new();
    for (what, wanted, asked) in
        [("Kubernetes", &files.kubernetes, &omni.kubernetes), ("Talos", &files.talos, &omni.talos)]
    {
        if wanted != asked {
            out.push(format!(
                "the files ask for {what} v{}, Omni is asked for v{}",
                name(wanted),
                name(asked)
            ));
        }
    }
    let amount = |wanted: Amount| match wanted {
        Amount::Count(1) => "1 machine".to_owned(),
        Amount::Count(n) => format!("{n} machines"),
        Amount::Unlimited => "all machines of its class".to_owned(),
    };
    for (id, set) in &files.sets {
        match omni.sets.get(id) {
            None => out.push(format!("`{}` is in the files and not in Omni", name(id))),
            Some(asked) if asked.wanted != set.wanted => out.push(format!(
                "the files ask for {} of `{}`, Omni is asked for {}",
                amount(set.wanted),
                name(id),
                amount(asked.wanted)
            )),
            Some(_) => {}
        }
    }
    out
}
