//! The second checker: silent about every plan that was made honestly, and never about one that was tampered with.

use std::collections::BTreeSet;

use omni_scale::kinds::Effect;
use omni_scale::plan::{Action, Operation, Plan, Step, StepId};
use omni_scale::policy::{review, second};
use omni_scale::value::Value;

use proptest::prelude::*;

use crate::cases::{Case, all};
use crate::properties::mixed;

fn named(name: &str) -> Case {
    all().iter().find(|c| c.name == name).unwrap_or_else(|| panic!("no case {name}")).clone()
}

fn notes(case: &Case, plan: &Plan) -> Vec<String> {
    case.with(|input| second::check(plan, input))
}

#[test]
fn no_golden_plan_raises_it_before_or_after_its_review() {
    let mut wrong = Vec::new();
    for case in all() {
        case.with(|input| {
            let mut plan = omni_scale::plan::plan(input).unwrap();
            wrong.extend(second::unreviewed(&plan, input).into_iter().map(|n| format!("{}: {n}", case.name)));
            review(&mut plan, input, &case.review.circumstances(), Vec::new()).unwrap();
            wrong.extend(second::check(&plan, input).into_iter().map(|n| format!("{}: {n}", case.name)));
        });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Numbers steps by where they stand; what waited for a step that is gone waits for it no more.
fn renumber(plan: &mut Plan) {
    let at: std::collections::BTreeMap<StepId, StepId> =
        (0u32..).zip(&plan.steps).map(|(i, s)| (s.id, StepId(i))).collect();
    for step in &mut plan.steps {
        step.id = at[&step.id];
        step.after = step.after.iter().filter_map(|(n, why)| Some((*at.get(n)?, why.clone()))).collect();
    }
}

fn reaches(plan: &Plan, from: usize, to: StepId) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(i) = open.pop() {
        for (need, _) in &plan.steps[i].after {
            if *need == to {
                return true;
            }
            if seen.insert(need.0) {
                open.push(need.0 as usize);
            }
        }
    }
    false
}

/// Every single thing that a plan says, taken away or changed, one at a time: by what was done, each plan that came out.
fn tampered(plan: &Plan) -> Vec<(String, Plan)> {
    let mut out = Vec::new();
    let mut add = |what: String, change: &dyn Fn(&mut Plan)| {
        let mut copy = plan.clone();
        change(&mut copy);
        out.push((what, copy));
    };
    for (i, step) in plan.steps.iter().enumerate() {
        let name = format!("{} {}", step.action.word(), step.address);
        for (j, (need, _)) in step.after.iter().enumerate() {
            let mut without = plan.clone();
            without.steps[i].after.remove(j);
            // What only writes the record has to wait for nothing, except to be forgotten.
            let sends = |s: &Step| !matches!(s.action, Action::Adopt | Action::Move);
            let first = &plan.steps[need.0 as usize];
            let along = first.address.cluster_name() == step.address.cluster_name();
            let told = sends(step) && sends(first) && (along || step.action != Action::Forget);
            if told && !reaches(&without, i, *need) {
                add(format!("drop dependency of {name} on step {}", need.0), &|p| {
                    p.steps[i].after.remove(j);
                });
            }
        }
        add(format!("drop step {name}"), &|p| {
            p.steps.remove(i);
            renumber(p);
        });
        for (j, change) in step.changes.iter().enumerate() {
            add(format!("hide field {} of {name}", change.path.join(".")), &|p| {
                p.steps[i].changes.remove(j);
            });
            if change.before != change.after && !change.formatting {
                add(format!("show another value of {} of {name}", change.path.join(".")), &|p| {
                    p.steps[i].changes[j].after = Some(Value::from("something else"));
                });
            }
        }
        // Which machines an extension list is for depends on the lists beside it, and is not worked out a second time.
        let named = if step.address.kind() == "extensions" { 0 } else { step.affects.len() };
        for j in 0..named {
            add(format!("hide machine {:?} of {name}", step.affects[j]), &|p| {
                p.steps[i].affects.remove(j);
            });
        }
        if step.effect > Effect::None {
            add(format!("call {name} harmless"), &|p| p.steps[i].effect = Effect::None);
        }
        add(format!("move {name} to the next wave"), &|p| p.steps[i].wave += 1);
        add(format!("move {name} to the wave before"), &|p| p.steps[i].wave -= 1);
        if i > 0 {
            add(format!("swap {name} with the step before"), &|p| p.steps.swap(i, i - 1));
        }
        add(format!("give {name} another address"), &|p| {
            p.steps[i].address = step.address.child("patch", "another");
        });
        match &step.operation {
            Operation::Create(_) | Operation::Update { .. } => {
                add(format!("hide a label that {name} writes"), &|p| {
                    if let Operation::Create(r) | Operation::Update { after: r, .. } =
                        &mut p.steps[i].operation
                    {
                        r.labels.insert("hidden".into(), "secretly".into());
                    }
                });
                add(format!("hide a value that {name} writes"), &|p| {
                    if let Operation::Create(r) | Operation::Update { after: r, .. } =
                        &mut p.steps[i].operation
                    {
                        r.spec.set("hidden", Value::from("secretly"));
                    }
                });
                add(format!("send nothing for {name}"), &|p| p.steps[i].operation = Operation::Drop);
            }
            Operation::Teardown { before, .. } => {
                add(format!("forget instead of {name}"), &|p| {
                    p.steps[i].action = Action::Forget;
                    p.steps[i].operation = Operation::Record(before.clone());
                });
            }
            _ => {}
        }
    }
    for i in 0..plan.lost.len() {
        add(format!("hide lost {:?}", plan.lost[i]), &|p| {
            p.lost.remove(i);
            p.summary.machines_lost -= 1;
        });
    }
    for (i, row) in plan.unchanged.iter().enumerate() {
        add(format!("hide row {} {}", row.address, row.status), &|p| {
            p.unchanged.remove(i);
        });
    }
    type Count = fn(&mut Plan) -> &mut u32;
    let counts: [(&str, Count); 8] = [
        ("create", |p| &mut p.summary.create),
        ("update", |p| &mut p.summary.update),
        ("destroy", |p| &mut p.summary.destroy),
        ("adopt", |p| &mut p.summary.adopt),
        ("release", |p| &mut p.summary.release),
        ("unchanged", |p| &mut p.summary.unchanged),
        ("foreign", |p| &mut p.summary.foreign),
        ("lost", |p| &mut p.summary.machines_lost),
    ];
    for (what, field) in counts {
        add(format!("count one more {what}"), &|p| *field(p) += 1);
    }
    for w in 0..plan.waves.len() {
        add(format!("call wave {w} another effect"), &|p| {
            let wave = &mut p.waves[w];
            wave.disruption = if wave.disruption == Effect::None { Effect::Hot } else { Effect::None };
        });
        add(format!("count one more machine in wave {w}"), &|p| p.waves[w].machines += 1);
        for v in 0..plan.waves[w].etcd.len() {
            add(format!("hide voters of wave {w}"), &|p| {
                p.waves[w].etcd.remove(v);
            });
            add(format!("lower the quorum of wave {w}"), &|p| {
                let q = &mut p.waves[w].etcd[v].quorum;
                *q = q.wrapping_sub(1);
            });
            add(format!("more voters before wave {w}"), &|p| p.waves[w].etcd[v].before += 1);
            add(format!("more voters after wave {w}"), &|p| p.waves[w].etcd[v].after += 1);
            if plan.waves[w].etcd[v].healthy.is_some() {
                add(format!("more healthy in wave {w}"), &|p| {
                    *p.waves[w].etcd[v].healthy.as_mut().unwrap() += 1;
                });
                add(format!("a better worst moment in wave {w}"), &|p| {
                    *p.waves[w].etcd[v].lowest.as_mut().unwrap() += 1;
                });
            }
        }
    }
    for (i, warning) in plan.warnings.iter().enumerate() {
        if matches!(warning.guard.as_deref(), Some("G01" | "G02" | "G03" | "G11")) && warning.blocks {
            add(format!("hide {:?} {:?}", warning.guard, warning.address), &|p| {
                p.warnings.remove(i);
            });
        }
    }
    out
}

fn step<'p>(plan: &'p mut Plan, action: Action, kind: &str) -> &'p mut Step {
    let found = plan.steps.iter_mut().find(|s| s.action == action && s.address.kind() == kind);
    found.unwrap_or_else(|| panic!("no {} of a {kind}", action.word()))
}

