//! Rules about files, as users meet them: each with its wrong and its right example, and the changes that `validate --fix` makes.

use std::collections::{BTreeMap, BTreeSet};

use omni_scale::cli::pages;
use omni_scale::diag::rule::Stands;

use crate::repository::Repository;

const BASE: &str = include_str!("../fixtures/checks/base.txt");
const CLASS: &str = "machine-classes/worker.yaml";

/// Files in the form of `==> path <==` lines, each before the text of a file.
fn files(text: &str) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    let mut path = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("==> ").and_then(|l| l.strip_suffix(" <==")) {
            name.clone_into(&mut path);
            out.insert(path.clone(), String::new());
        } else if let Some(file) = out.get_mut(&path) {
            file.push_str(line);
            file.push('\n');
        }
    }
    out
}

/// The class of workers with this data; the rest is added if `fill`.
fn class(data: &str, fill: bool) -> String {
    let base = files(BASE)[CLASS].clone();
    let (head, usual) = base.split_once("      cores:").unwrap();
    let usual = format!("      cores:{usual}");
    let key = |line: &str| line.split(':').next().unwrap().trim().to_owned();
    let own: Vec<String> = data.lines().filter(|l| !l.starts_with(' ')).map(key).collect();
    let rest: String =
        usual.lines().filter(|l| fill && !own.contains(&key(l))).map(|l| format!("{l}\n")).collect();
    let data: String = data.lines().map(|l| format!("      {l}\n")).collect();
    format!("{head}{rest}{data}")
}

fn repository(text: &str, stands: Stands) -> Repository {
    let mut all = files(BASE);
    match stands {
        Stands::Data => {
            all.insert(CLASS.into(), class(text, true));
        }
        Stands::Whole => {
            all.insert(CLASS.into(), class(text, false));
        }
        Stands::Files => {
            let mut files = files(text);
            if let Some(data) = files.remove("provider data") {
                files.insert(CLASS.into(), class(&data, true));
            }
            all.extend(files);
        }
    }
    let r = Repository::empty();
    for (path, text) in &all {
        let at = r.path(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, text).unwrap();
    }
    r
}

/// The codes that `validate` says, each as often as it says it.
fn codes(r: &Repository) -> Vec<String> {
    let ran = r.run(&["validate", "--format", "json"]);
    let json: serde_json::Value =
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}\n{}{}", ran.out, ran.err));
    json["problems"].as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_rule_about_files_finds_its_wrong_example_and_not_its_right_one() {
    assert_eq!(codes(&repository("", Stands::Files)), [""; 0], "the base is sound");
    let mut seen = 0;
    for (rule, stands) in pages::rules() {
        let Some(stands) = stands else { continue };
        let (bad, good) = (codes(&repository(rule.bad, stands)), codes(&repository(rule.good, stands)));
        assert!(
            bad.iter().any(|c| c == rule.code),
            "{} is silent about its wrong example: {bad:?}",
            rule.code
        );
        let rest: Vec<&String> = bad.iter().filter(|c| *c != rule.code).collect();
        assert_eq!(
            rest,
            good.iter().collect::<Vec<_>>(),
            "{}: what else is said of its wrong example",
            rule.code
        );
        seen += 1;
    }
    assert!(seen > 40, "{seen} rules");
}

