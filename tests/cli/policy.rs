//! Policies, locked decisions and the definition of done, as users and pipelines meet them.

use crate::repository::Repository;

const SPEC: &str = "spec/omni.yaml";

/// The shipped repository with rules.
fn with(policy: &str) -> Repository {
    let r = Repository::new();
    let text = std::fs::read_to_string(r.path(SPEC)).unwrap();
    std::fs::write(r.path(SPEC), format!("{text}---\npolicy:\n{policy}")).unwrap();
    r
}

fn json(r: &Repository, args: &[&str], code: i32) -> serde_json::Value {
    serde_json::from_str(&r.run(args).exits(code).out).unwrap()
}

fn finding<'a>(plan: &'a serde_json::Value, code: &str) -> Vec<&'a serde_json::Value> {
    plan["warnings"].as_array().unwrap().iter().filter(|w| w["code"] == code).collect()
}

#[test]
fn a_broken_rule_blocks_warns_or_tells() {
    let r = with(
        "  rules:\n  - { name: small, assert: plan.summary.create <= 3, message: at most three things at once }\n  - { name: two-workers, severity: warn, assert: 'desired.clusters.all(c, c.workers > 2)' }\n  - { name: seen, severity: info, assert: plan.lost.size() > 0 }\n  - { name: holds, assert: plan.lost.size() == 0 }\n",
    );
    let early = r.run(&["validate"]).exits(0);
    let early = early.err.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = "this breaks the rule `two-workers` (`c` is cluster/talos-prod-01, `c.workers` is 2)";
    assert!(early.contains(told), "{early}");
    let text = r.run(&["plan", "--lab"]).exits(3);
    let text = text.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains(
            "this breaks the rule `small`: at most three things at once (`plan.summary.create` is 6)"
        ),
        "{text}"
    );
    let plan = json(&r, &["plan", "--lab", "--format", "json"], 3);
    assert_eq!(finding(&plan, "OS0701").len(), 1, "{plan}");
    assert_eq!(finding(&plan, "OS0701")[0]["blocks"], true);
    assert_eq!(finding(&plan, "OS0702")[0]["blocks"], false);
    assert_eq!(finding(&plan, "OS0703")[0]["rule"], "seen");
    assert_eq!(plan["blocked"], true);
    r.run(&["apply", "--lab", "--auto-approve"]).exits(3).says("nothing was changed");
    r.edit(SPEC, "create <= 3", "create <= 30");
    let plan = json(&r, &["plan", "--lab", "--format", "json"], 0);
    assert!(finding(&plan, "OS0701").is_empty() && finding(&plan, "OS0702").len() == 1);
}

#[test]
fn a_rule_about_steps_names_each_and_an_exception_lifts_one() {
    let rule = "  rules:\n  - { name: no-classes, applies_to: 'class/*', assert: step.action == 'adopt', message: classes stay }\n";
    let r = with(rule);
    let plan = json(&r, &["plan", "--lab", "--format", "json"], 3);
    let about = |plan: &serde_json::Value| {
        finding(plan, "OS0701")
            .iter()
            .map(|w| (w["address"].as_str().unwrap().to_owned(), w["blocks"] == true))
            .collect::<Vec<_>>()
    };
    let both = ["class/matrix-control-plane", "class/matrix-worker"].map(|a| (a.to_owned(), true));
    assert_eq!(about(&plan), both);
    let exception = |expires: &str| {
        format!(
            "{rule}  exceptions:\n  - {{ rule: no-classes, address: class/*, owner: ops, reason: first deployment, expires: {expires} }}\n"
        )
    };
    let plan = json(&with(&exception("2999-12-31")), &["plan", "--lab", "--format", "json"], 0);
    assert_eq!(about(&plan), both.clone().map(|(a, _)| (a, false)));
    let lifted = &finding(&plan, "OS0701")[0]["lifted"];
    assert_eq!(
        (lifted["owner"].as_str(), lifted["reason"].as_str()),
        (Some("ops"), Some("first deployment"))
    );
    let plan = json(&with(&exception("2020-01-31")), &["plan", "--lab", "--format", "json"], 3);
    let help = finding(&plan, "OS0701")[0]["help"].as_str().unwrap().to_owned();
    assert!(help.contains("(owner ops) ran out on 2020-01-31"), "{help}");
}

