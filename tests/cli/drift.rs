//! Drift: reported with old and new, who is asked to do what, and nothing else.

use serde_json::Value;

use crate::repository::Repository;

const CLUSTER: &str = "cluster/talos-prod-01";

fn applied() -> Repository {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    r
}

fn report(r: &Repository, args: &[&str], exit: i32) -> Value {
    let all = [&["drift", "--lab", "--format", "json", "--detailed-exitcode"], args].concat();
    serde_json::from_str(&r.run(&all).exits(exit).out).unwrap()
}

fn change(r: &Repository, object: &Value) {
    r.run(&["lab", "inject", &format!("object-changed:{object}")]).exits(0);
}

fn made(r: &Repository, object: &Value) {
    r.run(&["lab", "inject", &format!("object-made:{object}")]).exits(0);
}

/// The one thing that drifted.
fn only(report: &Value) -> Value {
    let all = report["drifted"].as_array().unwrap();
    assert_eq!(all.len(), 1, "{report}");
    all[0].clone()
}

#[test]
fn without_a_record_nothing_can_have_drifted() {
    let r = Repository::new();
    let ran = r.run(&["drift", "--lab=deployed", "--detailed-exitcode"]).exits(0);
    assert!(ran.out.starts_with("No record of earlier applies"), "{}", ran.out);
    r.run(&["drift", "--lab", "--format", "json"]).exits(0).says("\"record\": null");
    assert!(!r.path("state/lab/fresh/runs").exists());
}

#[test]
fn our_own_apply_is_no_drift_and_looking_writes_nothing() {
    let r = applied();
    let before = r.requests("fresh").len();
    let ran = r.run(&["drift", "--lab", "--detailed-exitcode"]).exits(0);
    assert_eq!(ran.out, "No drift. 8 objects are as they were applied.\n");
    assert!(r.requests("fresh")[before..].iter().all(|l| l["writing"] == false));
    // An edit of the files is no drift, whether it is applied or not.
    r.edit("clusters/talos-prod-01.yaml", "size: 2", "size: 3");
    r.run(&["drift", "--lab", "--detailed-exitcode"]).exits(0).says("No drift");
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    r.run(&["drift", "--lab", "--detailed-exitcode"]).exits(0).says("No drift");
}

#[test]
fn a_changed_field_of_each_kind_is_told_with_old_and_new() {
    let r = Repository::new();
    r.edit(
        "clusters/talos-prod-01.yaml",
        "kind: Workers\n",
        "kind: Workers\npatches:\n  - name: own\n    inline: {machine: {sysctls: {a: \"1\"}}}\n",
    );
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    let patch = "400-talos-prod-01-workers-own";
    let cases: [(Value, &str, &[&str], Value, Value); 6] = [
        (
            serde_json::json!({"type": "Clusters", "id": "talos-prod-01", "labels": {"environment": "staging"}}),
            CLUSTER,
            &["labels", "environment"],
            "production".into(),
            "staging".into(),
        ),
        (
            serde_json::json!({"type": "MachineSets", "id": "talos-prod-01-workers", "spec": {"machine_allocation": {"machine_count": 3}}}),
            "cluster/talos-prod-01/machineset/workers",
            &["machineClass", "size"],
            2.into(),
            3.into(),
        ),
        (
            serde_json::json!({"type": "MachineClasses", "id": "matrix-worker", "spec": {"auto_provision": {"provider_id": "other"}}}),
            "class/matrix-worker",
            &["autoprovision", "providerid"],
            "Proxmox".into(),
            "other".into(),
        ),
        (
            serde_json::json!({"type": "ConfigPatches", "id": patch, "spec": {"data": "machine: {sysctls: {a: \"2\"}}\n"}}),
            "cluster/talos-prod-01/patch/400-talos-prod-01-workers-own",
            &["data", "machine", "sysctls", "a"],
            "1".into(),
            "2".into(),
        ),
        (
            serde_json::json!({"type": "ExtensionsConfigurations", "id": "schematic-talos-prod-01", "spec": {"extensions": ["siderolabs/qemu-guest-agent"]}}),
            "cluster/talos-prod-01/extensions/schematic-talos-prod-01",
            &["systemExtensions"],
            serde_json::json!(["siderolabs/qemu-guest-agent", "siderolabs/iscsi-tools"]),
            serde_json::json!(["siderolabs/qemu-guest-agent"]),
        ),
        (
            serde_json::json!({"type": "Clusters", "id": "talos-prod-01", "spec": {"talos_version": "1.12.0"}}),
            CLUSTER,
            &["talos", "version"],
            "1.11.6".into(),
            "1.12.0".into(),
        ),
    ];
    for (object, address, path, then, now) in cases {
        change(&r, &object);
        let found = report(&r, &["--target", address], 2);
        let item = only(&found);
        assert_eq!((&item["address"], &item["deviation"]), (&address.into(), &"changed".into()));
        let fields = item["fields"].as_array().unwrap();
        let field =
            fields.iter().find(|f| f["path"] == serde_json::json!(path)).unwrap_or_else(|| panic!("{item}"));
        assert_eq!((&field["applied"], &field["live"]), (&then, &now), "{item}");
        assert_eq!(field["files"], "as_applied", "{item}");
        assert!(item["when"].as_str().is_some_and(|w| w.ends_with('Z')), "{item}");
    }
    let whole = report(&r, &[], 2);
    assert_eq!(whole["summary"]["drifted"], 5, "{whole}");
    // The plan would put all of it back, and finds nothing besides.
    r.run(&["drift", "--lab"]).exits(0).says("the next apply puts it back");
    r.run(&["apply", "--lab", "--auto-approve", "--exclude", CLUSTER]).exits(0);
    assert_eq!(only(&report(&r, &[], 2))["address"], CLUSTER);
}

