//! What a plan was decided from, so that apply can say what changed since: object, field, old and new.
//!
//! Kept are the objects of users' kinds that the plan writes, and those beside them that it depends on: the members of every
//! cluster it touches and the classes of their machine sets. What it concluded from statuses (which machines are up, which
//! Omni would take first) stands in the plan itself, and the fresh plan must conclude the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::body::{Proof, content};
use crate::address::Address;
use crate::diff::{Difference, compare, masked};
use crate::graph::edges::class_of_set;
use crate::graph::{Prune, address_of};
use crate::kinds::written;
use crate::live::Snapshot;
use crate::plan::{Action, Operation, Plan};
use crate::resource::{LiveResource, Resource, ResourceId};
use crate::secret::DigestKey;

/// Why an object was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The plan writes it.
    Write,
    /// The plan was decided with a view to it.
    Depends,
}

/// One object that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// Identity in Omni.
    pub id: ResourceId,
    /// Address, where it has one.
    pub address: Option<Address>,
    /// Why it was read.
    pub role: Role,
    /// What was there; `None` if nothing was.
    there: Option<There>,
}

/// What was there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct There {
    /// Labels, annotations and spec in normal form, secrets covered.
    intent: Resource,
    /// Time of creation, as answered: another one means that somebody made the id anew.
    created: String,
    /// What stands for its secrets.
    proof: Option<Proof>,
}

/// What happened to an object since the plan was made.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// It is gone.
    Gone,
    /// It is there now.
    Made,
    /// It was deleted and made anew.
    MadeAnew,
    /// Fields differ; none of them where all that differs is hidden.
    Changed(Vec<Difference>),
}

/// An object that is not what the plan saw.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadChange {
    /// Identity in Omni.
    pub id: ResourceId,
    /// Address, where it has one.
    pub address: Option<Address>,
    /// Why it was read.
    pub role: Role,
    /// What happened.
    pub what: What,
    /// When Omni says that it was last written, as answered; empty for what is gone.
    pub updated: String,
}

/// What a plan touches.
struct Touched {
    writes: BTreeMap<ResourceId, Address>,
    clusters: BTreeSet<String>,
}

impl Touched {
    fn by(plan: &Plan) -> Self {
        let mut writes = BTreeMap::new();
        let mut clusters = BTreeSet::new();
        for step in plan.steps.iter().filter(|s| s.action != Action::Await) {
            let id = match &step.operation {
                Operation::Create(r) | Operation::Record(r) => Some(&r.id),
                Operation::Update { after, .. } => Some(&after.id),
                Operation::Teardown { id, .. } => Some(id),
                Operation::Drop | Operation::Await(_) => None,
            };
            writes.extend(id.map(|id| (id.clone(), step.address.clone())));
            clusters.extend(step.address.cluster_name().map(str::to_owned));
        }
        Self { writes, clusters }
    }

    /// Whether the plan looked at an object that it does not write.
    fn depends(&self, live: &LiveResource, classes: &BTreeSet<&str>, machines: &BTreeSet<&str>) -> bool {
        let id = &live.resource.id;
        match id.short_kind() {
            "Clusters" => self.clusters.contains(&id.id),
            "MachineClasses" => classes.contains(id.id.as_str()),
            "KernelArgs" | "MachineInstallDiskConfigs" => machines.contains(id.id.as_str()),
            "MachineSets" if class_of_set(&live.resource).is_some_and(|c| self.writes_class(c)) => true,
            _ => self.is_member(live),
        }
    }

    fn is_member(&self, live: &LiveResource) -> bool {
        live.resource.omni_label("cluster").is_some_and(|c| self.clusters.contains(c))
    }

    fn writes_class(&self, class: &str) -> bool {
        self.writes.contains_key(&ResourceId::default_ns("MachineClasses", class))
    }

