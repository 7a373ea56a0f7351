//! Goals on small worlds, each one field away from being reached.

use super::*;
use crate::live::{Observation, Reason};
use crate::resource::{Resource, ResourceId, TYPE_SUFFIX};

struct World(OmniSnapshot);

impl World {
    fn put(&mut self, short: &str, id: &str, labels: &[(&str, &str)], spec: serde_json::Value) {
        let mut resource = Resource::new(ResourceId::default_ns(short, id));
        for (key, value) in labels {
            resource.labels.insert(format!("{OMNI_PREFIX}{key}"), (*value).to_owned());
        }
        resource.spec = Value::from_json(&spec);
        let live = LiveResource {
            resource,
            version: 1,
            phase: Phase::Running,
            owner: String::new(),
            finalizers: vec![],
            created: String::new(),
            updated: String::new(),
        };
        let kind = format!("{short}{TYPE_SUFFIX}");
        let entry = self.0.types.entry(kind).or_insert_with(|| Observation::Known(vec![]));
        let Observation::Known(list) = entry else { panic!("unknown") };
        list.retain(|l| l.resource.id.id != id);
        list.push(live);
    }
    fn machine(&mut self, id: &str, labels: &[(&str, &str)], spec: serde_json::Value) {
        let mut all = vec![("cluster", "c"), ("machine-set", "c-workers"), ("connected", "")];
        all.extend_from_slice(labels);
        self.put("ClusterMachineStatuses", id, &all, spec);
    }
}

