//! What becomes of a plan when a back end, or a part of one, cannot be read.

use serde_json::Value;

use crate::repository::{Ran, Repository};
use crate::trust::Served;

const CLUSTER: &str = "cluster/talos-prod-01";
const WITHOUT: &str = "--exclude 'cluster/talos-prod-01/**'";

#[test]
fn without_proxmox_the_rest_is_planned_and_can_be_applied_alone() {
    let r = Repository::new();
    r.run(&["lab", "inject", "proxmox-down"]).exits(0);
    let plan = r
        .run(&["plan", "--lab", "--detailed-exitcode"])
        .exits(69)
        .says("Proxmox `matrix` cannot be reached")
        .says("cluster/talos-prod-01   planned without that")
        .says(&format!("Not applyable: 1 subtree unknown. Retry, or apply the rest with {WITHOUT}"));
    assert!(
        plan.out.contains("create        cluster/talos-prod-01") && plan.out.contains("INCOMPLETE"),
        "{}",
        plan.out
    );
    let json: Value =
        serde_json::from_str(&r.run(&["plan", "--lab", "--format", "json"]).exits(69).out).unwrap();
    assert_eq!((&json["complete"], &json["partial"]), (&false.into(), &false.into()));
    assert_eq!(json["unknown_subtrees"][0]["address"], CLUSTER);
    r.run(&["apply", "--lab", "--auto-approve"]).exits(69).says(WITHOUT);
    assert!(r.requests("fresh").iter().all(|l| l["writing"] == false), "nothing was sent");
    // The command that the message gives.
    r.run(&["apply", "--lab", "--auto-approve", "--exclude", "cluster/talos-prod-01/**"])
        .exits(0)
        .says("Verified for this part");
    r.run(&["lab", "inject", "proxmox-back"]).exits(0);
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0).says("talos-prod-01 is up");
    // Drift is between Omni and the record: Proxmox has no part in it.
    r.run(&["lab", "inject", "proxmox-down"]).exits(0);
    r.run(&["drift", "--lab", "--detailed-exitcode"]).exits(0).says("No drift.");
    r.run(&["plan", "--lab"]).exits(69).says("Retry when it can be read");
}

#[test]
fn a_type_that_may_not_be_read_leaves_its_subtree_out() {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    r.edit("machine-classes/matrix-worker.yaml", "cores: 8", "cores: 12");
    r.run(&["lab", "inject", "type-hidden:ConfigPatches"]).exits(0);
    r.run(&["plan", "--lab"])
        .exits(69)
        .says("`ConfigPatches` could not be read (not permitted")
        .says("cluster/talos-prod-01   3 things are not planned")
        .says(WITHOUT);
    r.run(&["apply", "--lab", "--auto-approve", "--exclude", "cluster/talos-prod-01/**"])
        .exits(0)
        .says("Verified for this part");
    // What only follows from the exclusion needs no mention: a target elsewhere is complete as well.
    r.run(&["plan", "--lab", "--target", "class/*", "--detailed-exitcode"])
        .exits(0)
        .says("No changes in this part");
    r.run(&["drift", "--lab", "--detailed-exitcode"]).exits(69).says("Not everything could be compared");
    r.run(&["drift", "--lab", "--detailed-exitcode", "--target", "class/*"]).exits(0);
    r.run(&["lab", "inject", "type-shown:ConfigPatches"]).exits(0);
    r.run(&["plan", "--lab", "--detailed-exitcode"]).exits(0).says("No changes.");
}

#[test]
fn without_a_token_for_proxmox_the_plan_is_of_omni_alone() {
    let r = Repository::new();
    let served = Served::up(&r);
    let run = |args: &[&str]| {
        let mut command = r.command(args);
        let env = served.env.iter().filter(|(name, _)| !name.starts_with("PROXMOX"));
        Ran::new(command.envs(env.cloned()).output().unwrap())
    };
    let ran = run(&["plan", "--detailed-exitcode"]).exits(2);
    let about: Vec<&str> = ran.err.lines().filter(|l| l.contains("Proxmox")).collect();
    assert_eq!(about.len(), 1, "{}", ran.err);
    assert!(about[0].starts_with("note: Proxmox cluster `matrix` is not read"), "{}", ran.err);
    let json: Value = serde_json::from_str(&run(&["plan", "--format", "json"]).exits(0).out).unwrap();
    assert_eq!((&json["complete"], &json["unknown_subtrees"]), (&true.into(), &serde_json::json!([])));
    run(&["drift", "--detailed-exitcode"]).exits(0).says("No record of earlier applies");
}
