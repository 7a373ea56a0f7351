//! Saved plans, from one process to the next.

use omni_scale::plan::file::{SavedPlan, decode, encode};

use crate::repository::{Ran, Repository};

const WORLD: &str = "--lab=deployed";

/// A repository that asks for one change which takes no waiting, and its saved plan.
fn planned() -> Repository {
    let r = Repository::new();
    r.edit("machine-classes/matrix-worker.yaml", "memory: 16384", "memory: 24576");
    r.run(&["plan", WORLD, "--out", "plan=p.osplan"]).exits(0).says("saved as `p.osplan`, good until ");
    r
}

fn apply(r: &Repository, more: &[&str]) -> Ran {
    r.run(&[&["apply", "p.osplan", WORLD], more].concat())
}

fn writes(r: &Repository) -> usize {
    r.requests("deployed").iter().filter(|l| l["writing"] == true).count()
}

fn digest(ran: &Ran) -> String {
    let text =
        ran.out.lines().find_map(|l| l.strip_prefix("Digest: ")).unwrap_or_else(|| panic!("{}", ran.out));
    text.to_owned()
}

/// Does something to the saved plan, and makes its checksum anew.
fn forge(r: &Repository, change: impl FnOnce(&mut SavedPlan)) {
    let (mut saved, _) = decode(&std::fs::read(r.path("p.osplan")).unwrap()).unwrap();
    change(&mut saved);
    std::fs::write(r.path("p.osplan"), encode(&saved).unwrap().0).unwrap();
}