/// One worker, up, without a CNI.
fn up() -> World {
    let mut w =
        World(OmniSnapshot { endpoint: "o".into(), version: Observation::Absent, types: BTreeMap::new() });
    let json = |t: &str| serde_json::from_str(t).unwrap();
    w.put("ClusterStatuses", "c", &[], json(r#"{"phase":3,"machines":{"total":1}}"#));
    w.put("ClusterBootstrapStatuses", "c", &[], json(r#"{"bootstrapped":true}"#));
    w.put(
        "MachineSetStatuses",
        "c-workers",
        &[("cluster", "c")],
        json(r#"{"phase":3,"machines":{"total":1,"requested":1}}"#),
    );
    w.machine("m1", &[], json(r#"{"stage":4,"config_up_to_date":true,"config_apply_status":2}"#));
    w.put("MachineStatuses", "m1", &[], json(r#"{"talos_version":"v1.11.6","connected":true}"#));
    w.put("TalosUpgradeStatuses", "c", &[], json(r#"{"phase":2,"last_upgrade_version":"1.11.6"}"#));
    w.put(
        "KubernetesUpgradeStatuses",
        "c",
        &[("cluster", "c")],
        json(r#"{"phase":1,"status":"waiting for the cluster to be ready"}"#),
    );
    w
}

fn goal(ready: bool) -> Goal {
    Goal::ClusterUp {
        cluster: "c".into(),
        machine_sets: BTreeMap::from([("c-workers".to_owned(), 1)]),
        kubernetes: "1.34.3".into(),
        talos: "1.11.6".into(),
        ready,
    }
}

fn waits_for(w: &World, ready: bool, what: &str) {
    match goal_state(&goal(ready), &w.0) {
        GoalState::Waiting(why) if why.contains(what) => {}
        other => panic!("wanted to wait for {what}: {other:?}"),
    }
}

#[test]
fn without_a_cni_up_does_not_mean_ready() {
    assert_eq!(goal_state(&goal(false), &up().0), GoalState::Reached(vec![]));
    waits_for(&up(), true, "c-workers` is not ready");
}

#[test]
fn each_thing_that_is_not_there_yet_is_named() {
    let json = |t: &str| serde_json::from_str(t).unwrap();
    let mut w = up();
    w.put(
        "MachineSetStatuses",
        "c-workers",
        &[],
        json(r#"{"phase":1,"machines":{"total":0,"requested":1}}"#),
    );
    w.put(
        "ClusterMachineRequestStatuses",
        "c-workers-abcdef",
        &[("cluster", "c"), ("machine-set", "c-workers")],
        json(r#"{"stage":2,"status":"Running Step: \"createMachine\" (2/2)"}"#),
    );
    waits_for(&w, false, "`c-workers-abcdef`: Running Step");
    let mut w = up();
    w.machine("m1", &[], json(r#"{"stage":2,"config_up_to_date":true}"#));
    waits_for(&w, false, "0 of 1 machine up; `m1` of `c-workers` is installing");
    let mut w = up();
    w.machine("m1", &[], json(r#"{"stage":4}"#));
    waits_for(&w, false, "configuration yet");
    let mut w = up();
    w.put("ClusterBootstrapStatuses", "c", &[], json("{}"));
    waits_for(&w, false, "bootstrapped");
    let mut w = up();
    w.put("ClusterStatuses", "c", &[], json(r#"{"phase":1}"#));
    waits_for(&w, false, "scaling up");
}

#[test]
fn a_lingering_done_of_the_old_version_is_not_believed() {
    let json = |t: &str| serde_json::from_str(t).unwrap();
    let mut w = up();
    w.put("TalosUpgradeStatuses", "c", &[], json(r#"{"phase":2,"last_upgrade_version":"1.11.5"}"#));
    waits_for(&w, false, "Talos v1.11.6 is being rolled out");
    let mut w = up();
    w.put("MachineStatuses", "m1", &[], json(r#"{"talos_version":"v1.11.5"}"#));
    waits_for(&w, false, "`m1` runs Talos v1.11.5, not v1.11.6");
    let mut w = up();
    w.put("KubernetesUpgradeStatuses", "c", &[], json(r#"{"phase":2,"last_upgrade_version":"1.34.2"}"#));
    waits_for(&w, false, "Kubernetes v1.34.3 is being rolled out");
}

#[test]
fn counts_must_match_what_is_wanted_now() {
    let json = |t: &str| serde_json::from_str(t).unwrap();
    let mut w = up();
    w.machine("m2", &[], json(r#"{"stage":5}"#));
    w.put(
        "MachineSetStatuses",
        "c-workers",
        &[],
        json(r#"{"phase":2,"machines":{"total":2,"requested":1}}"#),
    );
    waits_for(&w, false, "c-workers` has 2 of 1 machine");
}

#[test]
fn failures_are_failures_and_locks_are_not() {
    let json = |t: &str| serde_json::from_str(t).unwrap();
    let mut w = up();
    w.put(
        "ClusterMachineRequestStatuses",
        "c-workers-abcdef",
        &[("cluster", "c"), ("machine-set", "c-workers")],
        json(r#"{"stage":5,"status":"Provision Failed: x","error":"no\nspace \u001b[31mleft"}"#),
    );
    let GoalState::Failing(why) = goal_state(&goal(false), &w.0) else { panic!() };
    assert!(why.contains("no space") && !why.contains('\u{1b}'), "{why}");
    let mut w = up();
    w.machine("m1", &[("locked-update", "")], json(r#"{"stage":4,"config_apply_status":1}"#));
    let GoalState::Reached(notes) = goal_state(&goal(false), &w.0) else { panic!() };
    assert!(notes[0].contains("`m1` is locked"));
}

#[test]
fn what_cannot_be_read_is_never_reached() {
    let mut w = up();
    w.0.types.insert(
        format!("ClusterMachineStatuses{TYPE_SUFFIX}"),
        Observation::Unknown(Reason("no answer".into())),
    );
    waits_for(&w, false, "cannot be read: no answer");
}

#[test]
fn machines_are_gone_when_their_requests_are() {
    let goal = Goal::MachinesGone { machine_set: "c-workers".into(), machines: 0 };
    let mut w =
        World(OmniSnapshot { endpoint: "o".into(), version: Observation::Absent, types: BTreeMap::new() });
    assert_eq!(goal_state(&goal, &w.0), GoalState::Reached(vec![]));
    w.put(
        "MachineRequests",
        "c-workers-abcdef",
        &[("machine-request-set", "c-workers")],
        serde_json::json!({}),
    );
    assert_eq!(goal_state(&goal, &w.0), GoalState::Waiting("1 machine of `c-workers` still to go".into()));
}
