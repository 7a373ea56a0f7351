//! Partial plans: targets, excludes, clusters, files of them; and what they do to an apply.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::repository::{Ran, Repository};

const CLUSTER: &str = "cluster/talos-prod-01";

fn plan(r: &Repository, args: &[&str]) -> Value {
    let ran = r.run(&[&["plan", "--lab", "--format", "json"], args].concat()).exits(0);
    serde_json::from_str(&ran.out).unwrap()
}

/// `action address` of every step that is not a wait.
fn steps(plan: &Value) -> BTreeSet<String> {
    let steps = plan["steps"].as_array().unwrap().iter().filter(|s| s["action"] != "await");
    steps.map(|s| format!("{} {}", s["action"].as_str().unwrap(), s["address"].as_str().unwrap())).collect()
}

fn set(texts: &[String]) -> BTreeSet<String> {
    texts.iter().cloned().collect()
}

#[test]
fn a_target_brings_what_it_needs_and_the_rest_is_counted() {
    let r = Repository::new();
    let whole = steps(&plan(&r, &[]));
    let part = plan(&r, &["--target", &format!("{CLUSTER}/machineset/workers")]);
    assert_eq!(
        steps(&part),
        set(&[
            "adopt_update class/matrix-worker".to_owned(),
            format!("create {CLUSTER}"),
            format!("create {CLUSTER}/extensions/schematic-talos-prod-01"),
            format!("create {CLUSTER}/patch/200-cluster-talos-prod-01-cilium-prep"),
            format!("create {CLUSTER}/machineset/workers"),
        ])
    );
    assert_eq!(part["partial"], true);
    let scope = &part["scope"];
    assert_eq!(scope["left_out"], whole.len() - steps(&part).len());
    let brought: Vec<&str> =
        scope["brought"].as_array().unwrap().iter().map(|b| b["address"].as_str().unwrap()).collect();
    assert!(brought.contains(&"class/matrix-worker") && brought.contains(&CLUSTER), "{brought:?}");
    r.run(&["plan", "--lab", "--target", &format!("{CLUSTER}/machineset/workers")])
        .exits(0)
        .says("PARTIAL plan: only `cluster/talos-prod-01/machineset/workers`")
        .says("class/matrix-worker, because of `cluster/talos-prod-01/machineset/workers`: workers")
        .says("left out).");
}

#[test]
fn an_exclude_takes_along_what_needs_it() {
    let r = Repository::new();
    let part = plan(&r, &["--exclude", "class/matrix-worker"]);
    let left: Vec<&str> = part["scope"]["left_too"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b["address"].as_str().unwrap())
        .collect();
    assert_eq!(left, ["cluster/talos-prod-01/machineset/workers"]);
    let taken = steps(&part);
    assert!(!taken.iter().any(|s| s.ends_with("/workers") || s.ends_with("matrix-worker")), "{taken:?}");
    assert!(taken.contains(&format!("create {CLUSTER}/machineset/control-planes")));
    // The wait is for what is there then: the control planes alone.
    let wait = part["steps"].as_array().unwrap().iter().find(|s| s["action"] == "await").unwrap();
    assert_eq!(wait["goal"]["machine_sets"], serde_json::json!({"talos-prod-01-control-planes": 3}));
    // Nothing that concerns what is left out: the other way round nothing but classes is left.
    let classes = plan(&r, &["--exclude", "cluster/**", "--exclude", "provider/**"]);
    assert_eq!(
        steps(&classes),
        set(&["adopt_update class/matrix-worker".to_owned(), "create class/matrix-control-plane".to_owned()])
    );
}

#[test]
fn a_partial_apply_verifies_its_part_and_the_next_plan_has_the_rest() {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve", "--exclude", "class/matrix-worker"])
        .exits(0)
        .says("Verified for this part")
        .says("2 steps of the whole plan are left out")
        .says("talos-prod-01 is up");
    let rest = plan(&r, &[]);
    assert_eq!(
        steps(&rest),
        set(&["adopt_update class/matrix-worker".to_owned(), format!("create {CLUSTER}/machineset/workers")])
    );
    assert_eq!((&rest["partial"], &rest["scope"]), (&Value::Bool(false), &Value::Null));
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0).says("Verified: planning again finds nothing");
}

