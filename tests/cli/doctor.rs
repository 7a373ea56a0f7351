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