#[test]
fn what_was_saved_is_shown_and_applied_once() {
    let r = planned();
    let plan = r.run(&["plan", WORLD]).exits(0);
    let shown = r.run(&["show", "p.osplan"]).exits(0);
    assert_eq!(shown.out, plan.out, "a plan that does the same has the same digest");
    let json = r.run(&["show", "p.osplan", "--format", "json", "--out", "text=p.txt"]).exits(0);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["digest"], digest(&plan));
    assert!(std::fs::read_to_string(r.path("p.txt")).unwrap().contains(&digest(&plan)));
    let applied = apply(&r, &["--expect-digest", &digest(&plan)]).exits(0).says("Verified");
    assert_eq!(digest(&applied), digest(&plan));
    let before = writes(&r);
    apply(&r, &[]).exits(4).says("the plan was used already, by run `").says("run `omni-scale plan` again");
    assert_eq!(writes(&r), before);
    r.run(&["plan", WORLD, "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_plan_that_does_not_fit_is_refused_before_anything_is_written() {
    let r = planned();
    let whole = std::fs::read(r.path("p.osplan")).unwrap();
    let before = writes(&r);
    let other = format!("sha256:{}", "0".repeat(64));
    apply(&r, &["--expect-digest", &other]).exits(4).says("another plan than the one that was approved");
    r.run(&["apply", "p.osplan", "--lab=fresh"])
        .exits(4)
        .says("the plan is for `lab/deployed`, the spec names `lab/fresh`");
    apply(&r, &["--target", "class/*"])
        .exits(4)
        .says("the plan was made without options, not with `--target class/*`");
    apply(&r, &["--destroy", "class/matrix-worker"])
        .exits(4)
        .says("not with `--destroy class/matrix-worker`");

    let class = std::fs::read_to_string(r.path("machine-classes/matrix-worker.yaml")).unwrap();
    std::fs::write(r.path("machine-classes/matrix-worker.yaml"), format!("{class}# later\n")).unwrap();
    apply(&r, &[]).exits(4).says("`machine-classes/matrix-worker.yaml` was edited");
    std::fs::write(r.path("machine-classes/matrix-worker.yaml"), class).unwrap();

    forge(&r, |p| p.header.expires = p.header.created - 1);
    apply(&r, &[]).exits(4).says("the plan expired at ");
    forge(&r, |p| p.header.expires = p.header.created + 3600);
    forge(&r, |p| p.header.tool = "0.0.1".into());
    apply(&r, &[]).exits(4).says("the plan was made by omni-scale 0.0.1");
    r.run(&["show", "p.osplan"]).exits(0);
    forge(&r, |p| p.header.tool = env!("CARGO_PKG_VERSION").into());
    forge(&r, |p| p.header.omni.account = Some("99999999-2222-3333-4444-555555555555".into()));
    apply(&r, &[]).exits(4).says("the plan is for the Omni `lab (99999999-2222-3333-4444-555555555555)`");
    forge(&r, |p| p.header.omni.account = Some("11111111-2222-3333-4444-555555555555".into()));
    forge(&r, |p| p.header.proxmox[0].nodes = std::iter::once("elsewhere".to_owned()).collect());
    apply(&r, &[]).exits(4).says("the plan saw the nodes `elsewhere` in Proxmox cluster `matrix`");

    for (bytes, words) in [
        (&whole[..whole.len() - 1], "it is damaged: it is cut off"),
        (&[whole.clone(), vec![b'\n']].concat()[..], "it is damaged: it is cut off, or something was added"),
        (b"{\"format\":\"omni-scale.saved-plan\",\"version\":2}", "it has version 2 of the format"),
        (b"PK\x03\x04", "it is not a saved plan"),
        (b"", "it is not a saved plan"),
    ] {
        std::fs::write(r.path("p.osplan"), bytes).unwrap();
        apply(&r, &[]).exits(4).says(words);
        r.run(&["show", "p.osplan"]).exits(65).says(words);
    }
    std::fs::remove_file(r.path("p.osplan")).unwrap();
    apply(&r, &[]).exits(65).says("cannot be read");
    std::fs::create_dir(r.path("p.osplan")).unwrap();
    apply(&r, &[]).exits(65).says("it is not a regular file");
    assert_eq!(writes(&r), before);
}

#[test]
fn what_was_applied_in_between_makes_a_plan_stale() {
    let r = planned();
    r.edit("machine-classes/matrix-control-plane.yaml", "cores: 4", "cores: 6");
    r.run(&["apply", WORLD, "--auto-approve"]).exits(0);
    apply(&r, &[]).exits(4).says("something was applied since the plan was made: the record was ");
}

/// Through the wire: by hand in Omni, what the plan touches, what it depends on, and what is none of its business.
#[test]
fn what_changed_in_omni_is_named_and_what_does_not_matter_is_not_in_the_way() {
    let r = planned();
    let before = writes(&r);
    let made =
        |object: &str| r.run(&["lab", "inject", &format!("object-made:{object}"), "deployed"]).exits(0);
    let changed =
        |object: &str| r.run(&["lab", "inject", &format!("object-changed:{object}"), "deployed"]).exits(0);
    // Somebody else's label on the class that is written, and a patch in a cluster that is not.
    changed(r#"{"type":"MachineClasses","id":"matrix-worker","labels":{"team":"x"}}"#);
    let ran = r.run(&["plan", WORLD, "--format", "json"]).exits(0);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let (saved, _) = decode(&std::fs::read(r.path("p.osplan")).unwrap()).unwrap();
    assert_eq!(json["digest"], saved.digest);
    // A field of it.
    let data = "architecture: amd64\\ncores: 2\\n";
    changed(&format!(
        r#"{{"type":"MachineClasses","id":"matrix-worker","spec":{{"auto_provision":{{"provider_data":"{data}"}}}}}}"#
    ));
    let stale = apply(&r, &[]).exits(4).says("the plan is stale: 1 object that it would write has changed");
    for line in [
        "class/matrix-worker was changed by somebody@example.org, last written ",
        "~ providerdata.cores   8 -> 2",
        "nothing was sent",
    ] {
        assert!(stale.err.contains(line), "no {line} in {}", stale.err);
    }
    assert_eq!(stale.out, "");
    made(r#"{"type":"MachineClasses","id":"another","spec":{"match_labels":["x"]}}"#);
    assert_eq!(writes(&r), before);
}

#[test]
fn what_does_not_matter_is_told_and_the_plan_is_applied() {
    let r = planned();
    r.run(&[
        "lab",
        "inject",
        r#"object-changed:{"type":"MachineClasses","id":"matrix-worker","annotations":{"a":"b"}}"#,
        "deployed",
    ])
    .exits(0);
    apply(&r, &[])
        .exits(0)
        .says("note: 1 object changed since the plan was made; it still does the same")
        .says("Verified");
}

#[test]
fn what_is_planned_to_be_made_may_not_be_there_already() {
    let r = Repository::new();
    let class = std::fs::read_to_string(r.path("machine-classes/matrix-worker.yaml")).unwrap();
    std::fs::write(r.path("machine-classes/matrix-big.yaml"), class.replace("matrix-worker", "matrix-big"))
        .unwrap();
    r.run(&["plan", WORLD, "--out", "plan=p.osplan"]).exits(0);
    r.run(&[
        "lab",
        "inject",
        r#"object-made:{"type":"MachineClasses","id":"matrix-big","spec":{"match_labels":["x"]}}"#,
        "deployed",
    ])
    .exits(0);
    apply(&r, &[]).exits(4).says("class/matrix-big was made by somebody@example.org, last written ");
}

#[test]
fn a_digest_alone_approves_its_plan_and_no_other() {
    let r = Repository::new();
    r.edit("machine-classes/matrix-worker.yaml", "memory: 16384", "memory: 24576");
    let approved = digest(&r.run(&["plan", WORLD]).exits(0));
    r.edit("machine-classes/matrix-worker.yaml", "memory: 24576", "memory: 32768");
    let before = writes(&r);
    r.run(&["apply", WORLD, "--expect-digest", &approved])
        .exits(4)
        .says("this is another plan than the one that was approved: its digest is `sha256:");
    assert_eq!(writes(&r), before);
    r.edit("machine-classes/matrix-worker.yaml", "memory: 32768", "memory: 24576");
    r.run(&["apply", WORLD, "--expect-digest", &approved]).exits(0).says("Verified");
    r.run(&["apply", WORLD, "--expect-digest", "sha256:x"])
        .exits(64)
        .says("64 lower-case hexadecimal digits");
    r.run(&["apply", WORLD]).exits(64).says("there is no terminal to ask on");
}

#[test]
fn a_plan_carries_its_scope_and_its_commit() {
    let r = Repository::new();
    r.edit("machine-classes/matrix-worker.yaml", "memory: 16384", "memory: 24576");
    r.edit("machine-classes/matrix-control-plane.yaml", "cores: 4", "cores: 6");
    let commit = "a1b2c3d4".repeat(5);
    r.run(&[
        "plan",
        WORLD,
        "--target",
        "class/matrix-worker",
        "--commit",
        &commit,
        "--expires",
        "90m",
        "--out",
        "plan=p.osplan",
    ])
    .exits(0);
    let (saved, _) = decode(&std::fs::read(r.path("p.osplan")).unwrap()).unwrap();
    assert_eq!(saved.header.commit.unwrap().as_str(), commit);
    assert_eq!(saved.header.expires - saved.header.created, 5400);
    apply(&r, &["--target", "class/matrix-control-plane"])
        .exits(4)
        .says("made with `--target class/matrix-worker`, not with `--target class/matrix-control-plane`");
    apply(&r, &["--target", "class/matrix-worker"]).exits(0);
    let left = r.run(&["plan", WORLD, "--detailed-exitcode"]).exits(2);
    assert!(
        left.out.contains("class/matrix-control-plane") && !left.out.contains("class/matrix-worker "),
        "{}",
        left.out
    );
    for wrong in [["--commit", "main"], ["--expires", "0s"], ["--expires", "31"]] {
        r.run(&[&["plan", WORLD], &wrong[..]].concat()).exits(64);
    }
}