/// Wrong examples that can be mended are: afterwards nothing is said that the right one does not bring either, another run
/// changes nothing, and `--check` writes nothing.
#[test]
fn what_can_be_mended_is_mended_once() {
    let mut mended = BTreeSet::new();
    for (rule, stands) in pages::rules() {
        let Some(stands) = stands else { continue };
        let r = repository(rule.bad, stands);
        let before = tree(&r);
        let check = r.run(&["validate", "--fix", "--check"]);
        assert_eq!(tree(&r), before, "{}: `--check` writes nothing", rule.code);
        let ran = r.run(&["validate", "--fix", "--format", "json"]);
        let after = tree(&r);
        assert_eq!(check.code == 1, after != before, "{}: {}{}", rule.code, check.out, check.err);
        if after == before {
            continue;
        }
        mended.insert(rule.code);
        assert!(ran.err.contains("fixed "), "{}", ran.err);
        assert!(!codes(&r).iter().any(|c| c == rule.code), "{}: {:?}", rule.code, codes(&r));
        r.run(&["validate", "--fix"]);
        assert_eq!(tree(&r), after, "{}: again there is nothing to do", rule.code);
        // Every line is as it was, or has a problem that is gone.
        let changed: usize = before
            .iter()
            .map(|(p, t)| t.lines().filter(|l| !after[p].lines().any(|m| m == *l)).count())
            .sum();
        assert!(changed <= 1, "{}: {changed} lines are other ones", rule.code);
    }
    let wanted = [
        "OS0148", "OS0149", "OS0154", "OS0155", "OS0158", "OS0159", "OS0203", "OS0204", "OS0205", "OS0212",
        "OS0221", "OS0228",
    ];
    assert!(wanted.iter().all(|c| mended.contains(c)), "{mended:?}");
}

/// Makes the changes that a report names, by line and column, and by bytes: both give the same. How many it made.
fn make(r: &Repository, report: &serde_json::Value) -> usize {
    let number = |v: &serde_json::Value| usize::try_from(v.as_u64().unwrap()).unwrap();
    let problems = report["problems"].as_array().unwrap();
    let fixes: Vec<&serde_json::Value> =
        problems.iter().map(|p| &p["fix"]).filter(|f| !f.is_null()).collect();
    let mut edits: BTreeMap<String, BTreeMap<usize, (usize, usize, String)>> = BTreeMap::new();
    for edit in fixes.iter().flat_map(|f| f["edits"].as_array().unwrap()) {
        let path = edit["path"].as_str().unwrap().to_owned();
        let text = std::fs::read_to_string(r.path(&path)).unwrap();
        let at = |line: &serde_json::Value, column: &serde_json::Value| {
            let start: usize = text.split_inclusive('\n').take(number(line) - 1).map(str::len).sum();
            start + text[start..].chars().take(number(column) - 1).map(char::len_utf8).sum::<usize>()
        };
        let (from, to) = (at(&edit["line"], &edit["column"]), at(&edit["end_line"], &edit["end_column"]));
        assert_eq!((from, to), (number(&edit["byte"]), number(&edit["end_byte"])), "{edit}");
        let change = (from, to, edit["replacement"].as_str().unwrap().to_owned());
        let old = edits.entry(path).or_default().insert(from, change.clone());
        assert!(old.is_none_or(|o| o == change), "two changes of one place: {report}");
    }
    for (path, edits) in edits {
        let mut text = std::fs::read_to_string(r.path(&path)).unwrap();
        for (from, to, replacement) in edits.into_values().rev() {
            text.replace_range(from..to, &replacement);
        }
        std::fs::write(r.path(&path), text).unwrap();
    }
    fixes.len()
}

/// What the report says can be mended, made by somebody else, gives the files that `--fix` writes, byte for byte.
#[test]
fn what_the_report_offers_is_what_fix_does() {
    let mut mended = 0;
    for (rule, stands) in pages::rules() {
        let Some(stands) = stands else { continue };
        for (mark, ends) in [("", "\n"), ("\u{feff}", "\r\n")] {
            let (ours, theirs) = (repository(rule.bad, stands), repository(rule.bad, stands));
            for r in [&ours, &theirs] {
                for (path, text) in tree(r) {
                    let mark = if path.ends_with(".yaml") { mark } else { "" };
                    let text = format!("{mark}# größer: ✓{ends}{}", text.replace('\n', ends));
                    std::fs::write(r.path(&path), text).unwrap();
                }
            }
            let before = tree(&ours);
            ours.run(&["validate", "--fix"]);
            let mut rounds = 0;
            loop {
                let ran = theirs.run(&["validate", "--format", "json"]);
                let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
                if make(&theirs, &report) == 0 {
                    break;
                }
                rounds += 1;
                assert!(rounds < 9, "{}: {report}", rule.code);
            }
            assert_eq!(tree(&theirs), tree(&ours), "{}", rule.code);
            assert_eq!(
                rounds > 0,
                tree(&ours) != before,
                "{}: offered and not made, or the reverse",
                rule.code
            );
            mended += usize::from(rounds > 0);
        }
    }
    assert!(mended >= 24, "{mended} examples");
}

