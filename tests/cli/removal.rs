//! Removals by address, and the form in which omnictl prints differences.

use crate::repository::Repository;

#[test]
fn a_cluster_is_destroyed_by_its_address_and_comes_back_with_the_files() {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    let target = "cluster/talos-prod-01";
    let allow = format!("destroy:{target}");
    r.run(&["plan", "--lab", "--destroy", target, "--detailed-exitcode"]).exits(3);
    let plan =
        r.run(&["plan", "--lab", "--destroy", target, "--allow", &allow, "--detailed-exitcode"]).exits(2);
    for line in [
        "-  destroy       cluster/talos-prod-01",
        "asked for with `--destroy`",
        "OS0429",
        "objects, each goes with its cluster",
        "5 machines lost",
    ] {
        assert!(plan.out.contains(line), "no {line} in\n{}", plan.out);
    }
    // Nothing but the cluster: classes and providers stay as they are.
    assert!(
        !plan.out.contains("class/") && plan.out.contains("Plan: 0 create, 0 update, 1 destroy."),
        "{}",
        plan.out
    );
    let diff = r.run(&["plan", "--lab", "--destroy", target, "--format", "diff"]).exits(3);
    assert!(
        diff.out.starts_with("--- Clusters.omni.sidero.dev(default/talos-prod-01)\n+++ /dev/null\n@@ -1,"),
        "{}",
        diff.out
    );
    r.run(&["apply", "--lab", "--auto-approve", "--destroy", target])
        .exits(3)
        .says("if all of that is meant: --allow destroy:cluster/talos-prod-01");
    let allowed = ["apply", "--lab", "--auto-approve", "--destroy", target, "--allow", &allow];
    r.run(&[&allowed[..], &["--max-risk", "high"]].concat()).exits(3).says("above `--max-risk high`");
    r.run(&allowed).exits(0).says("Verified");
    let gone = r.run(&["plan", "--lab", "--destroy", target, "--detailed-exitcode"]).exits(0);
    assert!(gone.out.starts_with("No changes."), "{}", gone.out);
    let again = r.run(&["plan", "--lab", "--detailed-exitcode"]).exits(2);
    assert!(again.out.contains("create        cluster/talos-prod-01"), "{}", again.out);
}

#[test]
fn a_machine_set_takes_its_own_configuration_along() {
    let r = Repository::new();
    r.edit(
        "clusters/talos-prod-01.yaml",
        "kind: Workers\n",
        "kind: Workers\npatches:\n  - name: own\n    inline: {machine: {sysctls: {a: \"1\"}}}\n",
    );
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    let set = "cluster/talos-prod-01/machineset/workers";
    let plan = r.run(&["plan", "--lab", "--destroy", set, "--format", "json"]).exits(3);
    let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
    let destroyed: Vec<&str> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| s["action"] == "destroy")
        .map(|s| s["address"].as_str().unwrap())
        .collect();
    assert_eq!(destroyed, [set, "cluster/talos-prod-01/patch/400-talos-prod-01-workers-own"]);
    let allow = "threshold:cluster/talos-prod-01=2";
    r.run(&["apply", "--lab", "--auto-approve", "--destroy", set, "--allow", allow])
        .exits(0)
        .says("Verified");
}

#[test]
fn only_what_is_ours_can_be_named() {
    let r = Repository::new();
    for (address, why) in [
        ("cluster/talos-prod-02", "did you mean `cluster/talos-prod-01`?"),
        ("cluster/talos-prod-01/patch/500-by-hand", "neither in the files nor in the record"),
        ("provider/Proxmox", "only classes, clusters"),
        ("talos-prod-01", "only classes, clusters"),
        ("cluster//x", "empty parts"),
    ] {
        r.run(&["plan", "--lab", "--destroy", address]).exits(64).says(why);
        r.run(&["apply", "--lab", "--auto-approve", "--destroy", address]).exits(64).says(why);
    }
}

#[test]
fn differences_look_as_in_omnictl_and_cover_secrets() {
    let r = Repository::new();
    r.edit(
        "clusters/talos-prod-01.yaml",
        "kind: ControlPlane\n",
        "kind: ControlPlane\npatches:\n  - name: registry\n    inline: {machine: {registries: {config: {ghcr.io: {auth: {username: me, password: hunter2}}}}}}\n",
    );
    let first = r.run(&["plan", "--lab", "--format", "diff", "--out", "diff=plan.diff"]).exits(0);
    assert!(
        first.out.contains("+++ Clusters.omni.sidero.dev(default/talos-prod-01)\n@@ -0,0 +1,"),
        "{}",
        first.out
    );
    assert!(first.out.contains("password: (hidden ") && !first.out.contains("hunter2"), "{}", first.out);
    assert_eq!(std::fs::read_to_string(r.path("plan.diff")).unwrap(), first.out);
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    let none = r.run(&["plan", "--lab", "--format", "diff", "--detailed-exitcode"]).exits(0);
    assert_eq!(none.out, "");
    r.edit("clusters/talos-prod-01.yaml", "hunter2", "hunter3");
    r.edit("clusters/talos-prod-01.yaml", "size: 2", "size: 3");
    let diff = r.run(&["plan", "--lab", "--format", "diff", "--detailed-exitcode"]).exits(2);
    assert!(diff.out.contains("-    machinecount: 2\n+    machinecount: 3\n"), "{}", diff.out);
    let changed =
        diff.out.lines().filter(|l| l.contains("password: (hidden ") && !l.starts_with(' ')).count();
    assert_eq!(changed, 2, "{}", diff.out);
    assert!(!diff.out.contains("hunter"), "{}", diff.out);
}

#[test]
fn a_machine_whose_vmid_is_another_vms_by_now_is_not_removed() {
    let r = Repository::new();
    r.run(&["plan", "--lab=deployed"]).exits(0);
    let status: serde_json::Value =
        serde_json::from_str(&r.run(&["status", "--lab=deployed", "--format", "json"]).exits(0).out).unwrap();
    let workers = &status["clusters"][0]["machine_sets"][1]["machines"];
    let vmid = workers[0]["vm"]["vmid"].to_string();
    let target = "cluster/talos-prod-01";
    let destroy = format!("destroy:{target}");
    let plan = ["plan", "--lab=deployed", "--destroy", target, "--allow", &destroy];
    assert!(!r.run(&plan).out.contains("OS0465"), "every VM is its machine's");
    r.run(&["lab", "inject", &format!("vm-reused:{vmid}"), "deployed"]).exits(0);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let seen = words(&r.run(&plan).exits(3).out);
    for said in [
        "OS0465",
        "is recorded as that of machine `talos-prod-01-workers-",
        "`, but it is `postgres-01` now",
        "will destroy that VM",
    ] {
        assert!(seen.contains(said), "{said} is not in\n{seen}");
    }
    let apply = [
        "apply",
        "--lab=deployed",
        "--destroy",
        target,
        "--allow",
        &destroy,
        "--auto-approve",
        "--max-risk",
        "critical",
    ];
    r.run(&apply).exits(3).says("nothing was changed");
}
