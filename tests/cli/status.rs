//! The status: of worlds at rest, under way and broken.

use std::collections::BTreeMap;

use crate::repository::{Ran, Repository};

/// A world in which the clusters are on their way up: the apply that made them did not wait long enough.
fn coming_up() -> Repository {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve", "--timeout", "1"]).exits(9);
    r
}

fn json(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}\n{}", ran.out))
}

/// All machines and requests of a JSON status, with their VM as `node/vmid`.
fn machines(status: &serde_json::Value) -> BTreeMap<String, Option<String>> {
    let mut all = BTreeMap::new();
    for cluster in status["clusters"].as_array().unwrap() {
        for set in cluster["machine_sets"].as_array().unwrap() {
            for machine in ["machines", "missing"].iter().flat_map(|key| set[key].as_array().unwrap()) {
                let vm = &machine["vm"];
                let place = (vm["seen"] == "found")
                    .then(|| format!("{}/{}", vm["node"].as_str().unwrap(), vm["vmid"]));
                all.insert(machine["id"].as_str().unwrap().to_owned(), place);
            }
        }
    }
    all
}

#[test]
fn a_cluster_at_rest_is_up_with_every_machine_and_its_vm() {
    let r = Repository::new();
    let tree = r
        .run(&["status", "--lab=deployed"])
        .exits(0)
        .says("Cluster \"talos-prod-01\" up RUNNING Ready (5/5) (healthy/total)")
        .says("Kubernetes v1.34.3 Upgrade Done")
        .says("Talos v1.11.6 Upgrade Done")
        .says("Load Balancer Ready")
        .says("Status Checks OK")
        .says("Config Outdated Pending Config Update")
        .says("3 of 3 control planes on matrix/hotel: no single-node survival");
    let status = json(&r.run(&["status", "--lab=deployed", "--format", "json"]).exits(0));
    assert_eq!((&status["format"], &status["up"]), (&"omni-scale.status".into(), &"yes".into()));
    let machines = machines(&status);
    assert_eq!(machines.len(), 5, "{machines:?}");
    for (id, vm) in &machines {
        let vm = vm.as_deref().unwrap_or_else(|| panic!("{id} has no VM"));
        let (node, vmid) = vm.split_once('/').unwrap();
        assert!(tree.out.contains(id.as_str()), "{id} is not in\n{}", tree.out);
        assert!(
            tree.out.contains(&format!("VM {vmid} on matrix/{node} running")),
            "{vm} is not in\n{}",
            tree.out
        );
    }
    for machine in status["clusters"][0]["machine_sets"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|s| s["machines"].as_array().unwrap())
    {
        assert_eq!((&machine["talos"], &machine["kubernetes"]), (&"1.11.6".into(), &"1.34.3".into()));
        assert_eq!(machine["extensions_missing"], serde_json::json!([]));
    }
    let schema = r.run(&["schema", "status"]).exits(0);
    let validator = jsonschema::validator_for(&json(&schema)).unwrap();
    let problems: Vec<String> = validator.iter_errors(&status).map(|e| e.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn an_omni_of_1_9_tells_the_same() {
    let r = Repository::new();
    let status = json(&r.run(&["status", "--lab=deployed-1.9", "--format", "json"]).exits(0));
    assert_eq!((&status["omni"]["version"], &status["unread"]), (&"v1.9.3".into(), &serde_json::json!([])));
    assert_eq!(machines(&status).len(), 5);
}

#[test]
fn it_reads_each_type_once_and_writes_nothing() {
    let r = Repository::new();
    r.run(&["status", "--lab=deployed"]).exits(0);
    let mut types: BTreeMap<String, usize> = BTreeMap::new();
    for line in r.requests("deployed") {
        assert_eq!(line["writing"], false, "{line}");
        if line["server"] == "omni" {
            *types.entry(line["type"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    assert!(types.values().all(|n| *n == 1), "{types:?}");
    assert_eq!(types.len(), omni_scale::engine::refresh::STATUS_TYPES.len() + 1, "{types:?}");
    assert!(!types.keys().any(|t| t.contains("ConfigPatches")), "patches tell nothing of a declared cluster");
}

#[test]
fn what_is_declared_and_not_there_is_not_up() {
    let r = Repository::new();
    r.run(&["status", "--lab"])
        .exits(9)
        .says("Cluster \"talos-prod-01\" not up")
        .says("Omni does not have this cluster")
        .says("next  omni-scale plan --lab=fresh");
    for args in [&["status", "--lab", "-q"][..], &["status", "--lab", "--quiet", "--wait", "10s"]] {
        let quiet = r.run(args).exits(9);
        assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""), "{args:?}");
    }
    let late = r.run(&["status", "--lab", "--wait", "90s"]).exits(9);
    assert!(
        late.err.contains("error: not up within 1m30s: talos-prod-01: Omni does not have"),
        "{}",
        late.err
    );
    assert!(late.out.contains("not in Omni, wanted 3"), "{}", late.out);
}

#[test]
fn a_wait_ends_when_the_cluster_is_up_and_tells_what_changes_on_the_way() {
    let r = coming_up();
    r.run(&["status", "--lab"]).exits(9).says("Machine Request \"talos-prod-01-workers-");
    let waited = r.run(&["status", "--lab", "--wait", "30m"]).exits(0);
    for text in ["INSTALLING", "CONFIGURING", "Load Balancer Ready", "of 5 machines up"] {
        assert!(waited.err.contains(text), "no `{text}` in\n{}", waited.err);
    }
    assert!(!waited.err.contains('\u{1b}') && !waited.err.contains("gone:"), "{}", waited.err);
    assert!(waited.out.contains("up RUNNING Not Ready (0/5)"), "{}", waited.out);
    assert!(waited.out.contains("its patches leave no CNI: nodes stay NotReady"), "{}", waited.out);
    r.run(&["lab", "inject", "cni-installed:talos-prod-01", "fresh"]).exits(0);
    r.run(&["status", "--lab", "--wait", "5m"]).exits(0);
}

#[test]
fn quietly_too_is_what_is_reached_later_noticed() {
    let r = coming_up();
    let waited = r.run(&["status", "--lab", "-q", "--wait", "30m", "talos-prod-01"]).exits(0);
    assert_eq!((waited.out.as_str(), waited.err.as_str()), ("", ""));
}

#[test]
fn where_a_cni_comes_with_the_patches_a_wait_is_for_ready_nodes() {
    let r = Repository::new();
    // That there is no CNI is a locked decision of the shipped spec.
    r.edit(
        "clusters/talos-prod-01.yaml",
        "kind: ControlPlane\n",
        "kind: ControlPlane\npatches:\n  - name: own-cni\n    inline: {cluster: {network: {cni: {$patch: delete}}}}\n",
    );
    r.run(&["apply", "--lab", "--auto-approve", "--timeout", "1"]).exits(9);
    let waited = r.run(&["status", "--lab", "--wait", "30m"]).exits(0);
    assert!(waited.out.contains("up RUNNING Ready (5/5)") && !waited.out.contains("CNI"), "{}", waited.out);
}

#[test]
fn the_files_are_compared_with_what_runs() {
    let r = Repository::new();
    r.edit("clusters/talos-prod-01.yaml", "v1.11.6", "v1.12.0");
    r.edit("clusters/talos-prod-01.yaml", "size: 2", "size: 3");
    r.run(&["status", "--lab=deployed", "--width", "160"])
        .exits(9)
        .says("the files ask for Talos v1.12.0, Omni is asked for v1.11.6")
        .says("the files ask for 3 machines of `talos-prod-01-workers`, Omni is asked for 2 machines")
        .says("Talos v1.11.6 Outdated")
        .says("next  omni-scale plan --lab=deployed");
    // The machines of this world were made from other files.
    let other = r
        .run(&["status", "--lab=matrix"])
        .exits(9)
        .says("Additional Workers \"talos-prod-01-worker-golf\" Running Ready (1/1) in no file")
        .says("`talos-prod-01-workers` is in the files and not in Omni")
        .says("Kubernetes v1.35.0 Outdated");
    let status = json(&r.run(&["status", "--lab=matrix", "--format", "json"]).exits(9));
    let machines = machines(&status);
    assert_eq!(machines.len(), 6, "{machines:?}");
    for (id, vm) in machines {
        assert!(vm.is_some() && other.out.contains(&id), "{id} {vm:?}\n{}", other.out);
    }
}

#[test]
fn clusters_that_no_file_declares_are_named_and_shown_when_asked_for() {
    let r = Repository::new();
    let path = r.path("clusters/talos-prod-01.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("talos-prod-01", "staging")).unwrap();
    let named = r.run(&["status", "--lab=deployed"]).exits(9).says("In Omni, in no file: talos-prod-01");
    assert!(!named.out.contains("Cluster \"talos-prod-01\""), "{}", named.out);
    let one = r.run(&["status", "--lab=deployed", "talos-prod-01"]).exits(0).says("no file declares it");
    assert!(one.out.contains("up RUNNING Ready (5/5)") && !one.out.contains("staging"), "{}", one.out);
    r.run(&["status", "--lab=deployed", "--all"])
        .exits(9)
        .says("\"talos-prod-01\" up")
        .says("\"staging\" not up");
    r.run(&["status", "--lab=deployed", "talos-prod-1"]).exits(1).says("did you mean `talos-prod-01`?");
    r.run(&["status", "--lab=deployed", "nothing-like-it"])
        .exits(1)
        .says("neither the files nor Omni have a cluster `nothing-like-it`")
        .says("`staging`, `talos-prod-01`");
}

#[test]
fn broken_things_are_told() {
    let r = Repository::new();
    let before = json(&r.run(&["status", "--lab=deployed", "--format", "json"]).exits(0));
    let worker = machines(&before).into_values().flatten().max().unwrap();
    let vmid = worker.split_once('/').unwrap().1;
    r.run(&["lab", "inject", &format!("vm-deleted:{vmid}"), "deployed"]).exits(0);
    r.run(&["lab", "inject", "quorum-lost", "deployed"]).exits(0);
    r.run(&["status", "--lab=deployed"]).says("no VM in Proxmox").says("Proxmox matrix has no quorum");
    r.run(&["lab", "inject", "node-offline:golf", "deployed"]).exits(0);
    r.run(&["status", "--lab=deployed"]).says("Proxmox matrix offline: golf");

    // A provider that is down while machines are asked for.
    let r = Repository::new();
    r.run(&["lab", "inject", "provider-stopped"]).exits(0);
    r.run(&["apply", "--lab", "--auto-approve", "--timeout", "2"]).exits(9);
    r.run(&["status", "--lab"]).exits(9).says("PENDING").says("provider `Proxmox` is not connected");
}

#[test]
fn narrow_plain_and_coloured() {
    let r = Repository::new();
    let ascii = r.run(&["status", "--lab=deployed", "--ascii", "--width", "60"]).exits(0);
    assert!(ascii.out.is_ascii() && ascii.out.lines().all(|l| l.len() <= 60), "{}", ascii.out);
    assert!(ascii.out.contains("`-- Workers"), "{}", ascii.out);
    let colour = r.run(&["status", "--lab=deployed", "--color", "always"]).exits(0);
    assert!(colour.out.contains("\u{1b}[32mReady\u{1b}[0m"), "{}", colour.out);
}

#[test]
fn wrong_usage_is_refused_before_anything_is_asked() {
    let r = Repository::new();
    for args in [
        &["status", "--lab", "--wait"][..],
        &["status", "--lab", "--wait", "5"],
        &["status", "--lab", "--wait", "soon"],
        &["status", "--lab", "--all", "talos-prod-01"],
        &["status", "--lab", "--format", "yaml"],
    ] {
        r.run(args).exits(64);
    }
    assert!(!r.path("state/lab").exists());
}
