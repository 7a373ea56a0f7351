//! `doctor`: exit codes, the log, what it says without a server.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::repository::{Ran, Repository};

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap()
}

fn rules(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect()
}

#[test]
fn findings_are_told_and_only_asked_for_in_the_exit_code() {
    let r = Repository::new();
    let ran =
        r.run(&["doctor", "--lab=deployed"]).exits(0).says("orphan-vm").says("`qm destroy 106 --purge`");
    assert!(ran.out.contains("5 machines looked at."), "{}", ran.out);
    r.run(&["doctor", "--lab=deployed", "--detailed-exitcode"]).exits(2);
    assert!(r.requests("deployed").iter().all(|l| l["writing"] == false), "looking writes nothing");
    let report = json(&r.run(&["doctor", "--lab=deployed", "--format", "json"]).exits(0));
    let schema: Value = serde_json::from_str(&r.run(&["schema", "doctor"]).exits(0).out).unwrap();
    assert_eq!(report["format"], "omni-scale.doctor");
    for key in report.as_object().unwrap().keys() {
        assert!(schema["properties"].get(key).is_some(), "{key} is not in the schema");
    }
    // What is about no machine of the cluster is left out.
    let own = json(
        &r.run(&["doctor", "--lab=deployed", "--cluster", "talos-prod-01", "--format", "json"]).exits(0),
    );
    assert!(!rules(&own).contains(&"orphan-vm") && rules(&own).contains(&"machine-locked"), "{own}");
    r.run(&["doctor", "--lab=deployed", "--cluster", "talos-prod-02"])
        .exits(1)
        .says("did you mean `talos-prod-01`");
}

