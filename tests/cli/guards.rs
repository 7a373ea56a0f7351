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

/// The strict policy, on top of the shipped spec, and one loosening at a time.
fn with_policy() -> Repository {
    let r = Repository::new();
    let text = std::fs::read_to_string(r.path("spec/omni.yaml")).unwrap();
    let policy = "---\npolicy:\n  thresholds: { destroy: 0, destroy_percent: 0 }\n  rules:\n  - { name: two-workers, assert: 'desired.clusters.all(c, c.workers >= 2)' }\n";
    std::fs::write(r.path("spec/omni.yaml"), format!("{text}{policy}")).unwrap();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    r
}

#[test]
fn a_change_cannot_raise_the_threshold_that_it_needs() {
    let r = with_policy();
    r.edit("spec/omni.yaml", "{ destroy: 0, destroy_percent: 0 }", "{ destroy: 9, destroy_percent: 100 }");
    r.edit("spec/omni.yaml", "c.workers >= 2", "c.workers >= 1");
    r.edit("clusters/talos-prod-01.yaml", "size: 2", "size: 1");
    for format in ["text", "md", "html", "json", "github"] {
        let out = r.run(&["plan", "--lab", "--format", format]).exits(3).out;
        let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in ["policy.thresholds.destroy", "policy.rules.two-workers", "as the last apply took it in"]
        {
            assert!(out.contains(words), "{format}: {words}: {out}");
        }
    }
    let refused = r.run(&["apply", "--lab", "--auto-approve"]).exits(3);
    refused.says("G16").says("two-workers").says("nothing was changed");
    // Said by hand, for each of the two.
    let threshold = "threshold:cluster/talos-prod-01=1";
    let both = ["--allow", threshold, "--allow", "loosen:policy.rules.two-workers"];
    r.run(&[&["plan", "--lab"][..], &both[..2]].concat()).exits(3);
    r.run(&[&["plan", "--lab"][..], &both[2..]].concat()).exits(3);
    r.run(&[&["plan", "--lab"][..], &both[..]].concat()).exits(0);
    r.run(&["plan", "--lab", "--allow", "loosen:policy.rules.other"]).exits(64).says("lifts nothing");
    // By itself the loosening is taken in by an apply that has nothing else to do, and the next change may use it.
    r.edit("clusters/talos-prod-01.yaml", "size: 1", "size: 2");
    let alone = r.run(&["plan", "--lab"]).exits(0).out;
    assert!(alone.contains("OS0706"), "told although nothing changes: {alone}");
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    assert!(!r.run(&["plan", "--lab"]).exits(0).out.contains("OS0706"));
    r.edit("clusters/talos-prod-01.yaml", "size: 2", "size: 1");
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
}

#[test]
fn an_exception_of_the_same_change_lifts_and_is_told() {
    let r = with_policy();
    r.edit(
        "spec/omni.yaml",
        "  rules:\n",
        "  exceptions:\n  - { rule: two-workers, address: '**', owner: ops, reason: smaller, expires: 2999-12-31 }\n  - { guard: G16, address: cluster/talos-prod-01, owner: ops, reason: smaller, expires: 2999-12-31 }\n  rules:\n",
    );
    r.edit("clusters/talos-prod-01.yaml", "size: 2", "size: 1");
    let plan: serde_json::Value =
        serde_json::from_str(&r.run(&["plan", "--lab", "--format", "json"]).exits(0).out).unwrap();
    let warnings = plan["warnings"].as_array().unwrap();
    let lifted = warnings.iter().filter(|w| w["lifted"]["owner"] == "ops").count();
    let told: Vec<&str> =
        warnings.iter().filter(|w| w["code"] == "OS0706").filter_map(|w| w["message"].as_str()).collect();
    assert_eq!((lifted, told.len()), (2, 2), "{warnings:?}");
    assert!(told.iter().all(|t| t.contains("added")), "{told:?}");
}

#[test]
fn a_limit_for_backups_blocks_until_there_is_one() {
    let r = Repository::new();
    let limit = "state: { store: local }\n---\npolicy: { etcd_backup_max_age: 24h }";
    r.edit("spec/omni.yaml", "state: { store: local }", limit);
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    r.edit("clusters/talos-prod-01.yaml", "size: 3", "size: 5");
    r.run(&["plan", "--lab"]).exits(3).says("OS0445").says("none was ever tried");
    let word = "G05:cluster/talos-prod-01";
    r.run(&["plan", "--lab", "--acknowledge", word]).exits(0).says(word);
    // In that world somebody took one an hour ago; the limit is shorter than that.
    let deployed = r.run(&["plan", "--lab=deployed"]).exits(0);
    assert!(!deployed.out.contains("OS0445"), "{}", deployed.out);
    r.edit("spec/omni.yaml", "etcd_backup_max_age: 24h", "etcd_backup_max_age: 30m");
    r.run(&["plan", "--lab=deployed"]).exits(3).says("OS0445").says("more than 30m ago");
}

#[test]
fn every_code_explains_itself() {
    let r = Repository::empty();
    for (code, words) in
        [("OS0401", "there is no record"), ("os120", "a key that nobody reads"), ("902", "bug")]
    {
        r.run(&["explain", code]).exits(0).says(words).says("What to do");
    }
    r.run(&["explain", "OS0499"]).exits(64).says("there is no such code");
}

#[test]
fn a_list_with_an_extension_that_omni_refuses_is_not_written() {
    let r = Repository::new();
    let template = "clusters/talos-prod-01.yaml";
    r.edit(template, "siderolabs/iscsi-tools", "siderolabs/iscsi-tool");
    let plan = r.run(&["plan", "--lab", "--format", "json"]).exits(3);
    let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
    let told: Vec<_> =
        plan["warnings"].as_array().unwrap().iter().filter(|w| w["code"] == "OS0528").collect();
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["blocks"], &told[0]["guard"]), (&true.into(), &"G06".into()));
    assert_eq!(told[0]["help"], "did you mean `siderolabs/iscsi-tools`?");
    r.run(&["apply", "--lab", "--auto-approve"]).exits(3).says("OS0528").says("nothing was changed");
    // Without its owner Omni takes it for one of Sidero's; and nothing is asked for that no file wants.
    r.edit(template, "siderolabs/iscsi-tool", "iscsi-tools");
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0).says("Verified");
    // What stands there already is told, and keeps nobody from changing something else.
    r.edit(template, "iscsi-tools", "siderolabs/iscsi-tools");
    r.run(&["plan", "--lab"]).exits(0);
}

#[test]
fn machines_that_have_not_joined_are_machines_of_their_cluster() {
    let r = Repository::new();
    r.run(&["lab", "inject", "provider-stopped"]).exits(0);
    r.run(&["apply", "--lab", "--auto-approve", "--timeout", "1"]).exits(9).says("0 of 5 machines up");
    r.edit("clusters/talos-prod-01.yaml", "size: 2", "size: 0");
    let plan = r.run(&["plan", "--lab"]).exits(3);
    assert!(plan.out.contains("2 of 5 machines, 40 % is over 20 %"), "{}", plan.out);
}