    fn reads(&self, snapshot: &Snapshot, key: Option<&DigestKey>) -> Vec<Read> {
        let mut out: BTreeMap<ResourceId, Read> = BTreeMap::new();
        for (id, address) in &self.writes {
            let live = snapshot.omni.find(id.short_kind(), &id.id).filter(|l| l.resource.id == *id);
            let there = live.map(|l| There::of(l, key));
            let (id, address) = (id.clone(), Some(address.clone()));
            out.insert(id.clone(), Read { id, address, role: Role::Write, there });
        }
        let members = |short: &str| snapshot.omni.list(short).iter().filter(|l| self.is_member(l));
        let classes: BTreeSet<&str> =
            members("MachineSets").filter_map(|set| class_of_set(&set.resource)).collect();
        let machines: BTreeSet<&str> =
            members("MachineSetNodes").map(|node| node.resource.id.id.as_str()).collect();
        for live in written().flat_map(|kind| snapshot.omni.list(kind.short)) {
            let id = &live.resource.id;
            if out.contains_key(id) || !live.owner.is_empty() || !self.depends(live, &classes, &machines) {
                continue;
            }
            out.insert(
                id.clone(),
                Read {
                    id: id.clone(),
                    address: address_of(&live.resource),
                    role: Role::Depends,
                    there: Some(There::of(live, key)),
                },
            );
        }
        out.into_values().collect()
    }
}

impl There {
    fn of(live: &LiveResource, key: Option<&DigestKey>) -> Self {
        let (covered, _) = masked(Some(&live.resource), None);
        let intent = covered.unwrap_or_else(|| Resource::new(live.resource.id.clone()));
        let hidden = intent != live.resource;
        let proof = hidden.then(|| match key {
            Some(key) => {
                Proof::Keyed { before: Some(key.digest(&content(&live.resource).canonical())), after: None }
            }
            None => Proof::Bound { version: Some((live.created.clone(), live.version)), files: None },
        });
        Self { intent, created: live.created.clone(), proof }
    }
}

impl Read {
    /// Everything that `plan` was decided from. `key` makes what stands for secrets.
    pub fn all(plan: &Plan, snapshot: &Snapshot, key: Option<&DigestKey>) -> Vec<Self> {
        Touched::by(plan).reads(snapshot, key)
    }

    /// What is not as `saved` has it in what `plan`, which was decided from it, touches. `key` is the one that made the
    /// digests of `saved`.
    pub fn changes(
        saved: &[Self],
        plan: &Plan,
        snapshot: &Snapshot,
        key: Option<&DigestKey>,
    ) -> Vec<ReadChange> {
        let touched = Touched::by(plan);
        let now: BTreeMap<ResourceId, Self> =
            touched.reads(snapshot, key).into_iter().map(|r| (r.id.clone(), r)).collect();
        let was: BTreeMap<&ResourceId, &Self> = saved.iter().map(|r| (&r.id, r)).collect();
        let mut out = Vec::new();
        let ids: BTreeSet<&ResourceId> = was.keys().copied().chain(now.keys()).collect();
        for id in ids {
            let before = was.get(id).copied();
            let Some(read) = before.or_else(|| now.get(id)) else { continue };
            // What a plan depended on may have left its clusters without being gone.
            let live = snapshot.omni.find(id.short_kind(), &id.id).filter(|l| l.resource.id == *id);
            let there = live.map(|l| There::of(l, key));
            let Some(what) = what(before.and_then(|b| b.there.as_ref()), there.as_ref()) else { continue };
            out.push(ReadChange {
                id: id.clone(),
                address: read.address.clone(),
                role: read.role,
                what,
                // What was never updated answers with the beginning of time; such texts sort as their times do.
                updated: live.map(|l| l.updated.clone().max(l.created.clone())).unwrap_or_default(),
            });
        }
        out.sort_by(|a, b| (a.role, &a.address, &a.id).cmp(&(b.role, &b.address, &b.id)));
        out
    }
}

fn what(was: Option<&There>, is: Option<&There>) -> Option<What> {
    match (was, is) {
        (None, None) => None,
        (Some(_), None) => Some(What::Gone),
        (None, Some(_)) => Some(What::Made),
        (Some(was), Some(is)) if was.created != is.created => Some(What::MadeAnew),
        (Some(was), Some(is)) => {
            let differences = compare(&was.intent, &is.intent, None, Prune::Template, None);
            let hidden = was.proof != is.proof;
            (hidden || !differences.is_empty()).then_some(What::Changed(differences))
        }
    }
}