fn swap_numbers(plan: &mut Plan, a: usize, b: usize) {
    plan.steps.swap(a, b);
    renumber(plan);
}

/// Ways in which a plan goes wrong, by name, with the words by which each is noticed.
#[test]
fn each_of_these_is_noticed_by_name() {
    type Change = fn(&mut Plan);
    let table: [(&str, &str, &str, Change); 31] = [
        ("a class after its machine set", "001-fresh-deployment", "needs the class", |p| {
            step(p, Action::Create, "machineset").after.clear();
        }),
        ("a machine set before its cluster", "001-fresh-deployment", "needs the cluster", |p| {
            step(p, Action::Create, "machineset").after.clear();
        }),
        ("patches after machines", "001-fresh-deployment", "configuration in one go", |p| {
            step(p, Action::Create, "machineset").after.clear();
        }),
        ("the provider after its class", "001-fresh-deployment", "needs the provider", |p| {
            step(p, Action::Create, "class").after.clear();
        }),
        ("a patch goes before its successor comes", "041-patches-renamed", "comes before it goes", |p| {
            p.steps.iter_mut().filter(|s| s.action == Action::Destroy).for_each(|s| s.after.clear());
        }),
        ("old machines go before new ones are up", "022-worker-set-replaced", "is up first", |p| {
            step(p, Action::Destroy, "machineset").after.clear();
        }),
        ("forgotten before it is gone", "017-cluster-removed", "until it is gone", |p| {
            step(p, Action::Forget, "machineset").after.clear();
        }),
        ("nobody waits for the end", "004-patch-edit", "nothing to wait for before", |p| {
            step(p, Action::Await, "cluster").after.clear();
        }),
        ("two steps change places", "001-fresh-deployment", "out of turn", |p| {
            let n = p.steps.len();
            swap_numbers(p, 0, n - 2);
        }),
        ("steps wait for each other", "001-fresh-deployment", "in a circle", |p| {
            let n = p.steps.len();
            let last = p.steps[n - 2].id;
            p.steps[n - 3].after.push((last, "because".into()));
            let first = p.steps[n - 3].id;
            p.steps[n - 2].after.push((first, "because".into()));
        }),
        ("a step is left out", "001-fresh-deployment", "does not speak of it", |p| {
            p.steps.remove(1);
            renumber(p);
        }),
        ("a removal is left out", "009-workers-removed", "no longer declared", |p| {
            p.steps.retain(|s| s.action != Action::Destroy);
            renumber(p);
        }),
        ("a row of something foreign is left out", "012-foreign-patch", "live and not declared", |p| {
            p.unchanged.retain(|u| u.status != "foreign");
        }),
        ("one create too many", "001-fresh-deployment", "the totals say", |p| p.summary.create += 1),
        ("no lost machine is counted", "007-workers-3-to-1", "the totals say", |p| {
            p.summary.machines_lost = 0;
        }),
        ("a milder plan", "007-workers-3-to-1", "worst effect", |p| p.summary.worst = Effect::None),
        ("a milder step", "007-workers-3-to-1", "looks milder", |p| {
            step(p, Action::Update, "machineset").effect = Effect::Hot;
        }),
        ("a lost machine without a name", "017-cluster-removed", "not named among the lost", |p| {
            p.lost.pop();
        }),
        ("a loss that no step explains", "009-workers-removed", "no step takes it", |p| {
            for lost in &mut p.lost {
                lost.address = omni_scale::address::Address::cluster("other");
            }
        }),
        ("a machine of a patch is hidden", "004-patch-edit", "does not name it", |p| {
            step(p, Action::Update, "patch").affects.pop();
        }),
        ("a quorum is lowered", "050-control-planes-3-to-1", "says of etcd", |p| {
            p.waves.iter_mut().flat_map(|w| &mut w.etcd).for_each(|v| v.quorum = 0);
        }),
        ("a lost majority is called a good one", "051-upgrade-with-a-voter-down", "says of etcd", |p| {
            p.waves.iter_mut().flat_map(|w| &mut w.etcd).for_each(|v| v.lowest = v.healthy);
        }),
        ("voters are hidden", "051-upgrade-with-a-voter-down", "touches voters", |p| {
            p.waves.iter_mut().for_each(|w| w.etcd.clear());
        }),
        ("no guard speaks of the majority", "051-upgrade-with-a-voter-down", "without a majority", |p| {
            p.warnings.retain(|w| w.guard.as_deref() != Some("G03"));
        }),
        ("no guard speaks of the cluster", "017-cluster-removed", "no guard speaks", |p| {
            p.warnings.retain(|w| w.guard.as_deref() != Some("G01"));
        }),
        ("no guard speaks of control planes", "050-control-planes-3-to-1", "loses a control plane", |p| {
            p.warnings.retain(|w| w.guard.as_deref() != Some("G02"));
        }),
        ("a lock is passed over", "013-cluster-locked", "locked in Omni", |p| {
            p.warnings.retain(|w| w.guard.as_deref() != Some("G11"));
        }),
        ("a hidden label", "007-workers-3-to-1", "does not show it", |p| {
            if let Operation::Update { after, .. } = &mut step(p, Action::Update, "machineset").operation {
                after.labels.insert("hidden".into(), "secretly".into());
            }
        }),
        ("a label taken off in secret", "007-workers-3-to-1", "away and does not show it", |p| {
            if let Operation::Update { after, .. } = &mut step(p, Action::Update, "machineset").operation {
                after.labels.pop_first();
            }
        }),
        ("a hidden line of a patch", "004-patch-edit", "does not show it", |p| {
            if let Operation::Update { after, .. } = &mut step(p, Action::Update, "patch").operation {
                let data = after.spec.get("data").and_then(Value::as_str).unwrap().to_owned();
                after.spec.set("data", Value::from(format!("{data}debug: verysecretly\n")));
            }
        }),
        ("somebody else's object", "009-workers-removed", "was not seen", |p| {
            if let Operation::Teardown { id, .. } = &mut step(p, Action::Destroy, "machineset").operation {
                id.id = "another".into();
            }
        }),
    ];
    for (what, name, words, change) in table {
        let case = named(name);
        let mut plan = case.plan();
        assert_eq!(notes(&case, &plan), [""; 0], "{what}: {name}");
        change(&mut plan);
        let notes = notes(&case, &plan);
        assert!(notes.iter().any(|n| n.contains(words)), "{what}: {name}: no `{words}` in {notes:#?}");
    }
}