/// What a rule says of each subject: facts and what was seen.
fn told<'a>(report: &'a Value, rule: &str) -> Vec<(&'a str, Vec<&'a str>)> {
    let all = report["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == rule);
    let facts = |f: &'a Value| f["evidence"].as_array().unwrap().iter().map(|e| e["value"].as_str().unwrap());
    all.map(|f| (f["subject"].as_str().unwrap(), facts(f).collect())).collect()
}

#[test]
fn disks_that_vms_left_behind_are_told_and_others_are_not() {
    let r = Repository::new();
    let doctor = || json(&r.run(&["doctor", "--lab=deployed", "--format", "json"]).exits(0));
    let before = doctor();
    assert!(
        !rules(&before).contains(&"orphan-disk") && !rules(&before).contains(&"disk-not-used"),
        "{before}"
    );
    let unlisted = |report: &Value| {
        let all = report["unjudged"].as_array().unwrap();
        all.iter()
            .filter(|l| l.as_str().unwrap().starts_with("disks "))
            .map(Value::to_string)
            .collect::<Vec<_>>()
    };
    assert!(unlisted(&before).is_empty(), "{before}");
    for fault in [
        "disk-left:vm_ssd:vm-120-disk-0=40",
        "disk-left:local-lvm:vm-121-disk-0@golf",
        "disk-left:local-lvm:vm-121-disk-1@golf",
        "disk-left:vm_ssd:vm-104-disk-3",
    ] {
        r.run(&["lab", "inject", fault, "deployed"]).exits(0);
    }
    let after = doctor();
    assert_eq!(
        told(&after, "orphan-disk"),
        [
            (
                "proxmox/matrix/node/golf/storage/local-lvm",
                vec!["local-lvm:vm-121-disk-0, local-lvm:vm-121-disk-1", "40 GiB"]
            ),
            ("proxmox/matrix/storage/vm_ssd", vec!["vm_ssd:vm-120-disk-0", "40 GiB"]),
        ]
    );
    r.run(&["doctor", "--lab=deployed"])
        .exits(0)
        .says("OS0557")
        .says("no other Proxmox cluster shares the storage");
    // A disk of a VM that is there is none of these.
    let [(machine, facts)] = &told(&after, "disk-not-used")[..] else { panic!("{after}") };
    assert!(machine.starts_with("machine/talos-prod-01-workers-"), "{machine}");
    assert_eq!(facts, &["vm_ssd:vm-104-disk-3", "20 GiB"]);
    assert!(r.requests("deployed").iter().all(|l| l["writing"] == false), "looking writes nothing");
    // A plan asks no storage what lies there.
    let asked = || {
        let lines = r.requests("deployed");
        lines.iter().filter(|l| l["path"].as_str().unwrap().ends_with("/content")).count()
    };
    let count = asked();
    r.run(&["plan", "--lab=deployed"]);
    assert!(count > 0 && asked() == count, "{count}");
    // Who is not shown them is told that, and finds nothing.
    r.run(&["lab", "inject", "token-role:PVEAuditor", "deployed"]).exits(0);
    let blind = doctor();
    assert!(told(&blind, "orphan-disk").is_empty(), "{blind}");
    let why = unlisted(&blind);
    let lacks = "`VM.Config.Disk` on `/vms`";
    assert!(!why.is_empty() && why.iter().all(|w| w.contains(lacks)), "{why:?}");
    let text = r.run(&["doctor", "--lab=deployed"]).exits(0).out;
    let lines = text.lines().filter(|l| l.starts_with("  ?  disks of ")).count();
    assert_eq!(lines, 1, "one reason is told once: {text}");
}

#[test]
fn one_trouble_of_several_machines_is_told_once() {
    let r = Repository::new();
    let status = json(&r.run(&["status", "--lab=deployed", "--format", "json"]).exits(0));
    let sets = status["clusters"][0]["machine_sets"].as_array().unwrap();
    let machines: Vec<&Value> = sets.iter().flat_map(|s| s["machines"].as_array().unwrap()).collect();
    assert_eq!(machines.len(), 5);
    for machine in &machines {
        r.run(&["lab", "inject", &format!("vm-stopped:{}", machine["vm"]["vmid"]), "deployed"]).exits(0);
    }
    let out = r.run(&["doctor", "--lab=deployed"]).exits(0).out;
    assert_eq!(out.matches("OS0545 vm-not-running").count(), 1, "{out}");
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("and 3 more OS0545 vm-not-running its VM hotel/VMID is stopped"), "{out}");
    assert_eq!(out.matches("`qm start VMID` on node hotel").count(), 1, "{out}");
    assert_eq!(out.lines().filter(|l| *l == "    status      stopped").count(), 1, "{out}");
    for machine in &machines {
        let line = format!("VMID {}", machine["vm"]["vmid"]);
        assert_eq!(out.lines().filter(|l| l.ends_with(&line)).count(), 1, "{line}: {out}");
    }
    // Programs group by themselves: each machine has its own, with commands that can be pasted.
    let report = json(&r.run(&["doctor", "--lab=deployed", "--format", "json"]).exits(0));
    let told = report["findings"].as_array().unwrap();
    let told: Vec<&Value> = told.iter().filter(|f| f["rule"] == "vm-not-running").collect();
    assert_eq!(told.len(), 5);
    for machine in &machines {
        let act = format!("`qm start {}` on node hotel", machine["vm"]["vmid"]);
        assert!(told.iter().any(|f| f["act"][0] == act.as_str()), "{act}: {told:?}");
    }
    let warnings = &report["summary"]["warnings"];
    assert!(out.contains(&format!("{warnings} warnings")), "the verdict counts findings: {out}");
}

#[test]
fn one_reason_why_something_cannot_be_judged_is_told_once() {
    let r = Repository::new();
    r.run(&["lab", "inject", "proxmox-down", "deployed"]).exits(0);
    let out = r.run(&["doctor", "--lab=deployed"]).exits(69).out;
    let lines: Vec<&str> = out.lines().filter(|l| l.starts_with("  ?  ")).collect();
    let told: Vec<&&str> =
        lines.iter().filter(|l| l.contains("nodes, guests and quorum of Proxmox cluster matrix: ")).collect();
    assert_eq!(told.len(), 1, "{out}");
    let report = json(&r.run(&["doctor", "--lab=deployed", "--format", "json"]).exits(69));
    let all = report["unjudged"].as_array().unwrap();
    let of = |part: &str| all.iter().any(|u| u.as_str().unwrap().starts_with(&format!("{part} of Proxmox")));
    assert!(of("nodes") && of("guests") && lines.len() < all.len(), "{report}");
}

