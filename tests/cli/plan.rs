//! Plans: inert, frugal, readable by programs.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::Stdio;

use crate::repository::Repository;

#[test]
fn all_files_are_written_or_none() {
    let r = Repository::new();
    std::fs::write(r.path("file"), "mine").unwrap();
    let wrong = r.run(&["plan", "--lab", "--out", "json=out/plan.json", "--out", "text=file/below"]).exits(1);
    assert!(wrong.err.contains("`file/below` cannot be written"), "{}", wrong.err);
    assert!(wrong.out.is_empty(), "found before anything is read");
    assert!(!r.path("out").exists());
    let all = ["--out", "json=out/plan.json", "--out", "text=out/plan.txt", "--out", "diff=file"];
    let ran = r.run(&[&["plan", "--lab"][..], &all].concat()).exits(0);
    assert!(std::fs::read_to_string(r.path("out/plan.txt")).unwrap().contains("Plan: "));
    assert!(std::fs::read_to_string(r.path("file")).unwrap().starts_with("---"));
    assert!(!ran.out.is_empty());
    let mut names: Vec<_> =
        std::fs::read_dir(r.path("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["plan.json", "plan.txt"], "no temporary file is left");
}

#[test]
fn a_plan_writes_nothing_and_asks_each_type_once() {
    let r = Repository::new();
    r.run(&["plan", "--lab"]).exits(0);
    let requests = r.requests("fresh");
    assert!(requests.iter().all(|l| l["writing"] == false));
    let mut types: BTreeMap<String, usize> = BTreeMap::new();
    for line in requests.iter().filter(|l| l["server"] == "omni") {
        *types.entry(line["type"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    // And what the one provider of the spec recorded, and the catalogue of the one Talos version with extensions.
    let limit =
        omni_scale::engine::refresh::PLAN_TYPES.len() + omni_scale::engine::refresh::PLAN_EXTRA_REQUESTS + 2;
    assert_eq!(types["TalosExtensions.omni.sidero.dev"], 1);
    assert!(types.values().all(|n| *n == 1), "{types:?}");
    assert!(types.len() <= limit, "{types:?}");
    // Five questions about the cluster, two about what new machines need, three to each of three nodes; none twice.
    let asked: Vec<&str> =
        requests.iter().filter(|l| l["server"] == "proxmox").map(|l| l["path"].as_str().unwrap()).collect();
    let distinct: std::collections::BTreeSet<&&str> = asked.iter().collect();
    assert_eq!((asked.len(), distinct.len()), (16, 16), "{asked:?}");
    assert!(!r.path("state/runs").exists() && !r.path("state/lab/fresh/runs").exists());
}

#[test]
fn json_fits_its_schema_and_the_same_inputs_give_the_same_bytes() {
    let r = Repository::new();
    let one = r.run(&["plan", "--lab", "--format", "json", "--out", "json=plan.json"]).exits(0);
    let two = r.run(&["plan", "--lab", "--format", "json"]).exits(0);
    assert_eq!(one.out, two.out);
    assert_eq!(std::fs::read_to_string(r.path("plan.json")).unwrap(), one.out);
    let schema: serde_json::Value = serde_json::from_str(&r.run(&["schema", "plan"]).exits(0).out).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&one.out).unwrap();
    assert_eq!(plan["format"], "omni-scale.plan");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems: Vec<String> = validator.iter_errors(&plan).map(|e| e.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let r = Repository::new();
    let mut child =
        r.command(&["plan", "--lab"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{err}");
    assert!(!err.contains("bug"), "{err}");
}

#[test]
fn graphs_in_all_forms() {
    let r = Repository::new();
    for (format, start) in [("text", ""), ("dot", "digraph"), ("mermaid", "flowchart"), ("json", "{")] {
        let ran = r.run(&["graph", "--format", format]).exits(0);
        assert!(ran.out.starts_with(start), "{}", ran.out);
        assert!(ran.out.contains("class/matrix-worker"), "{}", ran.out);
    }
    assert!(!r.path("state").exists(), "a graph needs no world");
}

#[test]
fn colour_follows_flags_and_environment() {
    let r = Repository::new();
    assert!(!r.run(&["plan", "--lab"]).out.contains('\u{1b}'));
    assert!(r.run(&["plan", "--lab", "--color", "always"]).out.contains('\u{1b}'));
    let mut forced = r.command(&["plan", "--lab"]);
    let forced = forced.env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(String::from_utf8(forced.stdout).unwrap().contains('\u{1b}'));
    let ascii = r.run(&["plan", "--lab", "--ascii"]).exits(0);
    assert!(ascii.out.is_ascii(), "{}", ascii.out);
}

#[test]
fn a_key_that_the_provider_does_not_read_is_told_once() {
    let r = Repository::new();
    let class = r.path("machine-classes/matrix-worker.yaml");
    let text = std::fs::read_to_string(&class).unwrap();
    std::fs::write(&class, format!("{text}      vga: std\n      memroy: 4\n")).unwrap();
    let told = |code: &str| {
        let ran = r.run(&["plan", "--lab"]).exits(0);
        [&ran.err, &ran.out].iter().map(|t| t.matches(code).count()).sum::<usize>()
    };
    // The image that the files name reads it; only the provider that runs tells that it does not.
    assert_eq!((told("OS0206"), told("OS0529"), told("OS0144")), (0, 1, 1));
    r.run(&["plan", "--lab"]).says("the files name 0.2, which reads it");
    // The files tell it by themselves, with the place.
    r.edit(
        "proxmox-provider/compose.yml",
        "omni-infra-provider-proxmox:v0.2.0",
        "omni-infra-provider-proxmox:v0.1.0",
    );
    assert_eq!((told("OS0206"), told("OS0529"), told("OS0144")), (1, 0, 1));
    // A tag that tells nothing leaves it to the provider.
    r.edit(
        "proxmox-provider/compose.yml",
        "omni-infra-provider-proxmox:v0.1.0",
        "omni-infra-provider-proxmox:edge",
    );
    assert_eq!((told("OS0206"), told("OS0529")), (0, 1));
    r.run(&["plan", "--lab"]).says("leave `vga` out, or use a provider of 0.2 or newer");
}