#[test]
fn what_cannot_be_evaluated_is_not_passed() {
    let r =
        with("  rules:\n  - { name: gpus, assert: 'desired.classes.all(c, c.provider_data.gpus < 2)' }\n");
    r.run(&["plan", "--lab"]).exits(3).says("OS0705").says("`gpus`");
    r.run(&["validate"]).exits(3);
}

#[test]
fn a_mistake_in_an_expression_is_a_mistake_in_the_file() {
    for (assert, words, help) in [
        ("plan.stepz.size() == 0", "a plan has no field `stepz`", "did you mean `steps`?"),
        (
            "plan.steps.all(s, s.effect != 'destory')",
            "this is never \\\"destory\\\"",
            "did you mean `destroy`?",
        ),
        ("plan.steps.size(", "the expression ends too early", ""),
        ("step.wave == 1", "there is no `step` here", "applies_to"),
    ] {
        let r = with(&format!("  rules:\n  - name: x\n    assert: \"{}\"\n", assert.replace('"', "\\\"")));
        let ran =
            r.run(&["validate"]).exits(65).says("error[OS0130]: in this rule: ").says("spec/omni.yaml:");
        let told = ran.err.replace("\\\"", "\"");
        assert!(told.contains(&words.replace("\\\"", "\"")) && told.contains(help), "{}", ran.err);
        r.run(&["plan", "--lab"]).exits(65);
    }
    let hostile = format!("{}1{}", "(".repeat(900), ")".repeat(900));
    with(&format!("  rules:\n  - {{ name: x, assert: '{hostile}' }}\n"))
        .run(&["validate"])
        .exits(65)
        .says("24 deep");
}

#[test]
fn a_locked_decision_is_kept_with_its_reason_and_its_price() {
    let r = Repository::new();
    r.edit(SPEC, "# assert: desired.classes", "assert: desired.classes");
    r.edit("machine-classes/matrix-worker.yaml", "vm_ssd", "local-lvm");
    for args in [&["validate"][..], &["plan", "--lab"], &["apply", "--lab", "--auto-approve"]] {
        let ran = r.run(args).exits(3);
        let said = format!("{}{}", ran.out, ran.err).split_whitespace().collect::<Vec<_>>().join(" ");
        for words in [
            "this breaks the locked decision `storage`: Ceph pool vm_ssd",
            "class/matrix-worker",
            "Replicated on all three nodes",
            "medium - new classes",
        ] {
            assert!(said.contains(words), "no `{words}` in {said}");
        }
    }
    assert!(r.requests("fresh").iter().all(|l| l["writing"] != true), "nothing was sent");
}

#[test]
fn the_definition_of_done_is_verified() {
    let r = Repository::new();
    r.run(&["verify", "--lab"])
        .exits(1)
        .says("plan.has_changes is true")
        .says("0 hold, 1 fails, 3 not checked of 4");
    r.run(&["apply", "--lab", "--auto-approve"]).exits(0);
    r.run(&["verify", "--lab"]).exits(0).says("Definition of done: 1 holds, 3 not checked of 4.");
    let list = json(&r, &["verify", "--lab", "--format", "json"], 0);
    assert_eq!((&list["format"], &list["holds"]), (&"omni-scale.verify".into(), &true.into()));
    assert_eq!(list["entries"][3]["standing"], "holds");
    assert_eq!(list["entries"][0]["standing"], "not_checked");
}

#[test]
fn each_code_of_a_policy_is_explained() {
    for n in 1..=5 {
        let ran = Repository::empty().run(&["explain", &format!("os070{n}")]).exits(0);
        assert!(ran.out.contains("What it means") && ran.out.contains("What to do"), "{}", ran.out);
    }
    Repository::empty().run(&["explain", "G02"]).exits(0).says("Speaks when");
}