#[test]
fn what_can_be_told_is_told_when_a_server_is_away() {
    let r = Repository::new();
    r.run(&["lab", "inject", "proxmox-down", "deployed"]).exits(0);
    let ran = r.run(&["doctor", "--lab=deployed", "--format", "json"]).exits(69).says("cannot be reached");
    let report = json(&ran);
    assert!(
        rules(&report).contains(&"machine-locked") && rules(&report).contains(&"drift-cannot-be-told"),
        "{report}"
    );
    assert_eq!(report["complete"], false);
}

#[test]
fn a_log_alone_needs_no_server_and_no_files() {
    let log = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/proxmox/provider/provider-logs.ndjson");
    let r = Repository::empty();
    let ran = r.run(&["doctor", "--offline", "--logs", log.to_str().unwrap(), "--format", "json"]).exits(0);
    let report = json(&ran);
    assert_eq!((&report["omni"], &report["log"]["unread"]), (&Value::Null, &0.into()));
    // The recording ends with a removal whose node is down.
    let last = &report["findings"][0];
    assert!(last["cause"].as_str().unwrap().contains("down or cut off"), "{report}");
    // Each recorded failure, alone, has its cause.
    let text = std::fs::read_to_string(&log).unwrap();
    for line in text.lines().filter(|l| l.contains("machine provision failed")) {
        let mut child = r
            .command(&["doctor", "--offline", "--logs", "-", "--format", "json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
        let report = json(&Ran::new(child.wait_with_output().unwrap()).exits(0));
        let told = report["findings"].as_array().unwrap();
        assert!(
            !told.is_empty()
                && told.iter().all(|f| !f["cause"].as_str().unwrap().contains("its cause is not known")),
            "{line}"
        );
    }
    r.run(&["doctor", "--offline"]).exits(64);
    r.run(&["doctor", "--offline", "--logs", "none.log"]).exits(1).says("cannot be read");
}

#[test]
fn a_hostile_log_is_harmless() {
    let r = Repository::empty();
    let evil = "{\"msg\":\"machine provision failed\",\"id\":\"\\u001b[2Jx\\n::set-env name=A::b\",\"error\":\"::error::\\u202e stopped\"}\n{\"msg\":1}\n\u{0}\n";
    std::fs::write(r.path("log"), evil).unwrap();
    for format in ["text", "json"] {
        let ran = r.run(&["doctor", "--offline", "--logs", "log", "--format", format]).exits(0);
        assert!(!ran.out.contains('\u{1b}') && !ran.out.contains('\u{202e}'), "{}", ran.out);
        assert!(ran.out.lines().all(|l| !l.trim_start().starts_with("::")), "{}", ran.out);
    }
}

#[test]
fn a_machine_that_comes_with_a_revoked_token_is_told_why_and_no_token_is_shown() {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    r.run(&["lab", "inject", "join-token-revoked"]).exits(0);
    r.edit("clusters/talos-prod-01.yaml", "size: 2", "size: 3");
    r.run(&["apply", "--lab", "--auto-approve", "--timeout", "5"]).exits(9).says("5 of 6 machines up");
    let report = json(&r.run(&["doctor", "--lab", "--format", "json"]).exits(0));
    let all = report["findings"].as_array().unwrap();
    let found: Vec<_> = all.iter().filter(|f| f["rule"] == "machine-does-not-join").collect();
    assert_eq!(found.len(), 1, "{report}");
    assert!(found[0]["cause"].as_str().unwrap().ends_with("no join token of this Omni is active any more"));
    assert!(!report.to_string().contains("00000000000000000000000000000000000000000000"));
}
