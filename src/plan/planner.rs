//! The planner: desired, live and remembered state in, an ordered plan out.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::{self, Decision};
use super::machines::Machines;
use super::moves::Moves;
use super::rules::codes;
use super::scene::{SYSTEM_PATCH, Scene};
use super::scope::{self, Narrowed};
use super::unread::Unread;
use super::{Action, Draft, Plan, PlanInput, Unchanged, Warning, check};
use super::{awaits, effects, order, providers, rules, summary, waves};
use crate::address::Address;
use crate::diag::Diagnostic;
use crate::graph::{Cycle, Desired, DesiredCluster, Graph, Prune, address_of, out_of_order};
use crate::kinds::{KERNEL_ARGS, MACHINE_INSTALL_DISK_CONFIGS};
use crate::live::Observation;
use crate::resource::{LiveResource, ResourceId};

/// Makes the plan. Same inputs, same bytes. Every plan passes [`check`] before anybody sees it.
///
/// # Errors
/// Contradictions in the files: one address declared twice, things that need each other in a circle.
pub fn plan(input: &PlanInput<'_>) -> Result<Plan, Vec<Diagnostic>> {
    twice(input)?;
    let graph =
        Graph::build(input.desired).map_err(|c| vec![Diagnostic::error(codes::CIRCLE, c.to_string())])?;
    phases(input.desired, &graph)?;
    let moves = Moves::new(input);
    let scene = Scene::new(PlanInput { record: moves.record(input), ..*input });
    let unread = Unread::find(&scene, &graph);
    let mut work = Work::new(&scene, &unread);

    let mut found = providers::Providers::default();
    if input.desired.removal.is_none() {
        found = providers::decide(&scene);
        providers::removed(&scene, &mut found);
        for declared in &input.desired.classes {
            work.declared(declared);
        }
    }
    for cluster in &input.desired.clusters {
        work.cluster(cluster);
    }
    work.removals();

    let Work { mut drafts, mut unchanged, mut warnings, hidden, .. } = work;
    drafts.extend(found.drafts);
    unchanged.extend(found.unchanged);
    moves.mark(&scene, &mut drafts, &mut unchanged);
    unchanged.retain(|u| scene.takes(&u.address));
    let circle = |c: Cycle| vec![Diagnostic::error(codes::CIRCLE, c.to_string())];
    let Narrowed { mut drafts, left, scope } = scope::narrow(&scene, drafts).map_err(circle)?;
    let machines = Machines::new(&scene);
    effects::judge(&scene, &machines, &mut drafts);
    let (waiting, not_up) = awaits::awaits(&scene, &unread, &drafts, &left);
    unchanged.sort_by(|a, b| a.address.cmp(&b.address));
    warnings.extend(found.warnings);
    warnings.extend(rules::judge(&scene, &drafts, &unchanged));
    warnings.extend(rules::target_alone(&scene, &left));
    warnings.extend(moves.findings(input, &drafts));
    let concerns = scope::Concerns::new(&scene, &graph, &drafts);
    warnings.retain(|w| w.address.as_ref().is_none_or(|a| concerns.about(a)));
    let (more, placement) = rules::ahead(&scene, &drafts);
    warnings.extend(more);
    warnings.sort_by(|a, b| {
        (!a.blocks, &a.code, &a.address, &a.message).cmp(&(!b.blocks, &b.code, &b.address, &b.message))
    });
    warnings.dedup();
    let mut gaps = unread.gaps(&scene, &graph, &hidden);
    for (address, line) in found.unknown.into_iter().filter(|(a, _)| concerns.about(a)) {
        gaps.add(&address, &line, 0);
        gaps.lines.insert(0, line);
    }
    rules::out_of_reach(&scene, &concerns, &mut gaps);
    let mut lost: Vec<_> = drafts.iter().flat_map(|d| d.lost.clone()).collect();
    lost.sort_by(|a, b| a.address.cmp(&b.address));
    // A machine can be lost by two steps, as with its cluster and by itself.
    let mut named = BTreeSet::new();
    lost.retain(|l| l.machine.as_ref().is_none_or(|m| named.insert(m.clone())));
    drafts.extend(waiting);
    let (steps, course) = order::order(&scene, drafts).map_err(circle)?;
    let waves = waves::waves(&scene, &machines, &steps, course.waves);
    let kept = if input.desired.removal.is_some() { 0 } else { rules::kept::marks(&scene).len() };
    let summary = summary::summary(&steps, &unchanged, &lost, kept);
    let version = match &input.snapshot.omni.version {
        Observation::Known(v) => Some(v.clone()),
        Observation::Absent | Observation::Unknown(_) => None,
    };
    let plan = Plan {
        omni: input.snapshot.omni.endpoint.clone(),
        omni_version: version,
        record: input.record.map(|r| (r.lineage.clone(), r.serial)),
        files_digest: input.desired.files_digest.clone(),
        steps,
        waves,
        gates: course.gates,
        scope,
        unchanged,
        lost,
        placement,
        not_up,
        warnings,
        unknown: gaps.lines,
        unknown_subtrees: gaps.subtrees.into_values().collect(),
        summary,
    };
    let notes = check(&plan, scene.input.record, input.desired);
    if notes.is_empty() {
        return Ok(plan);
    }
    Err(notes
        .into_iter()
        .map(|n| {
            Diagnostic::error(codes::BUG, format!("the plan contradicts itself: {n}"))
                .help("this is a bug of omni-scale; nothing was sent")
        })
        .collect())
}

