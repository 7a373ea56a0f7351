//! Wrong usage ends with 64, never with 2.

use crate::repository::Repository;

#[test]
fn wrong_usage_is_64() {
    let r = Repository::new();
    for args in [
        &["plan", "--nonsense"][..],
        &["nonsense"],
        &[],
        &["plan", "--lab", "--out", "x"],
        &["plan", "--lab", "--out", "xml=y"],
        &["plan", "--lab", "--format", "xml"],
        &["plan", "--lab", "--out", "json=y", "--out", "text=./y"],
        &["apply", "--lab", "--auto-approve", "--out", "xml=y"],
        &["plan", "--lab", "--brief", "--full"],
        &["apply", "--auto-approve"],
        &["apply", "--lab"],
        &["apply", "--auto-approve", "--max-risk", "none"],
        &["plan", "--lab=nowhere"],
        &["lab", "reset", "nowhere"],
        &["lab", "up", "--latency", "5"],
        &["explain", "OS9999"],
    ] {
        let ran = r.run(args).exits(64);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{args:?}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let r = Repository::new();
    for args in [&["--help"][..], &["plan", "--help"], &["--version"], &["version"], &["lab", "list"]] {
        let ran = r.run(args).exits(0);
        assert!(!ran.out.is_empty(), "{args:?}");
    }
}
