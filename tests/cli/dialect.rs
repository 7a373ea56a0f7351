//! Servers of different versions: what is sent to them, and for which of them the templates are read.

use serde_json::{Value, json};

use crate::repository::Repository;

const TEMPLATE: &str = "clusters/talos-prod-01.yaml";
const MACHINE: &str = "a0000001-0000-4000-8000-000000000001";

/// Asserts that nothing is left to do.
fn settled(r: &Repository, world: &str) {
    let lab = format!("--lab={world}");
    let plan = r.run(&["plan", &lab, "--detailed-exitcode"]).exits(0);
    assert!(plan.out.starts_with("No changes."), "{world}: {}", plan.out);
}

/// The resource of a world as its server holds it.
fn stored<'w>(world: &'w Value, kind: &str, id: &str) -> &'w Value {
    let kind = format!("{kind}.omni.sidero.dev");
    let found = world["resources"].as_array().unwrap();
    let is = |r: &&Value| r["type"] == kind.as_str() && r["id"] == id;
    found.iter().find(is).unwrap_or_else(|| panic!("no {kind} {id}"))
}

fn world(r: &Repository, name: &str) -> Value {
    let text = std::fs::read_to_string(r.path(&format!("state/lab/{name}/world.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Types of accepted creations, in the order of the requests.
fn created(r: &Repository, world: &str) -> Vec<String> {
    let requests = r.requests(world);
    let creations =
        requests.iter().filter(|l| l["path"].as_str().unwrap().ends_with("/Create") && l["status"] == 200);
    creations.map(|l| l["type"].as_str().unwrap().replace(".omni.sidero.dev", "")).collect()
}

/// Apply, change, apply again: nothing is left each time.
fn rehearse(name: &str) {
    let r = Repository::new();
    let lab = format!("--lab={name}");
    r.run(&["apply", &lab, "--auto-approve"]).exits(0).says("Verified");
    settled(&r, name);
    r.edit(
        TEMPLATE,
        "kind: Workers\n",
        "kind: Workers\npatches:\n  - name: sysctls\n    inline: {machine: {sysctls: {vm.swappiness: '1'}}}\n",
    );
    r.run(&["plan", &lab, "--detailed-exitcode"]).exits(2);
    r.run(&["apply", &lab, "--auto-approve"]).exits(0).says("Verified");
    settled(&r, name);
}

#[test]
fn a_running_deployment_on_1_9_ends_in_an_empty_plan() {
    rehearse("deployed-1.9");
}

#[test]
fn a_running_deployment_on_the_newest_ends_in_an_empty_plan() {
    rehearse("deployed");
}

#[test]
fn a_first_deployment_on_1_9_ends_in_an_empty_plan() {
    rehearse("fresh-1.9");
}

#[test]
fn a_feature_of_1_10_is_set_where_the_server_knows_it() {
    let r = Repository::new();
    let key = "features: {enableNodeAuditSkip: true}";
    r.edit(TEMPLATE, "kind: Cluster\n", &format!("kind: Cluster\n{key}\n"));
    // Nobody was asked: the oldest language, and both ways out.
    for text in
        ["has no field `enableNodeAuditSkip`", "Omni 1.10 knows this field", "remove it", "version: \"1.10\""]
    {
        r.run(&["validate"]).exits(65).says(text);
    }
    // The server decides, whatever the spec does not say.
    r.run(&["plan", "--lab=deployed", "--detailed-exitcode"]).exits(2).says("features.enableNodeAuditSkip");
    r.run(&["apply", "--lab=deployed", "--auto-approve"]).exits(0).says("Verified");
    settled(&r, "deployed");
    r.run(&["status", "--lab=deployed"]).says("talos-prod-01");
    r.run(&["export", "--cluster", "talos-prod-01", "--lab=deployed"])
        .exits(0)
        .says("enableNodeAuditSkip: true");
    assert_eq!(
        stored(&world(&r, "deployed"), "Clusters", "talos-prod-01")["spec"]["features"]["enable_node_audit_skip"],
        true
    );
    r.run(&["plan", "--lab=deployed-1.9"])
        .exits(65)
        .says("the server is Omni v1.9.3")
        .says("nothing was changed");
    // The spec says what nobody is asked for.
    r.edit("spec/omni.yaml", "omni:\n", "omni:\n  version: \"1.10\"\n");
    r.run(&["validate"]).exits(0);
    let plan = r.run(&["plan", "--lab=deployed"]).exits(0);
    assert!(!plan.err.contains("the spec says"), "{}", plan.err);
    r.run(&["plan", "--lab=deployed-1.9"])
        .exits(65)
        .says("the spec says Omni `1.10`, the server is `v1.9.3`");
    r.edit(TEMPLATE, &format!("{key}\n"), "");
    r.run(&["plan", "--lab=deployed-1.9"]).exits(0).says("the spec says Omni `1.10`, the server is `v1.9.3`");
}

#[test]
fn what_no_version_accepts_never_reaches_the_network() {
    let r = Repository::new();
    r.edit(TEMPLATE, "kind: Cluster\n", "kind: Cluster\nfeatures: {enableNodeAuditSkip: true, tea: true}\n");
    let ran = r.run(&["plan", "--lab=deployed"]).exits(65).says("nothing was read from or sent to anywhere");
    assert!(ran.err.contains("`tea`") && ran.err.contains("`enableNodeAuditSkip`"), "{}", ran.err);
    assert!(!r.path("state/lab/deployed").exists());
}

#[test]
fn an_install_disk_in_a_patch_is_the_servers_to_allow() {
    let r = Repository::new();
    r.edit(
        TEMPLATE,
        "kind: Workers\n",
        "kind: Workers\npatches:\n  - name: disk\n    inline: {machine: {install: {disk: /dev/sda}}}\n",
    );
    r.run(&["plan", "--lab=fresh"]).exits(65).says("a patch may not set `machine.install.disk`");
    r.run(&["apply", "--lab=fresh-1.9", "--auto-approve"]).exits(0).says("Verified");
    settled(&r, "fresh-1.9");
}

#[test]
fn warnings_are_said_once_whatever_the_server_is() {
    let r = Repository::new();
    r.edit(
        TEMPLATE,
        "kind: Workers\n",
        "kind: Workers\npatches:\n  - name: ca\n    inline: {cluster: {ca: {crt: eA==}}}\n",
    );
    let old = r.run(&["plan", "--lab=fresh-1.9"]).exits(0);
    assert_eq!(old.err.matches("a patch may not set `cluster.ca`").count(), 1, "{}", old.err);
    let new = r.run(&["plan", "--lab=fresh"]).exits(65);
    assert!(new.err.contains("a patch may not set `cluster.ca`"), "{}", new.err);
}

#[test]
fn an_install_disk_is_a_resource_or_a_patch() {
    for (name, kind) in [("fresh", "MachineInstallDiskConfigs"), ("fresh-1.9", "ConfigPatches")] {
        let r = Repository::new();
        let cluster =
            "kind: Cluster\nname: metal\nkubernetes: {version: v1.34.3}\ntalos: {version: v1.11.6}\n";
        let machine = format!("---\nkind: Machine\nname: {MACHINE}\ninstall: {{disk: /dev/sda}}\n");
        let template = format!("{cluster}---\nkind: ControlPlane\nmachines: [{MACHINE}]\n{machine}");
        std::fs::write(r.path("clusters/metal.yaml"), &template).unwrap();
        let lab = format!("--lab={name}");
        // No such machine ever comes up in the lab.
        r.run(&["apply", &lab, "--auto-approve", "--timeout", "1"]).exits(9);
        let order = created(&r, name);
        let at = |kind: &str| order.iter().rposition(|k| k == kind);
        assert!(at(kind).is_some() && at(kind) < at("MachineSetNodes"), "{order:?}");
        let plan = r.run(&["plan", &lab, "--detailed-exitcode"]).exits(0);
        assert!(!plan.out.contains("installdisk"), "{}", plan.out);
        // Without the section Omni chooses again; when the machine leaves, its disk is released.
        std::fs::write(r.path("clusters/metal.yaml"), template.replace(&machine, "")).unwrap();
        let goes = r.run(&["plan", &lab, "--brief"]).exits(0);
        let word = if kind == "ConfigPatches" { "patch/000-cm" } else { "installdisk/" };
        assert!(goes.out.contains(&format!("- destroy cluster/metal/{word}")), "{}", goes.out);
        std::fs::write(r.path("clusters/metal.yaml"), format!("{cluster}---\nkind: ControlPlane\n")).unwrap();
        // The last control plane is lost: a guard speaks.
        let leaves = r.run(&["plan", &lab, "--brief"]).exits(3);
        let action = if kind == "ConfigPatches" { "- destroy" } else { "< release" };
        assert!(leaves.out.contains(&format!("{action} cluster/metal/{word}")), "{}", leaves.out);
    }
}

#[test]
fn fields_that_only_the_server_knows_survive_our_updates() {
    for name in ["deployed", "deployed-1.9"] {
        let r = Repository::new();
        let lab = format!("--lab={name}");
        r.run(&["apply", &lab, "--auto-approve"]).exits(0);
        let mut changed = world(&r, name);
        for resource in changed["resources"].as_array_mut().unwrap() {
            let brew = json!({ "strength": 3, "kinds": ["green"] });
            match (resource["type"].as_str().unwrap(), resource["id"].as_str().unwrap()) {
                ("Clusters.omni.sidero.dev", "talos-prod-01") => {
                    resource["spec"]["brew"] = brew;
                    resource["spec"]["features"]["tea_at_five"] = json!(true);
                }
                ("MachineSets.omni.sidero.dev", "talos-prod-01-workers") => {
                    resource["spec"]["machine_allocation"]["taste"] = json!("mild");
                }
                ("ConfigPatches.omni.sidero.dev", "200-cluster-talos-prod-01-cilium-prep") => {
                    resource["spec"]["season"] = json!("winter");
                }
                _ => {}
            }
        }
        let path = r.path(&format!("state/lab/{name}/world.json"));
        std::fs::write(path, serde_json::to_vec(&changed).unwrap()).unwrap();
        // They are no difference.
        settled(&r, name);
        r.edit(TEMPLATE, "kind: Cluster\n", "kind: Cluster\nfeatures: {enableWorkloadProxy: true}\n");
        r.edit(TEMPLATE, "size: 2", "size: 3");
        r.edit(TEMPLATE, "disabled: true", "disabled: true\n        apiServer: {certSANs: [x.example]}");
        let plan = r.run(&["plan", &lab]).exits(0);
        for word in ["brew", "tea_at_five", "teaAtFive", "taste", "season"] {
            assert!(!plan.out.contains(word), "{word} in {}", plan.out);
        }
        r.run(&["apply", &lab, "--auto-approve"]).exits(0).says("Verified");
        let after = world(&r, name);
        let cluster = stored(&after, "Clusters", "talos-prod-01");
        assert_eq!(cluster["spec"]["features"]["enable_workload_proxy"], true);
        assert_eq!(cluster["spec"]["features"]["tea_at_five"], true);
        assert_eq!(cluster["spec"]["brew"], json!({ "strength": 3, "kinds": ["green"] }));
        let workers = &stored(&after, "MachineSets", "talos-prod-01-workers")["spec"]["machine_allocation"];
        assert_eq!((&workers["machine_count"], &workers["taste"]), (&json!(3), &json!("mild")));
        let patch = &stored(&after, "ConfigPatches", "200-cluster-talos-prod-01-cilium-prep")["spec"];
        assert!(patch["data"].as_str().unwrap().contains("x.example"), "{patch}");
        assert_eq!(patch["season"], "winter");
        settled(&r, name);
    }
}

#[test]
fn render_prints_what_the_client_of_a_version_prints() {
    let r = Repository::new();
    r.edit(TEMPLATE, "kind: Cluster\n", "kind: Cluster\nfeatures: {disablePublicDiscoveryService: true}\n");
    r.run(&["render", TEMPLATE]).exits(65).says("`--omni 1.10`");
    for version in ["1.10", "v1.10.4", "newest"] {
        r.run(&["render", TEMPLATE, "--omni", version]).exits(0).says("disablepublicdiscoveryservice: true");
    }
    r.run(&["render", TEMPLATE, "--omni", "latest"]).exits(64);
}