/// One address, or one resource, is declared once.
fn twice(input: &PlanInput<'_>) -> Result<(), Vec<Diagnostic>> {
    let mut addresses = BTreeMap::new();
    let mut identities: BTreeMap<&ResourceId, &Address> = BTreeMap::new();
    let mut problems = Vec::new();
    let clusters = input.desired.clusters.iter().flat_map(|c| &c.resources);
    for declared in input.desired.classes.iter().chain(clusters) {
        let place = declared.source.clone().unwrap_or_else(|| "the files".to_owned());
        if let Some(first) = addresses.insert(&declared.address, place.clone()) {
            problems.push(
                Diagnostic::error(codes::TWICE, format!("`{}` is declared twice", declared.address))
                    .note(format!("in {first} and in {place}")),
            );
        } else if let Some(other) = identities.insert(&declared.resource.id, &declared.address) {
            problems.push(
                Diagnostic::error(
                    codes::ONE_RESOURCE,
                    format!("`{other}` and `{}` are one resource in Omni", declared.address),
                )
                .note(format!("both are `{}`", declared.resource.id)),
            );
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// What contradicts the order of the phases in the spec, as problems of the files.
///
/// # Errors
/// One for each edge.
pub fn phases(desired: &Desired, graph: &Graph) -> Result<(), Vec<Diagnostic>> {
    let problems: Vec<Diagnostic> = out_of_order(desired, graph)
        .into_iter()
        .map(|edge| {
            let diagnostic = Diagnostic::error(codes::PHASES, edge.to_string());
            let place = edge.declared.map(|s| format!("phase `{}` is declared in {s}", edge.phase));
            place.into_iter().fold(diagnostic, Diagnostic::note).help(format!(
                "put `{}` into phase `{}` or an earlier one, or `{}` into a later one",
                edge.needed, edge.phase, edge.address
            ))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

struct Work<'s, 'a> {
    scene: &'s Scene<'a>,
    unread: &'s Unread,
    drafts: Vec<Draft<'a>>,
    unchanged: Vec<Unchanged>,
    warnings: Vec<Warning>,
    /// Removals that are not planned, because something was not read.
    hidden: BTreeSet<Address>,
}

impl<'s, 'a> Work<'s, 'a> {
    fn new(scene: &'s Scene<'a>, unread: &'s Unread) -> Self {
        Self { scene, unread, drafts: vec![], unchanged: vec![], warnings: vec![], hidden: BTreeSet::new() }
    }

    fn declared(&mut self, declared: &'a crate::graph::DesiredResource) {
        if self.unread.skips(&declared.address) {
            return;
        }
        let (warning, decision) = decide::declared(self.scene, declared);
        self.warnings.extend(warning);
        match decision {
            Decision::Step(draft) => self.drafts.push(*draft),
            Decision::Unchanged(unchanged) => self.unchanged.push(unchanged),
            Decision::Blocked(warning) => {
                self.unchanged.push(Unchanged {
                    address: declared.address.clone(),
                    status: "blocked".to_owned(),
                    note: Some(warning.message.clone()),
                });
                self.warnings.push(*warning);
            }
        }
    }

    fn cluster(&mut self, cluster: &'a DesiredCluster) {
        let removal = self.scene.input.desired.removal.is_some();
        for declared in cluster.resources.iter().filter(|_| !removal) {
            self.declared(declared);
        }
        let wanted: BTreeSet<&ResourceId> = cluster.resources.iter().map(|d| &d.resource.id).collect();
        let others: Vec<&LiveResource> = self
            .scene
            .members(&cluster.name)
            .into_iter()
            .filter(|l| !wanted.contains(&l.resource.id))
            .collect();
        match cluster.prune {
            Prune::Template => self.prune_like_sync(cluster, &others, &wanted),
            Prune::Record if removal => {}
            Prune::Record => {
                for live in others {
                    let Some(address) = address_of(&live.resource) else { continue };
                    let ours = self.scene.entry(&address).is_some();
                    if ours || live.resource.labels.contains_key(SYSTEM_PATCH) {
                        continue;
                    }
                    self.unchanged.push(Unchanged { address, status: "foreign".to_owned(), note: None });
                }
            }
        }
    }

    /// The rule of `omnictl cluster template sync`: what the template does not name goes.
    fn prune_like_sync(
        &mut self,
        cluster: &DesiredCluster,
        others: &[&'a LiveResource],
        wanted: &BTreeSet<&ResourceId>,
    ) {
        let root = ResourceId::default_ns("Clusters", &cluster.name);
        let whole = if wanted.contains(&root) { None } else { self.scene.live(&root) };
        if let Some(live) = whole {
            self.remove(&Address::cluster(&cluster.name), Some(live));
        }
        let sets: BTreeSet<&str> = others
            .iter()
            .filter(|l| l.resource.id.short_kind() == "MachineSets")
            .map(|l| l.resource.id.id.as_str())
            .collect();
        for live in others {
            let implied = live.resource.id.short_kind() == "MachineSetNodes"
                && live.resource.omni_label("machine-set").is_some_and(|s| sets.contains(s));
            // A cluster that goes takes everything of its own along, as Omni does it; machines go with their set.
            let with_cluster = whole.is_some() && live.resource.id.short_kind() != "MachineSetNodes";
            if implied || with_cluster {
                continue;
            }
            if let Some(address) = address_of(&live.resource) {
                self.remove(&address, Some(live));
            }
        }
        for node in self.scene.members(&cluster.name) {
            let id = &node.resource.id;
            if id.short_kind() != "MachineSetNodes" {
                continue;
            }
            for kind in [&KERNEL_ARGS, &MACHINE_INSTALL_DISK_CONFIGS] {
                let of_machine = kind.id(&id.id);
                let live = self.scene.live(&of_machine);
                let Some(live) = live.filter(|l| l.owner.is_empty() && !wanted.contains(&of_machine)) else {
                    continue;
                };
                let address = Address::cluster(&cluster.name).child(kind.address, &id.id);
                if !self.concerns(&address) {
                    continue;
                }
                if self.unread.hides_removal(&address) {
                    self.hidden.insert(address);
                    continue;
                }
                // What carries no mark of a template is no matter of sync's.
                let draft = decide::removed(self.scene, &address, Some(live));
                if draft.action != Action::Forget {
                    self.drafts.push(draft);
                }
            }
        }
        if self.unread.hides_members() {
            self.hidden.insert(Address::cluster(&cluster.name));
        }
    }

    /// Whether something is to be looked at: everything, unless a person named what is to go.
    fn concerns(&self, address: &Address) -> bool {
        self.scene.input.desired.removal.as_ref().is_none_or(|r| r.covers(address))
    }

    fn remove(&mut self, address: &Address, live: Option<&'a LiveResource>) {
        if !self.concerns(address) {
            return;
        }
        if self.unread.hides_removal(address) {
            self.hidden.insert(address.clone());
            return;
        }
        if self.drafts.iter().any(|d| d.address == *address && d.is_removal()) {
            return;
        }
        // What was never in the record cannot be forgotten, and what is retained is nobody's to remove.
        if live.is_some_and(|l| decide::retained(self.scene, address, l).is_some())
            && self.scene.entry(address).is_none()
        {
            return;
        }
        self.drafts.push(decide::removed(self.scene, address, live));
    }

    /// What the record holds and the files no longer name, and what a person named.
    fn removals(&mut self) {
        let scene = self.scene;
        let entries = scene.input.record.into_iter().flat_map(|r| &r.entries);
        let recorded = entries
            .filter(|(a, _)| !matches!(a.kind(), "provider" | "container" | "files"))
            .filter(|(a, _)| !scene.desired.contains_key(*a))
            .map(|(a, e)| (a, e.id.as_ref()));
        // By sync's rule what goes was found live already.
        let named = scene.input.desired.removal.iter().flat_map(|r| &r.resources);
        let named = named
            .filter(|d| scene.prune(&d.address) == Prune::Record)
            .map(|d| (&d.address, Some(&d.resource.id)));
        let ids: BTreeMap<&Address, Option<&ResourceId>> =
            named.chain(recorded).filter(|(a, _)| self.concerns(a)).collect();
        let gone: Vec<&Address> = ids.keys().copied().collect();
        // An object that the files have under another address is theirs: only the old entry goes.
        let declared: BTreeMap<&ResourceId, &Address> =
            scene.desired.iter().map(|(a, d)| (&d.resource.id, *a)).collect();
        let elsewhere: BTreeMap<&Address, String> = ids
            .iter()
            .filter_map(|(a, id)| {
                let now = declared.get((*id)?).filter(|now| **now != *a)?;
                Some((*a, format!("the files have the same object as `{now}`")))
            })
            .collect();
        let live: BTreeMap<&Address, Option<&'a LiveResource>> = ids
            .iter()
            .map(|(a, id)| (*a, id.filter(|id| Scene::is_known_kind(id)).and_then(|id| scene.live(id))))
            .collect();
        // A cluster or a machine set that goes takes what lies below it along.
        let takes = |parent: &Address| {
            live.get(parent).copied().flatten().is_some_and(|l| l.owner.is_empty())
                && !self.unread.hides_removal(parent)
        };
        let mut implied: BTreeMap<&Address, String> = BTreeMap::new();
        for address in &gone {
            let Some(cluster) = address.cluster_name().map(Address::cluster) else { continue };
            if cluster != **address
                && takes(&cluster)
                && !matches!(address.kind(), "kernelargs" | "installdisk")
            {
                implied.insert(address, "goes with its cluster".to_owned());
                continue;
            }
            let set = live
                .get(address)
                .copied()
                .flatten()
                .filter(|l| l.resource.id.short_kind() == "MachineSetNodes")
                .and_then(|l| l.resource.omni_label("machine-set"))
                .map(|s| ResourceId::default_ns("MachineSets", s));
            let set_goes = set.is_some_and(|set| ids.iter().any(|(a, id)| *id == Some(&set) && takes(a)));
            if set_goes {
                implied.insert(address, "goes with its machine set".to_owned());
            }
        }
        implied.extend(elsewhere);
        for address in gone {
            let live = live.get(address).copied().flatten();
            let note = implied.remove(address).or_else(|| self.goes_elsewhere(address, live?));
            match note {
                // What was never in the record cannot be forgotten.
                Some(_) if scene.entry(address).is_none() => {}
                Some(note) => {
                    let mut draft = Draft::new(address, Action::Forget, super::Operation::Drop);
                    draft.live = live;
                    draft.notes.push(note);
                    self.drafts.push(draft);
                }
                None => {
                    if live.is_some() || scene.entry(address).is_some() {
                        self.remove(address, live);
                    }
                }
            }
        }
    }

    /// By sync's rule an object may go already, under the address that it has now.
    fn goes_elsewhere(&self, address: &Address, live: &LiveResource) -> Option<String> {
        let same = |d: &&Draft<'_>| {
            d.action == Action::Destroy && d.live.is_some_and(|o| o.resource.id == live.resource.id)
        };
        let now = self.drafts.iter().find(same).filter(|d| d.address != *address)?;
        Some(format!("goes as `{}`", now.address))
    }
}