#[test]
fn a_field_can_be_as_the_files_ask_or_otherwise() {
    let r = applied();
    change(
        &r,
        &serde_json::json!({"type": "MachineSets", "id": "talos-prod-01-workers", "spec": {"machine_allocation": {"machine_count": 5}}}),
    );
    r.edit("clusters/talos-prod-01.yaml", "size: 2", "size: 5");
    assert_eq!(only(&report(&r, &[], 2))["files"], "as_live");
    r.run(&["drift", "--lab"])
        .exits(0)
        .says("the files agree with it: the next apply only writes the record");
    r.edit("clusters/talos-prod-01.yaml", "size: 5", "size: 4");
    assert_eq!(only(&report(&r, &[], 2))["files"], "otherwise");
}

#[test]
fn what_is_gone_foreign_or_locked_matters_and_marks_of_others_are_counted() {
    let r = applied();
    let patch = "200-cluster-talos-prod-01-cilium-prep";
    made(
        &r,
        &serde_json::json!({"type": "ConfigPatches", "id": "500-x", "labels": {"omni.sidero.dev/cluster": "talos-prod-01"}, "spec": {"data": "machine: {}"}}),
    );
    change(
        &r,
        &serde_json::json!({"type": "Clusters", "id": "talos-prod-01", "annotations": {"omni.sidero.dev/cluster-locked": "", "note": "x"}}),
    );
    change(
        &r,
        &serde_json::json!({"type": "ConfigPatches", "id": patch, "labels": {"theirs": "y"}, "spec": {"data": "# the same\ncluster:\n    network:\n        cni:\n            name: none\n    proxy:\n        disabled: true\n"}}),
    );
    let found = report(&r, &[], 2);
    let told: Vec<(&str, &str)> = found["drifted"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| (d["deviation"].as_str().unwrap(), d["address"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("locked", CLUSTER), ("foreign", "cluster/talos-prod-01/patch/500-x")]);
    assert_eq!(found["summary"]["minor"], 3, "{found}");
    let hidden = r.run(&["drift", "--lab"]).exits(0).says("3 differences do not matter. --full lists");
    assert!(!hidden.out.contains("`note`"), "{}", hidden.out);
    r.run(&["drift", "--lab", "--full"])
        .exits(0)
        .says("annotation `note` of others")
        .says("label `theirs` of others")
        .says("only the formatting of its text differs");
    // Excluded, nothing is left that matters.
    report(&r, &["--exclude", CLUSTER, "--exclude", "**/patch/500-x"], 0);
}

#[test]
fn a_deletion_outside_is_told() {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    let record = std::fs::read_dir(r.path("state/lab/fresh"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| {
            let name = p.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("lab-") && name.ends_with(".json") && !name.contains(".backup")
        })
        .expect("a record");
    // Somebody with another record, or none, takes it away.
    let before = std::fs::read(&record).unwrap();
    let extensions = "cluster/talos-prod-01/extensions/schematic-talos-prod-01";
    r.run(&["apply", "--lab", "--auto-approve", "--destroy", extensions]).exits(0);
    std::fs::write(&record, before).unwrap();
    let gone = only(&report(&r, &[], 2));
    assert_eq!(gone["deviation"], "gone");
    assert_eq!((&gone["address"], &gone["files"]), (&extensions.into(), &"as_applied".into()));
    r.run(&["drift", "--lab"]).exits(0).says("the files declare it: the next apply makes it again");
}

#[test]
fn secrets_are_covered_in_every_form() {
    let r = Repository::new();
    r.edit(
        "clusters/talos-prod-01.yaml",
        "kind: ControlPlane\n",
        "kind: ControlPlane\npatches:\n  - name: registry\n    inline: {machine: {registries: {config: {ghcr.io: {auth: {username: me, password: hunter2}}}}}}\n",
    );
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    let data = "machine: {registries: {config: {ghcr.io: {auth: {username: me, password: hunter3}}}}}\n";
    change(
        &r,
        &serde_json::json!({"type": "ConfigPatches", "id": "400-talos-prod-01-control-planes-registry", "spec": {"data": data}}),
    );
    let item = only(&report(&r, &[], 2));
    let fields = item["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 1, "{item}");
    assert_eq!(fields[0]["path"].as_array().unwrap().last().unwrap(), "password");
    assert_eq!((&fields[0]["sensitive"], &fields[0]["live"]), (&true.into(), &Value::Null));
    for format in ["text", "json", "md", "github"] {
        let ran = r.run(&["drift", "--lab", "--full", "--format", format]).exits(0);
        assert!(!ran.out.contains("hunter") && !ran.out.contains("hmac:"), "{}", ran.out);
        assert!(ran.out.contains("password"), "{}", ran.out);
    }
}

#[test]
fn json_fits_its_schema_and_all_files_are_written() {
    let r = applied();
    change(
        &r,
        &serde_json::json!({"type": "Clusters", "id": "talos-prod-01", "labels": {"environment": "a`b|::warning::c"}}),
    );
    let ran = r
        .run(&[
            "drift",
            "--lab",
            "--out",
            "json=d.json",
            "--out",
            "md=d.md",
            "--out",
            "text=d.txt",
            "--out",
            "github=d.log",
        ])
        .exits(0);
    assert_eq!(std::fs::read_to_string(r.path("d.txt")).unwrap().lines().last(), ran.out.lines().last());
    let schema: Value = serde_json::from_str(&r.run(&["schema", "drift"]).exits(0).out).unwrap();
    let found: Value = serde_json::from_str(&std::fs::read_to_string(r.path("d.json")).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems: Vec<String> = validator.iter_errors(&found).map(|e| e.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}");
    let md = std::fs::read_to_string(r.path("d.md")).unwrap();
    assert!(md.starts_with("<!-- omni-scale:drift v1 key=spec/omni.yaml -->\n## omni-scale drift\n"), "{md}");
    assert!(
        md.contains("- labels.environment   production\n+ labels.environment   a`b|::warning::c\n"),
        "{md}"
    );
    let log = std::fs::read_to_string(r.path("d.log")).unwrap();
    assert!(log.lines().all(|l| l.starts_with("::")), "{log}");
    assert_eq!(log.lines().count(), 2, "{log}");
    r.run(&["drift", "--lab", "--out", "pdf=x"]).exits(64).says("no format of a drift report");
}

#[test]
fn a_job_of_github_learns_what_was_found() {
    let r = applied();
    made(
        &r,
        &serde_json::json!({"type": "ConfigPatches", "id": "500-x", "labels": {"omni.sidero.dev/cluster": "talos-prod-01"}, "spec": {"data": "machine: {}"}}),
    );
    for name in ["output", "summary"] {
        std::fs::write(r.path(name), "").unwrap();
    }
    let mut command = r.command(&["drift", "--lab", "--detailed-exitcode"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_OUTPUT", r.path("output"));
    let ran = command.env("GITHUB_STEP_SUMMARY", r.path("summary")).output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    let output = std::fs::read_to_string(r.path("output")).unwrap();
    for (key, value) in [("has_changes", "true"), ("complete", "true"), ("exit", "2")] {
        let at = output.find(&format!("{key}<<")).unwrap_or_else(|| panic!("{output}"));
        assert_eq!(output[at..].lines().nth(1), Some(value), "{output}");
    }
    let summary = std::fs::read_to_string(r.path("summary")).unwrap();
    assert!(summary.contains("`cluster/talos-prod-01/patch/500-x`"), "{summary}");
}

#[test]
fn who_wrote_it_is_told_to_the_person_who_asks_and_to_nobody_else() {
    let r = applied();
    change(
        &r,
        &serde_json::json!({"type": "MachineClasses", "id": "matrix-worker", "spec": {"auto_provision": {"provider_data": "cores: 2\n"}}}),
    );
    let told = only(&report(&r, &[], 2));
    assert_eq!(told["who"], "somebody@example.org", "{told}");
    let text = r.run(&["drift", "--lab"]).exits(0).out;
    assert!(text.contains(" by somebody@example.org"), "{text}");
    for format in ["md", "html", "github"] {
        let out = r.run(&["drift", "--lab", "--format", format]).exits(0).out;
        assert!(out.contains("matrix-worker") && !out.contains("somebody"), "{format}: {out}");
    }
}

#[test]
fn the_page_stands_alone_and_has_both_values() {
    let r = applied();
    change(
        &r,
        &serde_json::json!({"type": "MachineClasses", "id": "matrix-worker", "spec": {"auto_provision": {"provider_data": "cores: 2\nname: <script>alert(1)</script>\n"}}}),
    );
    r.run(&["drift", "--lab", "--out", "html=drift.html"]).exits(0);
    let page = std::fs::read_to_string(r.path("drift.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Content-Security-Policy"), "{page}");
    assert!(page.contains("<del>8</del>") && page.contains("<ins>2</ins>"), "{page}");
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"), "{page}");
}