/// Kernel arguments are released before their cluster goes, install disks after it.
#[test]
fn a_cluster_goes_between_what_its_machines_let_go_of() {
    let case = mixed(&named("017-cluster-removed"), &named("037-install-disk"), &BTreeSet::new());
    let plan = case.plan();
    let at =
        |action, kind| plan.steps.iter().find(|s| s.action == action && s.address.kind() == kind).unwrap();
    let (cluster, disk) = (at(Action::Destroy, "cluster"), at(Action::Release, "installdisk"));
    assert!(disk.after.iter().any(|(n, _)| *n == cluster.id), "{:?}", disk.after);
}

/// A plan that takes what the record does not own, or what a controller of Omni's owns.
#[test]
fn what_is_not_ours_is_not_taken() {
    let case = named("009-workers-removed");
    let plan = case.plan();
    let mut not_recorded = case.clone();
    let record = not_recorded.record.as_mut().unwrap();
    record.entries.retain(|a, _| a.kind() != "machineset");
    assert!(notes(&not_recorded, &plan).iter().any(|n| n.contains("removes what is not ours")));
    let mut owned = case;
    for observation in owned.snapshot.omni.types.values_mut() {
        if let omni_scale::live::Observation::Known(list) = observation {
            for live in list.iter_mut() {
                live.owner = "SomeController".into();
            }
        }
    }
    assert!(notes(&owned, &plan).iter().any(|n| n.contains("removes what belongs to `SomeController`")));
}

