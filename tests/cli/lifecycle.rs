//! Moves and phases, as users meet them.

use crate::repository::Repository;

const SPEC: &str = "spec/omni.yaml";
const WORKER: &str = "machine-classes/matrix-worker.yaml";
const CLUSTER: &str = "clusters/talos-prod-01.yaml";

/// The shipped repository with more in its spec.
fn with(sections: &str) -> Repository {
    let r = Repository::new();
    let text = std::fs::read_to_string(r.path(SPEC)).unwrap();
    std::fs::write(r.path(SPEC), format!("{text}---\n{sections}")).unwrap();
    r
}

fn plan(r: &Repository, code: i32) -> serde_json::Value {
    serde_json::from_str(&r.run(&["plan", "--lab", "--format", "json"]).exits(code).out).unwrap()
}

#[test]
fn a_class_moves_to_another_name_and_the_second_plan_says_that_the_entry_is_done() {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    let text = std::fs::read_to_string(r.path(SPEC)).unwrap();
    let moved = "---\nlifecycle:\n  moved:\n  - { from: class/matrix-worker, to: class/matrix-worker-ssd }\n";
    std::fs::write(r.path(SPEC), format!("{text}{moved}")).unwrap();
    r.run(&["plan", "--lab"]).exits(3).says("help: declare it under its new address");
    r.edit(WORKER, "id: matrix-worker", "id: matrix-worker-ssd");
    r.edit(CLUSTER, "name: matrix-worker", "name: matrix-worker-ssd");
    let seen = plan(&r, 0);
    let moves = seen["moves"].as_array().unwrap();
    assert_eq!(moves.len(), 1, "{seen}");
    assert_eq!(
        (moves[0]["from"].as_str(), moves[0]["to"].as_str(), moves[0]["how"].as_str()),
        (Some("class/matrix-worker"), Some("class/matrix-worker-ssd"), Some("made"))
    );
    let steps = seen["steps"].as_array().unwrap();
    let of = |action: &str, address: &str| {
        steps.iter().find(|s| s["action"] == action && s["address"] == address).unwrap()
    };
    let made = of("create", "class/matrix-worker-ssd")["id"].clone();
    let needs = of("destroy", "class/matrix-worker")["needs"].as_array().unwrap();
    assert!(needs.iter().any(|n| n["step"] == made), "the new one is there first: {needs:?}");
    for format in ["text", "md", "html"] {
        let out = r.run(&["plan", "--lab", "--format", format]).exits(0).out;
        assert!(out.contains("Omni changes no ids"), "{format}: {out}");
    }
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    let after = plan(&r, 0);
    assert_eq!(after["has_changes"], false, "{after}");
    let told = after["warnings"].as_array().unwrap().iter().find(|w| w["code"] == "OS0463").unwrap();
    assert!(told["message"].as_str().unwrap().contains("that is done"), "{told}");
}

#[test]
fn what_would_lose_machines_is_no_move() {
    let r = with("lifecycle: { moved: [{ from: cluster/talos-prod-01, to: cluster/other }] }\n");
    r.run(&["validate"]).exits(65).says("Omni knows no renaming of clusters");
}

const PHASES: &str = "phases:\n  classes:\n    resources: ['class/*']\n    exit_criteria:\n    - seen by eye\n    - { text: classes are done, check: '!plan.has_changes' }\n    - { text: there are two clusters, check: 'desired.clusters.size() == COUNT' }\n  production: { resources: [cluster/talos-prod-01] }\n";

#[test]
fn a_closed_gate_stops_an_apply_and_an_open_one_lets_it_go_on() {
    let r = with(&PHASES.replace("COUNT", "2"));
    let text = r.run(&["plan", "--lab"]).exits(0).out;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains(
            "gate at the end of phase classes: all of it is done, and classes are done; there are two"
        ),
        "{text}"
    );
    let seen = plan(&r, 0);
    assert_eq!(seen["gates"][0]["phase"], "classes");
    let stopped = r.run(&["apply", "--lab", "--auto-approve"]).exits(3);
    for words in [
        "Stopped at the gate of phase classes",
        "does not hold: there are two clusters (desired.clusters.size() is 1)",
        "behind it   create cluster/talos-prod-01 of phase production",
    ] {
        assert!(stopped.out.contains(words), "{words}: {}", stopped.out);
    }
    assert!(!stopped.out.contains("does not hold: classes are done"), "{}", stopped.out);
    let left = plan(&r, 0);
    let left: Vec<&str> =
        left["steps"].as_array().unwrap().iter().filter_map(|s| s["address"].as_str()).collect();
    assert!(left.iter().all(|a| a.starts_with("cluster/")), "{left:?}");
    // The gate of a phase in which nothing is left to do holds up what stands behind it all the same.
    r.run(&["apply", "--lab", "--auto-approve"]).exits(3);
    r.edit(SPEC, "size() == 2", "size() == 1");
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    assert_eq!(plan(&r, 0)["has_changes"], false);
}

#[test]
fn phases_against_the_order_of_things_are_refused_with_the_edge() {
    let r = with(
        "phases:\n  first: { resources: [cluster/talos-prod-01] }\n  second: { resources: ['class/*'] }\n",
    );
    for args in [&["validate"][..], &["plan", "--lab"][..]] {
        r.run(args).exits(65).says("workers draw machines from class matrix-worker");
    }
}
