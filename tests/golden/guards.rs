//! The page of the guards, and what lifts them.

use omni_scale::plan::Action;
use omni_scale::policy::ReviewError;
use omni_scale::policy::guards::{ALL, page};

use crate::cases::{self, all};

#[test]
fn the_page_of_guards_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/guards.md");
    assert_eq!(cases::expect(&path, &page::markdown()), None);
    for (n, guard) in ALL.into_iter().enumerate() {
        assert_eq!(guard.code, format!("G{:02}", n + 1));
    }
}

fn with(name: &str, flags: &[&str]) -> cases::Case {
    let mut case = all().iter().find(|c| c.name == name).expect("a case").clone();
    case.review.flags = flags.iter().map(|f| (*f).to_owned()).collect();
    case
}

fn blocks(case: &cases::Case) -> Vec<String> {
    let plan = case.plan();
    let all = plan.warnings.into_iter().filter(|w| w.blocks);
    all.map(|w| w.guard.unwrap_or(w.code)).collect()
}

#[test]
fn each_guard_is_lifted_by_the_words_that_it_prints() {
    for (name, guards) in [
        ("007-workers-3-to-1", &["G16"][..]),
        ("017-cluster-removed", &["G15", "G01"]),
        ("050-control-planes-3-to-1", &["G02", "G04", "G16"]),
    ] {
        let case = with(name, &[]);
        assert_eq!(blocks(&case), guards, "{name}");
        let lifts: Vec<String> = case.plan().warnings.into_iter().filter_map(|w| w.lift).collect();
        let mut flags: Vec<&str> = lifts.iter().map(String::as_str).collect();
        flags.sort_unstable();
        flags.dedup();
        let lifted = with(name, &flags);
        assert_eq!(blocks(&lifted), [""; 0], "{name}");
        let told = lifted.plan().warnings.into_iter().filter_map(|w| w.lifted).count();
        assert_eq!(told, guards.len(), "{name}: what was lifted is told");
    }
}

#[test]
fn a_flag_that_lifts_nothing_is_an_error_that_says_what_would() {
    for flag in ["--allow destroy:cluster/other", "--allow threshold:cluster/talos-prod-01=1"] {
        let Err(ReviewError::Unused { flags, asked }) = with("007-workers-3-to-1", &[flag]).reviewed() else {
            panic!("{flag} is used");
        };
        assert_eq!(flags, [flag]);
        assert_eq!(asked, ["--allow threshold:cluster/talos-prod-01=2"]);
    }
}

#[test]
fn in_a_pipeline_no_flag_lifts_files_that_declare_nothing() {
    let mut case = with("017-cluster-removed", &["--allow destroy:cluster/talos-prod-01"]);
    assert_eq!(blocks(&case), [""; 0]);
    case.review.ci = true;
    assert_eq!(blocks(&case), ["G15"]);
}

#[test]
fn what_is_protected_goes_by_no_flag_even_when_the_protection_goes_with_it() {
    let mut case = with("017-cluster-removed", &["--allow destroy:cluster/talos-prod-01"]);
    let record = case.record.as_mut().expect("a record");
    record.protect.insert("cluster/talos-prod-01".parse().expect("a pattern"));
    assert_eq!(blocks(&case), ["OS0461"]);
}

#[test]
fn an_exception_lifts_until_its_last_day_and_is_told_afterwards() {
    let mut case = with("007-workers-3-to-1", &[]);
    case.review.policy.exceptions = vec![omni_scale::policy::Exception {
        guard: Some("G16".into()),
        rule: None,
        address: "cluster/**".parse().expect("a pattern"),
        owner: "ops".into(),
        reason: "fewer workers".into(),
        expires: "2026-12-31".into(),
        expires_unix: 1000,
        source: "spec/omni.yaml:4".into(),
    }];
    case.review.now = 999;
    assert_eq!(blocks(&case), [""; 0]);
    case.review.now = 1000;
    assert_eq!(blocks(&case), ["G16"]);
    assert!(case.plan().warnings.iter().any(|w| w.message.contains("has expired on 2026-12-31")));
}

#[test]
fn what_is_retained_is_only_forgotten() {
    let mut case = with("017-cluster-removed", &[]);
    let pattern = serde_json::json!({"retain": [{"glob": "cluster/talos-prod-01"}]});
    case.desired.lifecycle = serde_json::from_value(pattern).expect("a lifecycle");
    let plan = case.plan();
    assert!(plan.steps.iter().all(|s| s.action == Action::Forget), "{:?}", plan.steps);
    assert_eq!((plan.lost.len(), blocks(&case)), (0, Vec::<String>::new()));
}
