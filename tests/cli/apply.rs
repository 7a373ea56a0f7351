//! The main job, end to end.

use omni_scale::state::local::LocalStore;
use omni_scale::world::Fs;
use omni_scale::world::real::RealFs;
use std::sync::Arc;

use crate::repository::Repository;

#[test]
fn plan_apply_and_nothing_left() {
    let r = Repository::new();
    let plan = r.run(&["plan", "--lab", "--detailed-exitcode"]).exits(2);
    for line in [
        "adopt         provider/Proxmox",
        "create        class/matrix-control-plane",
        "local-lvm",
        "not compared yet",
    ] {
        assert!(plan.out.contains(line), "no {line} in\n{}", plan.out);
    }
    r.run(&["apply", "--lab", "--auto-approve"])
        .exits(0)
        .says("talos-prod-01 is up: running and bootstrapped, 5 machines connected")
        .says("nodes stay NotReady until one is installed")
        .says("Verified: planning again finds nothing to change");
    let again = r.run(&["plan", "--lab", "--detailed-exitcode"]).exits(0);
    assert!(again.out.starts_with("No changes."), "{}", again.out);
    let writes = r.requests("fresh").iter().filter(|l| l["writing"] == true).count();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0).says("No changes.");
    let after = r.requests("fresh").iter().filter(|l| l["writing"] == true).count();
    assert_eq!(writes, after, "an apply without changes writes nothing");
}

#[test]
fn with_a_cni_brought_back_apply_waits_until_the_nodes_are_ready() {
    let r = Repository::new();
    // That there is no CNI is a locked decision of the shipped spec.
    r.edit(
        "clusters/talos-prod-01.yaml",
        "kind: ControlPlane\n",
        "kind: ControlPlane\npatches:\n  - name: own-cni\n    inline: {cluster: {network: {cni: {$patch: delete}}}}\n",
    );
    let plan = r.run(&["plan", "--lab", "--format", "json"]).exits(0);
    assert!(plan.out.contains("\"ready\": true") || plan.out.contains("\"ready\":true"), "{}", plan.out);
    let ran = r.run(&["apply", "--lab", "--auto-approve"]).exits(0).says("Verified");
    assert!(!ran.out.contains("NotReady") && !ran.err.contains("NotReady"), "{}{}", ran.out, ran.err);
    r.run(&["plan", "--lab", "--detailed-exitcode"]).exits(0);
}

#[test]
fn scaling_down_waits_until_the_machine_is_gone() {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    r.edit("clusters/talos-prod-01.yaml", "size: 2", "size: 1");
    r.run(&["apply", "--lab", "--auto-approve", "--max-risk", "medium"])
        .exits(3)
        .says("above `--max-risk medium`");
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0).says("Verified");
    r.run(&["plan", "--lab", "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_second_apply_at_the_same_time_is_refused() {
    let r = Repository::new();
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let store = LocalStore::new(fs, &r.path("state/lab/fresh"), "spec/omni.yaml", "lab/fresh");
    let lease = store.lease().unwrap();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(6).says("another run holds the lock");
    drop(lease);
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
}

#[test]
fn a_damaged_record_is_not_overwritten() {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let store = LocalStore::new(fs, &r.path("state/lab/fresh"), "spec/omni.yaml", "lab/fresh");
    let whole = std::fs::read(store.path()).unwrap();
    std::fs::write(store.path(), &whole[..whole.len() / 2]).unwrap();
    r.run(&["apply", "--lab", "--auto-approve"])
        .exits(1)
        .says("is not readable: it is cut off")
        .says("backup-");
    assert_eq!(std::fs::read(store.path()).unwrap().len(), whole.len() / 2);
}
