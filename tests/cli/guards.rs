//! Guards as users meet them: what blocks, which words lift it, what the journal keeps.

use crate::repository::Repository;

#[test]
fn a_lost_control_plane_needs_its_own_word_and_the_run_remembers_it() {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    r.edit("clusters/talos-prod-01.yaml", "size: 3", "size: 2");
    let set = "cluster/talos-prod-01/machineset/control-planes";
    let plan = r.run(&["plan", "--lab"]).exits(3);
    for words in ["OS0442", "G02", &format!("--allow destroy:{set}")] {
        assert!(plan.out.split_whitespace().collect::<Vec<_>>().join(" ").contains(words), "{}", plan.out);
    }
    r.run(&["apply", "--lab", "--auto-approve"]).exits(3).says("G02").says("nothing was changed");
    // A word for something else lifts nothing, and a pattern is no address.
    let other = ["apply", "--lab", "--auto-approve", "--allow", "destroy:cluster/talos-prod-01"];
    r.run(&other).exits(64).says("lifts nothing in this plan");
    let all = ["apply", "--lab", "--auto-approve", "--allow", "destroy:cluster/**"];
    r.run(&all).exits(64).says("not matched by a pattern");
    let allow = format!("destroy:{set}");
    r.run(&["apply", "--lab", "--auto-approve", "--allow", &allow]).exits(0).says("Verified");
    let runs = std::fs::read_dir(r.path("state/lab/fresh")).unwrap();
    let mut journals = String::new();
    let mut folders: Vec<std::path::PathBuf> = runs.map(|e| e.unwrap().path()).collect();
    while let Some(path) = folders.pop() {
        if path.is_dir() {
            folders.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "jsonl") {
            journals.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    assert!(journals.contains(&format!("G02 {set}: --allow {allow}")), "{journals}");
}

#[test]
fn protection_outlives_the_change_that_takes_it_away() {
    let r = Repository::new();
    r.edit(
        "spec/omni.yaml",
        "state: { store: local }",
        "state: { store: local }\n---\nlifecycle: { protect: [cluster/talos-prod-01] }",
    );
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    r.edit("spec/omni.yaml", "\n---\nlifecycle: { protect: [cluster/talos-prod-01] }", "");
    let gone = ["apply", "--lab", "--auto-approve", "--destroy", "cluster/talos-prod-01"];
    let allowed = [&gone[..], &["--allow", "destroy:cluster/talos-prod-01"]].concat();
    r.run(&allowed).exits(3).says("OS0461");
    // The end of the protection is applied by itself first.
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    r.run(&allowed).exits(0).says("Verified");
}

#[test]
fn a_guard_explains_itself() {
    let r = Repository::new();
    let told = r.run(&["explain", "g02"]).exits(0);
    assert!(told.out.starts_with("G02 control-plane-lost") && told.out.contains("Lifted by"), "{}", told.out);
}