#[test]
fn whatever_is_changed_in_any_golden_plan_is_noticed() {
    let (mut tried, mut silent) = (0, Vec::new());
    for case in all() {
        let plan = case.plan();
        for (what, plan) in tampered(&plan) {
            tried += 1;
            if notes(case, &plan).is_empty() {
                silent.push(format!("{}: {what}", case.name));
            }
        }
    }
    assert!(tried > 2500, "only {tried}");
    assert!(silent.is_empty(), "{} of {tried}:\n{}", silent.len(), silent.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same with plans of any files against any world.
    #[test]
    fn whatever_is_changed_in_any_plan_is_noticed(
        files in 0usize..50,
        world in 0usize..50,
        dropped in proptest::collection::btree_set(0usize..8, 0..4),
        with_record in any::<bool>(),
        which in proptest::collection::vec(any::<proptest::sample::Index>(), 8),
    ) {
        let (files, world) = (&all()[files % all().len()], &all()[world % all().len()]);
        let mut case = mixed(files, world, &dropped);
        if !with_record {
            case.record = None;
        }
        let plan = case.plan();
        // What was not read is not planned, and such a plan is not applied: what is missing from it cannot be missed.
        // Removals by name of the one against the world of the other are not a thing that a person can ask for.
        prop_assume!(plan.unknown.is_empty() && case.desired.removal.is_none());
        // Which needs and waits are more than convenient is settled case by case, above.
        let mut changed = tampered(&plan);
        // Machines on which nothing has an effect are named as a courtesy. Whether a lock that goes with its cluster is ours is
        // told by the record alone, which the second checker reads in the owner's favour.
        let told = ["drop dependency", "drop step await", "hide Some(\"G11\")"];
        changed.retain(|(what, _)| !told.iter().any(|t| what.starts_with(t)) && !what.contains("effect: NoEffect"));
        for index in which {
            let (what, plan) = index.get(&changed);
            prop_assert!(!notes(&case, plan).is_empty(), "{}: {what}", case.name);
        }
    }
}
