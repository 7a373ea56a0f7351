//! What holds for every plan, whatever it is about.

use std::collections::BTreeSet;

use omni_scale::live::{Observation, Reason};
use omni_scale::plan::{Action, Desired, DesiredCluster, Plan};
use omni_scale::render::json;
use omni_scale::state::model::Record;
use proptest::prelude::*;

use crate::cases::{Case, all};
use crate::simulate::carry_out;

fn changes(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|s| format!("{} {}", s.action.word(), s.address)).collect()
}

/// Blocked or incomplete plans are not carried out.
fn applies(plan: &Plan) -> bool {
    plan.unknown.is_empty() && !plan.warnings.iter().any(|w| w.blocks)
}

/// Plans, carries out, plans again: nothing may be left but waiting, for the snapshot's machines do not move.
fn converges(case: &Case) {
    let plan = case.unreviewed();
    if !applies(&plan) {
        return;
    }
    let mut after = case.clone();
    let mut record =
        case.record.clone().unwrap_or_else(|| Record::new("test", "https://omni.spaceships.work"));
    carry_out(&plan, &mut after.snapshot, &mut record);
    after.record = Some(record);
    let again = after.plan();
    assert!(again.steps.iter().all(|s| s.action == Action::Await), "{}: {:?}", case.name, changes(&again));
    assert_eq!(again.summary.worst, omni_scale::kinds::Effect::None);
}

#[test]
fn carried_out_plans_leave_nothing_to_do() {
    let carried = all().iter().filter(|c| applies(&c.unreviewed())).count();
    assert!(carried >= 10, "only {carried} golden plans can be carried out");
    for case in all() {
        converges(case);
    }
}

/// No files and no world, however they came to meet, make the planner contradict itself.
#[test]
fn every_files_against_every_world_can_be_planned() {
    let none = BTreeSet::new();
    for world in all() {
        let mut case = world.clone();
        case.desired.clusters.clear();
        case.unreviewed();
        for files in all() {
            mixed(files, world, &none).unreviewed();
        }
    }
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    for case in all() {
        let first = json::plan::text(&case.plan());
        let mut shuffled = case.clone();
        for cluster in &mut shuffled.desired.clusters {
            cluster.resources.reverse();
        }
        shuffled.desired.classes.reverse();
        shuffled.desired.clusters.reverse();
        for observation in shuffled.snapshot.omni.types.values_mut() {
            if let Observation::Known(list) = observation {
                list.reverse();
            }
        }
        assert_eq!(first, json::plan::text(&case.plan()), "{}", case.name);
        assert_eq!(first, json::plan::text(&shuffled.plan()), "{} shuffled", case.name);
    }
}

#[test]
fn only_what_is_known_not_to_be_up_is_waited_for() {
    let named = |name: &str| all().iter().find(|c| c.name == name).unwrap().clone();
    assert!(named("036-up-without-cni").plan().steps.is_empty());
    let coming = named("035-coming-up");
    let plan = coming.plan();
    assert_eq!(changes(&plan), ["await cluster/talos-prod-01"]);
    assert!(plan.steps.iter().all(|s| !s.action.is_change()), "waiting is no change");
    // One status type that was not read, or is not known to this Omni: nobody can tell.
    for gap in [Observation::Absent, Observation::Unknown(Reason("no answer".into()))] {
        let mut case = coming.clone();
        case.snapshot.omni.types.insert("ClusterBootstrapStatuses.omni.sidero.dev".into(), gap);
        assert!(case.plan().steps.is_empty());
    }
    // A cluster of which only the status is left is not there.
    let mut case = coming.clone();
    case.snapshot
        .omni
        .types
        .insert("Clusters.omni.sidero.dev".into(), Observation::Unknown(Reason("no answer".into())));
    assert!(case.plan().not_up.is_empty());
    // Without a record it is adopted, and waited for.
    let mut case = coming;
    case.record = None;
    let plan = case.plan();
    assert!(plan.steps.iter().any(|s| s.action == Action::Adopt));
    assert_eq!(plan.steps.iter().filter(|s| s.action == Action::Await).count(), 1);
}

/// Two of the golden worlds: files of one against the live state and record of another.
pub(crate) fn mixed(files: &Case, world: &Case, dropped: &BTreeSet<usize>) -> Case {
    let clusters = files
        .desired
        .clusters
        .iter()
        .map(|c| {
            let mut resources: Vec<_> = c
                .resources
                .iter()
                .enumerate()
                .filter(|(i, d)| d.address.kind() == "cluster" || !dropped.contains(i))
                .map(|(_, d)| d.clone())
                .collect();
            // No template declares a machine without its set.
            let sets: BTreeSet<String> = resources
                .iter()
                .filter(|d| d.resource.id.short_kind() == "MachineSets")
                .map(|d| d.resource.id.id.clone())
                .collect();
            resources.retain(|d| d.resource.omni_label("machine-set").is_none_or(|set| sets.contains(set)));
            DesiredCluster { resources, ..c.clone() }
        })
        .collect();
    Case {
        name: format!("files of {}, world of {}", files.name, world.name),
        desired: Desired { clusters, ..files.desired.clone() },
        ..world.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_files_against_any_world(
        files in 0usize..36,
        world in 0usize..36,
        dropped in proptest::collection::btree_set(0usize..8, 0..4),
        with_record in any::<bool>(),
    ) {
        let cases = all();
        let (files, world) = (&cases[files % cases.len()], &cases[world % cases.len()]);
        let mut case = mixed(files, world, &dropped);
        if !with_record {
            case.record = None;
        }
        let plan = case.plan();
        prop_assert_eq!(json::plan::text(&plan), json::plan::text(&case.plan()));
        let notes = omni_scale::plan::check(&plan, case.record.as_ref(), &case.desired);
        prop_assert!(notes.is_empty(), "{}: {:?}", case.name, notes);
        let template = case.desired.clusters.iter().any(|c| c.prune == omni_scale::plan::Prune::Template);
        if case.record.is_none() && !template {
            prop_assert!(plan.steps.iter().all(|s| !matches!(s.action, Action::Destroy | Action::Release | Action::Forget)));
        }
        converges(&case);
    }
}