#[test]
fn what_is_there_already_need_not_change_for_a_target() {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    // Both versions of the cluster and a patch of it change: the patch can go alone, and nobody waits for the versions.
    r.edit("clusters/talos-prod-01.yaml", "v1.11.6", "v1.12.0");
    r.edit("clusters/talos-prod-01.yaml", "disabled: true", "disabled: false");
    let patch = format!("{CLUSTER}/patch/200-cluster-talos-prod-01-cilium-prep");
    let part = plan(&r, &["--target", &patch]);
    assert_eq!(steps(&part), set(&[format!("update {patch}")]));
    let wait = part["steps"].as_array().unwrap().iter().find(|s| s["action"] == "await").unwrap();
    assert_eq!(wait["goal"]["talos"], "1.11.6");
    let apply = ["apply", "--lab", "--auto-approve", "--target", &patch];
    r.run(&apply).exits(0).says("Verified for this part").says("Talos v1.11.6");
    // More machines are made from their class once and for all, so an edit of it comes along.
    r.edit("clusters/talos-prod-01.yaml", "size: 2", "size: 3");
    r.edit("machine-classes/matrix-worker.yaml", "cores: 8", "cores: 12");
    let part = plan(&r, &["--target", &format!("{CLUSTER}/machineset/workers")]);
    assert_eq!(
        steps(&part),
        set(&["update class/matrix-worker".to_owned(), format!("update {CLUSTER}/machineset/workers")])
    );
    let without = plan(&r, &["--exclude", "class/*"]);
    assert_eq!(steps(&without), set(&[format!("update {CLUSTER}")]));
}

#[test]
fn nothing_to_do_in_a_part_does_not_pass_as_nothing_to_do() {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    r.edit("clusters/talos-prod-01.yaml", "size: 2", "size: 3");
    let ran = r.run(&["plan", "--lab", "--target", "class/*", "--detailed-exitcode"]).exits(0);
    assert!(ran.out.starts_with("No changes in this part. 2 objects match."), "{}", ran.out);
    assert!(ran.out.contains("1 step of the whole plan is left out"), "{}", ran.out);
    r.run(&["plan", "--lab", "--detailed-exitcode"]).exits(2);
    // The named cluster alone is rarely what is meant.
    r.run(&["plan", "--lab", "--target", CLUSTER])
        .exits(0)
        .says("OS0471")
        .says("`--target 'cluster/talos-prod-01/**'` takes them along");
    let part = plan(&r, &["--cluster", "talos-prod-01"]);
    assert_eq!(steps(&part), set(&[format!("update {CLUSTER}/machineset/workers")]));
}

#[test]
fn files_name_patterns_with_comments() {
    let r = Repository::new();
    std::fs::write(r.path("only.txt"), "# the classes\nclass/* # both\n\n").unwrap();
    std::fs::write(r.path("not.txt"), "class/matrix-worker\r\n").unwrap();
    let part = plan(&r, &["--target-file", "only.txt"]);
    assert_eq!(steps(&part).len(), 2);
    let mixed = plan(&r, &["--target-file", "only.txt", "--exclude-file", "not.txt"]);
    assert_eq!(steps(&mixed), set(&["create class/matrix-control-plane".to_owned()]));
    assert!(mixed["warnings"].as_array().unwrap().iter().any(|w| w["code"] == "OS0470"), "{mixed}");
    std::fs::write(r.path("only.txt"), "# nothing\n").unwrap();
    r.run(&["plan", "--lab", "--target-file", "only.txt"]).exits(64).says("names no target");
    std::fs::write(r.path("only.txt"), "class/*\nclass//x\n").unwrap();
    r.run(&["plan", "--lab", "--target-file", "only.txt"]).exits(64).says("only.txt:2");
    std::fs::write(r.path("only.txt"), "class/*\nclass/matrix-wroker\n").unwrap();
    r.run(&["plan", "--lab", "--target-file", "only.txt"])
        .exits(64)
        .says("only.txt:2: `class/matrix-wroker` fits nothing")
        .says("did you mean `class/matrix-worker`?");
    r.run(&["plan", "--lab", "--target-file", "missing.txt"]).exits(64).says("`missing.txt` cannot be read");
}

#[test]
fn what_fits_nothing_is_refused() {
    let r = Repository::new();
    for (args, why) in [
        (&["--target", "class/matrix-wroker"][..], "did you mean `class/matrix-worker`?"),
        (&["--target", "workers"], "did you mean `cluster/talos-prod-01/machineset/workers`?"),
        (&["--exclude", "cluster/other/**"], "`--exclude cluster/other/**` fits nothing"),
        (&["--cluster", "talos-prod-1"], "did you mean `talos-prod-01`?"),
        (&["--cluster", "talos/*"], "this is no name of a cluster"),
        (&["--target", "a//b"], "empty parts"),
        (&["--destroy", CLUSTER, "--target", "class/*"], "cannot stand beside it"),
    ] {
        for command in [&["plan", "--lab"][..], &["apply", "--lab", "--auto-approve"]] {
            let ran: Ran = r.run(&[command, args].concat());
            ran.exits(64).says(why);
        }
    }
    let requests = r.requests("fresh");
    assert!(requests.iter().all(|l| l["writing"] == false), "nothing was sent");
}