#[test]
fn columns_are_those_of_characters() {
    let r = repository("storage_selector: name != \"größe\" && type == \"rbd\"", Stands::Data);
    let report: serde_json::Value =
        serde_json::from_str(&r.run(&["validate", "--format", "json"]).out).unwrap();
    assert_eq!(make(&r, &report), 1, "{report}");
    let text = std::fs::read_to_string(r.path(CLASS)).unwrap();
    assert!(text.contains("name != \"größe\" && storageType == \"rbd\""), "{text}");
}

#[test]
fn what_fix_leaves_out_is_not_offered() {
    let r = repository("hugePages: 1GB", Stands::Data);
    let report: serde_json::Value =
        serde_json::from_str(&r.run(&["validate", "--format", "json"]).exits(0).out).unwrap();
    let problem = &report["problems"][0];
    assert_eq!(
        (problem["code"].as_str(), problem.get("fix")),
        (Some("OS0205"), Some(&serde_json::Value::Null))
    );
}

fn tree(r: &Repository) -> BTreeMap<String, String> {
    files(BASE)
        .into_keys()
        .chain(["omni/omni.env".to_owned(), "omni/restart.sh".to_owned()])
        .filter_map(|p| Some((p.clone(), std::fs::read_to_string(r.path(&p)).ok()?)))
        .collect()
}

#[test]
fn comments_quotes_and_line_ends_stay() {
    let data = "# Sized for the small nodes.\ncores: '4'   # per socket\nmemory: 8192\n\n# Storage\ndisk_size: 40\nstorage_selector: type == \"rbd\" # ceph\nmachine_type: i440fx # as ever\nballoon: off\n";
    let r = repository(data, Stands::Whole);
    let unix = std::fs::read_to_string(r.path(CLASS)).unwrap();
    std::fs::write(r.path(CLASS), unix.replace('\n', "\r\n")).unwrap();
    let diff = r.run(&["validate", "--fix", "--check"]).exits(1);
    assert!(
        diff.out.contains("+      sockets: 1") && diff.out.contains("-      balloon: off"),
        "{}",
        diff.out
    );
    assert!(diff.err.contains("5 changes can be made"), "{}", diff.err);
    let ran = r.run(&["validate", "--fix"]).exits(0);
    assert!(ran.err.contains("fixed machine-classes/worker.yaml:10: write `cores: 4`"), "{}", ran.err);
    let want = unix
        .replace("cores: '4'   # per socket\n", "cores: 4   # per socket\n      sockets: 1\n")
        .replace("type ==", "storageType ==")
        .replace("machine_type: i440fx # as ever", "# as ever")
        .replace("balloon: off", "balloon: false")
        .replace('\n', "\r\n");
    assert_eq!(std::fs::read_to_string(r.path(CLASS)).unwrap(), want);
}

#[test]
fn a_key_that_nobody_read_is_not_woken_where_that_brings_more_trouble() {
    // Read, it would keep every machine from being made.
    let r = repository("hugePages: 1GB", Stands::Data);
    let before = std::fs::read_to_string(r.path(CLASS)).unwrap();
    r.run(&["validate", "--fix"]).exits(0).says("OS0205");
    assert_eq!(std::fs::read_to_string(r.path(CLASS)).unwrap(), before);
}

#[test]
fn what_is_left_decides_the_exit_code() {
    let r = repository("cpu_type: kvm64\nvlan: 4095", Stands::Data);
    r.run(&["validate", "--fix"]).exits(65).says("write `cpu_type: x86-64-v2-AES`").says("OS0214");
    r.run(&["validate", "--check"]).exits(64);
}
