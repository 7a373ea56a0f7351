//! A plan whose every text is drawn from somewhere. The literals name every field, so that a new one must be thought of.

use std::collections::BTreeMap;

use omni_scale::address::Address;
use omni_scale::checks::placement::{
    Batch, Failure, Fate, NodeRoom, Outlook, ProviderAt, Room, Stand, StorageRoom, Survival, Without,
};
use omni_scale::kinds::{Certainty, Effect};
use omni_scale::plan::{
    Action, Affected, Change, ChangeCause, EtcdVoters, Gate, Goal, Lifted, Lost, Moved, NotUp, Operation,
    Plan, Related, Scope, Seen, Step, StepId, Summary, Unchanged, UnknownSubtree, Warning, Wave,
};
use omni_scale::resource::{Phase, Resource, ResourceId};
use omni_scale::value::Value;

const EFFECTS: [Effect; 7] = [
    Effect::None,
    Effect::NoEffect,
    Effect::Hot,
    Effect::Reboot,
    Effect::Unknown,
    Effect::Rebuild,
    Effect::Destroy,
];
const ACTIONS: [Action; 9] = [
    Action::Create,
    Action::Update,
    Action::Adopt,
    Action::AdoptUpdate,
    Action::Destroy,
    Action::Release,
    Action::Forget,
    Action::Move,
    Action::Await,
];

/// How many of each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) clusters: usize,
    pub(crate) steps: usize,
    pub(crate) findings: usize,
    pub(crate) lost: usize,
}

/// Draws texts and builds from them.
pub(crate) struct Filling<'t> {
    text: &'t mut dyn FnMut() -> String,
    turn: usize,
    clusters: Vec<String>,
}

impl Filling<'_> {
    fn t(&mut self) -> String {
        (self.text)()
    }
    fn some(&mut self) -> Option<String> {
        Some(self.t())
    }
    fn several<T>(&mut self, n: usize, one: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..n).map(|_| one(self)).collect()
    }
    fn turn(&mut self) -> usize {
        self.turn += 1;
        self.turn
    }
    fn effect(&mut self) -> Effect {
        let turn = self.turn();
        EFFECTS[turn / 3 % EFFECTS.len()]
    }
    fn address(&mut self) -> Address {
        let turn = self.turn();
        match turn % 7 {
            0 => Address::class(&self.t()),
            1 => Address::provider(&self.t()),
            _ => {
                let cluster = self.clusters[turn % self.clusters.len()].clone();
                Address::cluster(&cluster).child("machineset", &self.t())
            }
        }
    }
    fn resource(&mut self) -> Resource {
        let mut resource =
            Resource::new(ResourceId { kind: self.t(), namespace: "default".into(), id: self.t() });
        resource.labels = BTreeMap::from([(self.t(), self.t())]);
        resource.annotations = BTreeMap::from([(self.t(), self.t())]);
        resource.spec = Value::Map(BTreeMap::from([(self.t(), Value::Str(self.t()))]));
        resource
    }
    fn value(&mut self) -> Value {
        match self.turn() % 5 {
            0 => Value::Str(format!("{}\n{}\n{}", self.t(), self.t(), self.t())),
            1 => Value::List(vec![Value::Str(self.t()), Value::Str(self.t())]),
            2 => Value::Map(BTreeMap::from([(self.t(), Value::Str(self.t()))])),
            _ => Value::Str(self.t()),
        }
    }
    fn change(&mut self) -> Change {
        let turn = self.turn();
        Change {
            path: vec![["providerdata", "data", "x"][turn % 3].to_owned(), self.t()],
            before: (!turn.is_multiple_of(4)).then(|| self.value()),
            after: (turn % 4 != 1).then(|| self.value()),
            sensitive: turn.is_multiple_of(11),
            formatting: turn.is_multiple_of(13),
            cause: [ChangeCause::Files, ChangeCause::Drift, ChangeCause::Both][turn % 3],
            effect: self.effect(),
            certainty: Certainty::Predicted,
        }
    }
    fn affected(&mut self) -> Affected {
        Affected {
            machine: self.some(),
            machine_set: Some(self.address()),
            vm: self.some(),
            effect: self.effect(),
            predicted: self.turn().is_multiple_of(2),
        }
    }
    fn goal(&mut self) -> Goal {
        if self.turn().is_multiple_of(2) {
            Goal::MachinesGone { machine_set: self.t(), machines: 3 }
        } else {
            Goal::ClusterUp {
                cluster: self.t(),
                machine_sets: BTreeMap::from([(self.t(), 2)]),
                kubernetes: self.t(),
                talos: self.t(),
                ready: self.turn().is_multiple_of(3),
            }
        }
    }
    fn step(&mut self, id: usize) -> Step {
        let action = ACTIONS[id % ACTIONS.len()];
        let operation = match action {
            Action::Create => Operation::Create(self.resource()),
            Action::Update | Action::AdoptUpdate | Action::Release => {
                Operation::Update { before: self.resource(), after: self.resource() }
            }
            Action::Adopt | Action::Move => Operation::Record(self.resource()),
            Action::Destroy => {
                let before = self.resource();
                Operation::Teardown { id: before.id.clone(), before }
            }
            Action::Forget => Operation::Drop,
            Action::Await => Operation::Await(self.goal()),
        };
        Step {
            id: StepId(id as u32),
            address: self.address(),
            action,
            wave: (id % 5 + 1) as u32,
            operation,
            changes: self.several(3, Self::change),
            effect: self.effect(),
            certainty: Certainty::Predicted,
            affects: self.several(2, Self::affected),
            notes: self.several(2, Self::t),
            after: vec![(StepId(0), self.t())],
            source: Some(format!("{}:{id}", self.t())),
            position: None,
            seen: Some(Seen {
                version: 1,
                phase: Phase::Running,
                created: self.t(),
                updated: self.t(),
                finalizers: self.several(1, Self::t),
                member: true,
            }),
            record: None,
            moved: (id % 6 == 5).then(|| Moved::MadeFor(self.address())),
        }
    }
    fn warning(&mut self) -> Warning {
        let turn = self.turn();
        Warning {
            code: format!("OS{:04}", 400 + turn % 30),
            address: (!turn.is_multiple_of(5)).then(|| self.address()),
            message: format!("`{}` {}", self.t(), self.t()),
            blocks: turn.is_multiple_of(4),
            help: self.some(),
            guard: (turn.is_multiple_of(3)).then(|| format!("G{:02}", turn % 18 + 1)),
            rule: self.some(),
            info: turn.is_multiple_of(7),
            evidence: BTreeMap::from([(self.t(), self.t())]),
            lift: self.some(),
            lifted: (turn % 4 == 1).then(|| Lifted {
                by: self.t(),
                owner: self.some(),
                reason: self.some(),
                expires: self.some(),
            }),
        }
    }
    fn lost(&mut self) -> Lost {
        Lost {
            address: self.address(),
            machine: (!self.turn().is_multiple_of(9)).then(|| self.t()),
            vm: self.some(),
            effect: if self.turn().is_multiple_of(2) { Effect::Destroy } else { Effect::Rebuild },
            predicted: self.turn().is_multiple_of(3),
        }
    }
}

