//! Random plans, random interleavings, random outcomes.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::engine::event::FailureKind;
use crate::kinds::{Certainty, Effect};
use crate::plan::{Action, Step, Summary};

fn plan(edges: &[Vec<u32>], waits: &[bool]) -> Plan {
    let steps = edges
        .iter()
        .zip(waits)
        .enumerate()
        .map(|(i, (needs, waits))| Step {
            id: StepId(i as u32),
            address: Address::class(&i.to_string()),
            action: Action::Create,
            wave: 1,
            operation: if *waits {
                Operation::Await(crate::plan::Goal::MachinesGone { machine_set: "s".into(), machines: 0 })
            } else {
                Operation::Drop
            },
            changes: vec![],
            effect: Effect::None,
            certainty: Certainty::Derived,
            affects: vec![],
            notes: vec![],
            after: needs.iter().map(|n| (StepId(*n), "test".to_owned())).collect(),
            source: None,
            position: None,
            seen: None,
            record: None,
            moved: None,
        })
        .collect();
    Plan {
        omni: "o".into(),
        omni_version: None,
        record: None,
        files_digest: String::new(),
        steps,
        waves: vec![],
        gates: vec![],
        scope: None,
        unchanged: vec![],
        lost: vec![],
        placement: crate::checks::placement::Outlook::default(),
        not_up: vec![],
        warnings: vec![],
        unknown: vec![],
        unknown_subtrees: vec![],
        summary: Summary::default(),
    }
}

/// Edges to lower numbers only: no circles.
fn graphs() -> impl Strategy<Value = (Vec<Vec<u32>>, Vec<bool>)> {
    (1usize..14).prop_flat_map(|n| {
        let edges = (0..n)
            .map(|i| proptest::collection::btree_set(0..(i.max(1) as u32), 0..=i.min(3)))
            .collect::<Vec<_>>()
            .prop_map(|sets| {
                sets.into_iter()
                    .enumerate()
                    .map(|(i, s)| s.into_iter().filter(|d| (*d as usize) < i).collect())
                    .collect()
            });
        (edges, proptest::collection::vec(any::<bool>(), n))
    })
}

fn failed() -> StepOutcome {
    StepOutcome::Failed(Failure { kind: FailureKind::Refused, why: "no".into() })
}

proptest! {
    #[test]
    fn every_step_ends_once_and_only_after_what_it_needs(
        (edges, waits) in graphs(),
        limit in 1usize..5,
        choices in proptest::collection::vec((any::<prop::sample::Index>(), 0u8..8), 64),
        halt_at in proptest::option::of(0usize..20),
    ) {
        let plan = plan(&edges, &waits);
        let mut driver = Driver::new(&plan, limit);
        let mut running: Vec<StepId> = Vec::new();
        let mut done = BTreeSet::new();
        let mut started = BTreeSet::new();
        let mut ended = BTreeSet::new();
        let mut bad = BTreeSet::new();
        let mut halted = false;
        for (turn, (which, kind)) in choices.iter().cycle().take(400).enumerate() {
            if halt_at == Some(turn) {
                halted = true;
                for event in driver.halt("stopped") {
                    let Event::StepEnded { step, .. } = event else { unreachable!() };
                    prop_assert!(ended.insert(step));
                }
            }
            for id in driver.ready() {
                prop_assert!(!halted, "nothing starts after a halt");
                prop_assert!(started.insert(id), "started twice");
                for needed in &edges[id.0 as usize] {
                    prop_assert!(done.contains(&StepId(*needed)), "started before what it needs");
                }
                running.push(id);
            }
            let writing = running.iter().filter(|id| !waits[id.0 as usize]).count();
            prop_assert!(writing <= limit);
            if running.is_empty() {
                break;
            }
            let id = running.remove(which.index(running.len()));
            let outcome = match kind {
                0 => failed(),
                1 => StepOutcome::Unknown("?".into()),
                2 => StepOutcome::Stopped("!".into()),
                _ => StepOutcome::Done,
            };
            if outcome == StepOutcome::Done { done.insert(id); } else { bad.insert(id); }
            for event in driver.on(id, outcome) {
                let Event::StepEnded { step, .. } = event else { unreachable!() };
                prop_assert!(ended.insert(step), "ended twice");
            }
        }
        let report = driver.finished().expect("all steps end");
        prop_assert_eq!(report.len(), edges.len());
        for (id, ending) in report {
            match ending {
                Ending::Done => prop_assert!(done.contains(&id)),
                Ending::Failed(_) | Ending::Unknown(_) => prop_assert!(bad.contains(&id)),
                Ending::NotStarted(_) => {
                    prop_assert!(!done.contains(&id));
                    // Independent steps finish: whoever was not started had a reason.
                    let reason = halted || bad.contains(&id)
                        || edges[id.0 as usize].iter().any(|n| !done.contains(&StepId(*n)));
                    prop_assert!(reason);
                }
            }
        }
    }
}

#[test]
fn dependants_say_what_they_needed() {
    let mut driver = Driver::new(&plan(&[vec![], vec![0], vec![1], vec![]], &[false; 4]), 8);
    assert_eq!(driver.ready(), [StepId(0), StepId(3)]);
    let events = driver.on(StepId(0), failed());
    assert_eq!(events.len(), 3);
    driver.on(StepId(3), StepOutcome::Done);
    let report = driver.finished().unwrap();
    assert_eq!(report[1].1, Ending::NotStarted("needs `class/0`, which is failed".into()));
    assert_eq!(report[2].1, Ending::NotStarted("needs `class/1`, which is not started".into()));
    assert_eq!(report[3].1, Ending::Done);
}

#[test]
fn circles_and_edges_to_nowhere_end_instead_of_hanging() {
    let mut driver = Driver::new(&plan(&[vec![1], vec![0], vec![9]], &[false; 3]), 8);
    assert!(driver.ready().is_empty());
    let report = driver.finished().unwrap();
    assert!(report.iter().all(|(_, e)| matches!(e, Ending::NotStarted(_))), "{report:?}");
}

/// Nothing behind a gate starts before it is passed, and a failure before it ends everything behind it.
#[test]
fn a_gate_holds_up_what_stands_behind_it() {
    let with_gate = || {
        let mut plan = plan(&[vec![], vec![], vec![]], &[false, false, false]);
        plan.steps[2].wave = 2;
        plan.gates = vec![crate::plan::Gate { phase: "first".into(), after: 1, ..Default::default() }];
        Driver::new(&plan, 4)
    };
    let mut driver = with_gate();
    assert_eq!(driver.ready(), [StepId(0), StepId(1)]);
    assert_eq!(driver.gate(), None, "two run");
    driver.on(StepId(0), StepOutcome::Done);
    assert_eq!((driver.gate(), driver.ready()), (None, vec![]));
    driver.on(StepId(1), StepOutcome::Done);
    assert_eq!((driver.gate(), driver.ready()), (Some(0), vec![]));
    driver.pass();
    assert_eq!((driver.gate(), driver.ready()), (None, vec![StepId(2)]));

    let mut driver = with_gate();
    driver.ready();
    driver.on(StepId(0), StepOutcome::Unknown("?".into()));
    driver.on(StepId(1), StepOutcome::Done);
    assert_eq!(driver.gate(), None);
    let ended = driver.finished().unwrap();
    let Ending::NotStarted(why) = &ended[2].1 else { panic!("{ended:?}") };
    assert!(why.contains("phase `first` comes before it"), "{why}");
}
