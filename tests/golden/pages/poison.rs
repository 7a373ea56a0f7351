//! A plan in which every text is somebody else's.

use std::collections::BTreeMap;

use omni_scale::address::Address;
use omni_scale::checks::placement::{
    Batch, Failure, Fate, NodeRoom, Outlook, ProviderAt, Room, Stand, StorageRoom, Survival, Without,
};
use omni_scale::kinds::{Certainty, Effect};
use omni_scale::plan::{
    Action, Affected, Change, ChangeCause, EtcdVoters, Gate, Lifted, Lost, NotUp, Operation, Plan, Related,
    Scope, Step, StepId, Summary, Unchanged, UnknownSubtree, Warning, Wave,
};
use omni_scale::render::context::Context;
use omni_scale::value::Value;

/// A plan whose every text is made by `text`: `size` of everything that there can be many of.
pub(crate) fn plan(size: u32, mut text: impl FnMut() -> String) -> (Plan, Context) {
    let text = &mut text;
    let effects = [Effect::Hot, Effect::Reboot, Effect::Rebuild, Effect::Destroy, Effect::Unknown];
    let effect = |i: u32| effects[i as usize % effects.len()];
    let mut steps = Vec::new();
    for i in 0..size {
        let cluster = Address::cluster(&format!("c{}", i % 3));
        let set = cluster.child("machineset", &text());
        let changes = (0..4)
            .map(|n| Change {
                path: vec![text(), text()],
                before: (n != 0).then(|| Value::Str(text())),
                after: (n != 1).then(|| Value::List(vec![Value::Str(text()), Value::Str(text())])),
                sensitive: n == 3,
                formatting: false,
                cause: [ChangeCause::Files, ChangeCause::Drift, ChangeCause::Both][n % 3],
                effect: effect(i),
                certainty: Certainty::Predicted,
            })
            .collect();
        steps.push(Step {
            id: StepId(i),
            address: cluster.child("patch", &text()),
            action: [Action::Create, Action::Update, Action::Destroy][i as usize % 3],
            wave: 1 + i * 2 / size,
            operation: Operation::Drop,
            changes,
            effect: effect(i),
            certainty: Certainty::Derived,
            affects: vec![Affected {
                machine: Some(text()),
                machine_set: Some(set),
                vm: Some(format!("{}/{}", text(), text())),
                effect: effect(i),
                predicted: true,
            }],
            notes: vec![text(), text()],
            after: if i > 0 { vec![(StepId(i - 1), text())] } else { Vec::new() },
            source: Some(text()),
            position: None,
            seen: None,
            record: None,
            moved: None,
        });
    }
    let warnings = (0..size)
        .map(|i| Warning {
            code: text(),
            address: Some(Address::cluster(&text())),
            message: text(),
            blocks: i % 4 == 0,
            help: Some(text()),
            guard: (i % 2 == 0).then(&mut *text),
            rule: Some(text()),
            info: i % 4 == 1,
            evidence: BTreeMap::from([(text(), text())]),
            lift: Some(text()),
            lifted: (i % 4 == 2).then(|| Lifted {
                by: text(),
                owner: Some(text()),
                reason: Some(text()),
                expires: Some(text()),
            }),
        })
        .collect();
    let plan = Plan {
        omni: text(),
        omni_version: Some(text()),
        record: Some((text(), 7)),
        files_digest: text(),
        steps,
        waves: (0..2)
            .map(|i| Wave {
                title: text(),
                disruption: effect(i),
                machines: 3,
                etcd: vec![EtcdVoters {
                    cluster: Address::cluster(&text()),
                    before: 3,
                    after: 3,
                    healthy: Some(3),
                    lowest: Some(i + 1),
                    quorum: 2,
                }],
                phase: Some(text()),
            })
            .collect(),
        gates: vec![Gate { phase: text(), after: 1, criteria: vec![text()], source: Some(text()) }],
        scope: Some(Scope {
            targets: vec![text()],
            excludes: vec![text()],
            clusters: vec![text()],
            left_out: 4,
            brought: vec![Related { address: Address::cluster(&text()), because: text() }],
            left_too: vec![Related { address: Address::cluster(&text()), because: text() }],
        }),
        unchanged: (0..size)
            .map(|_| Unchanged {
                address: Address::class(&text()),
                status: "unchanged".to_owned(),
                note: Some(text()),
            })
            .collect(),
        lost: (0..size)
            .map(|i| Lost {
                address: Address::cluster(&text()),
                machine: Some(text()),
                vm: Some(text()),
                effect: Effect::Destroy,
                predicted: i % 2 == 0,
            })
            .collect(),
        placement: Outlook {
            machines: vec![Batch {
                set: Address::cluster(&text()).child("machineset", &text()),
                class: text(),
                proxmox: Some(text()),
                count: 2,
                memory: 4 << 30,
                pinned: None,
                fate: Fate::Fails,
                node: None,
                why: Some(text()),
                failure: Some(Failure { step: omni_scale::checks::placement::Step::SyncVm, error: text() }),
            }],
            nodes: vec![NodeRoom {
                proxmox: text(),
                node: text(),
                new: 2,
                memory: Some(Room { before: 1 << 30, after: 9 << 30, limit: 8 << 30 }),
                cores: Some(Room { before: 1, after: 5, limit: 16 }),
            }],
            storages: vec![StorageRoom {
                proxmox: text(),
                storage: text(),
                node: Some(text()),
                thick: false,
                disks: 2,
                bytes: Room { before: 1 << 30, after: 9 << 30, limit: 8 << 30 },
            }],
            clusters: vec![Survival {
                cluster: Address::cluster(&text()),
                now: Stand::default(),
                after: Stand {
                    control_planes: 3,
                    workers: 2,
                    unplaced: 0,
                    down: 0,
                    without: vec![Without {
                        proxmox: text(),
                        node: text(),
                        control_planes: 0,
                        workers: 1,
                        etcd: false,
                    }],
                },
            }],
            providers: vec![ProviderAt { provider: text(), proxmox: text(), node: text() }],
        },
        not_up: vec![NotUp { address: Address::cluster(&text()), blocker: text() }],
        warnings,
        unknown: vec![text(), text()],
        unknown_subtrees: vec![UnknownSubtree {
            address: Address::cluster(&text()),
            reason: text(),
            not_planned: 3,
        }],
        summary: Summary { machines_lost: size, worst: Effect::Destroy, ..Summary::default() },
    };
    let context = Context {
        key: text(),
        digest: Some(text()),
        made: Some(text()),
        expires: Some(text()),
        folder: text(),
        ..Context::default()
    };
    (plan, context)
}