/// A plan of `size` whose texts come from `text`.
pub(crate) fn plan(size: Size, text: &mut dyn FnMut() -> String) -> Plan {
    let clusters = (0..size.clusters).map(|_| text()).collect();
    let mut f = Filling { text, turn: 0, clusters };
    let steps: Vec<Step> = (0..size.steps).map(|id| f.step(id)).collect();
    let wave = |f: &mut Filling<'_>| Wave {
        title: f.t(),
        disruption: f.effect(),
        machines: 2,
        etcd: vec![EtcdVoters {
            cluster: f.address(),
            before: 3,
            after: 3,
            healthy: Some(3),
            lowest: Some(2),
            quorum: 2,
        }],
        phase: f.some(),
    };
    let related = |f: &mut Filling<'_>| Related { address: f.address(), because: f.t() };
    let lost: Vec<Lost> = (0..size.lost).map(|_| f.lost()).collect();
    let count = |action: Action| steps.iter().filter(|s| s.action == action).count() as u32;
    let summary = Summary {
        create: count(Action::Create),
        update: count(Action::Update) + count(Action::AdoptUpdate),
        destroy: count(Action::Destroy),
        adopt: count(Action::Adopt),
        release: count(Action::Release),
        moved: count(Action::Move),
        unchanged: 3,
        foreign: 1,
        kept: 1,
        machines_lost: lost.len() as u32,
        worst: steps.iter().map(|s| s.effect).max().unwrap_or_default(),
    };
    Plan {
        omni: f.t(),
        omni_version: f.some(),
        record: Some((f.t(), 7)),
        files_digest: f.t(),
        waves: f.several(5, wave),
        gates: f.several(2, |f| Gate {
            phase: f.t(),
            after: 1,
            criteria: f.several(2, Filling::t),
            source: f.some(),
        }),
        scope: Some(Scope {
            targets: f.several(2, Filling::t),
            excludes: f.several(2, Filling::t),
            clusters: f.several(2, Filling::t),
            left_out: 3,
            brought: f.several(2, related),
            left_too: f.several(2, related),
        }),
        unchanged: ["unchanged", "foreign", "not compared yet", "blocked"]
            .map(|status| Unchanged { address: f.address(), status: status.to_owned(), note: f.some() })
            .to_vec(),
        placement: Outlook {
            machines: vec![Batch {
                set: Address::cluster(&f.t()).child("machineset", &f.t()),
                class: f.t(),
                proxmox: Some(f.t()),
                count: 2,
                memory: 4 << 30,
                pinned: None,
                fate: Fate::Fails,
                node: None,
                why: Some(f.t()),
                failure: Some(Failure { step: omni_scale::checks::placement::Step::SyncVm, error: f.t() }),
            }],
            nodes: vec![NodeRoom {
                proxmox: f.t(),
                node: f.t(),
                new: 2,
                memory: Some(Room { before: 1 << 30, after: 9 << 30, limit: 8 << 30 }),
                cores: Some(Room { before: 1, after: 5, limit: 16 }),
            }],
            storages: vec![StorageRoom {
                proxmox: f.t(),
                storage: f.t(),
                node: Some(f.t()),
                thick: false,
                disks: 2,
                bytes: Room { before: 1 << 30, after: 9 << 30, limit: 8 << 30 },
            }],
            clusters: vec![Survival {
                cluster: Address::cluster(&f.t()),
                now: Stand::default(),
                after: Stand {
                    control_planes: 3,
                    workers: 2,
                    unplaced: 0,
                    down: 0,
                    without: vec![Without {
                        proxmox: f.t(),
                        node: f.t(),
                        control_planes: 0,
                        workers: 1,
                        etcd: false,
                    }],
                },
            }],
            providers: vec![ProviderAt { provider: f.t(), proxmox: f.t(), node: f.t() }],
        },
        not_up: f.several(2, |f| NotUp { address: f.address(), blocker: f.t() }),
        warnings: f.several(size.findings, Filling::warning),
        unknown: f.several(2, Filling::t),
        unknown_subtrees: f.several(2, |f| UnknownSubtree {
            address: f.address(),
            reason: f.t(),
            not_planned: 2,
        }),
        steps,
        lost,
        summary,
    }
}
