//! Wrong files: all problems, with places, before anything else happens.

use crate::repository::Repository;

#[test]
fn the_shipped_files_are_valid_and_need_no_credentials() {
    let r = Repository::new();
    let ran = r.run(&["validate"]).exits(0);
    assert_eq!(ran.out, "Valid: 1 provider, 2 machine classes, 1 cluster with 5 resources.\n");
    assert_eq!(ran.err, "");
    assert!(!r.path("state").exists());
}

#[test]
fn all_problems_of_all_files_are_shown_with_their_places() {
    let r = Repository::new();
    r.edit("machine-classes/matrix-worker.yaml", "autoprovision:", "autoprovison:");
    r.edit("clusters/talos-prod-01.yaml", "kind: Workers", "kind: Wokers");
    for command in ["validate", "plan", "apply"] {
        let args: &[&str] = if command == "validate" { &["validate"] } else { &[command, "--lab"] };
        let mut args = args.to_vec();
        if command == "apply" {
            args.push("--auto-approve");
        }
        r.run(&args)
            .exits(65)
            .says("machine-classes/matrix-worker.yaml:")
            .says("clusters/talos-prod-01.yaml:");
    }
    assert!(!r.path("state").exists(), "nothing was started");
}

#[test]
fn a_folder_without_a_spec_says_where_it_would_be() {
    let dir = tempfile::tempdir().unwrap();
    let r = Repository::new();
    r.run(&["-C", dir.path().to_str().unwrap(), "validate"]).exits(65).says("spec/omni.yaml");
    r.run(&["-C", "/nowhere/at/all", "validate"]).exits(65).says("does not exist");
    r.run(&["--spec", "../../etc/passwd", "validate"]).exits(65).says("not a path below the repository");
}

#[test]
fn links_out_of_the_repository_are_not_followed() {
    let r = Repository::new();
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::remove_file(r.path("machine-classes/matrix-worker.yaml")).unwrap();
    std::os::unix::fs::symlink(outside.path(), r.path("machine-classes/matrix-worker.yaml")).unwrap();
    r.run(&["validate"]).exits(65).says("symbolic link out of the repository");
}

#[test]
fn render_prints_the_resources_of_a_template() {
    let r = Repository::new();
    let ran = r.run(&["render", "clusters/talos-prod-01.yaml"]).exits(0);
    assert_eq!(ran.out.split("---\n").count(), 5, "{}", ran.out);
    assert!(ran.out.contains("type: Clusters.omni.sidero.dev"));
    r.run(&["render", "clusters/none.yaml"]).exits(65).says("does not exist");
}

#[test]
fn render_reads_files_of_the_allowed_folder_only() {
    let r = Repository::new();
    let template = |file: &str| {
        let head = "kind: Cluster\nname: c\nkubernetes: {version: v1.34.3}\ntalos: {version: v1.11.6}\n";
        let text = format!("{head}patches:\n  - file: {file}\n---\nkind: ControlPlane\n---\nkind: Workers\n");
        std::fs::write(r.path("clusters/t.yaml"), text).unwrap();
    };
    std::fs::create_dir_all(r.path("clusters/own")).unwrap();
    std::fs::create_dir_all(r.path("shared")).unwrap();
    for folder in ["clusters/own", "shared"] {
        std::fs::write(r.path(folder).join("p.yaml"), "machine: {sysctls: {vm.swappiness: \"1\"}}\n")
            .unwrap();
    }
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, r.path(at)).unwrap();
    link("own/p.yaml", "clusters/inside.yaml");
    link("../shared/p.yaml", "clusters/outside.yaml");
    link("../shared", "clusters/beyond");
    let absolute = r.path("shared/p.yaml").display().to_string();
    let own = r.path("clusters/own/p.yaml").display().to_string();
    let all: [(&str, &[&str], &[&str]); 6] = [
        // Files, allowed folders that have them, allowed folders that have not.
        ("own/p.yaml", &["./", "", "own", "own/", "..", "../clusters"], &["beyond", "../shared"]),
        ("../shared/p.yaml", &["..", "../shared", "../clusters/../shared"], &["./", "own", "../clusters"]),
        ("inside.yaml", &["./", ".."], &["own"]),
        ("outside.yaml", &[".."], &["./"]),
        ("beyond/p.yaml", &[".."], &["./"]),
        ("none/../own/./p.yaml", &["./"], &["../shared"]),
    ];
    let check = |file: &str, inside: &[&str], outside: &[&str]| {
        template(file);
        for allowed in inside {
            r.run(&["render", "clusters/t.yaml", "--allowed-dir", allowed]).exits(0).says("vm.swappiness");
        }
        for allowed in outside {
            r.run(&["render", "clusters/t.yaml", "--allowed-dir", allowed])
                .exits(65)
                .says("path escapes from parent")
                .says("clusters/t.yaml:6:11");
        }
    };
    for (file, inside, outside) in all {
        check(file, inside, outside);
    }
    let root = r.path("").display().to_string();
    check(&absolute, &["..", &root], &["./"]);
    check(&own, &["./", &root], &["../shared"]);
    template("own/p.yaml");
    r.run(&["render", "clusters/t.yaml"]).exits(0).says("vm.swappiness");
    r.run(&["render", "clusters/t.yaml", "--allowed-dir", "nowhere"]).exits(65).says("does not exist");
    template("own");
    r.run(&["render", "clusters/t.yaml"]).exits(65).says("is a directory");
    template("./");
    r.run(&["render", "clusters/t.yaml"]).exits(65).says("is a directory");
}

#[test]
fn what_is_wrong_stands_at_its_lines_for_programs_and_for_forges() {
    let r = Repository::new();
    let valid = r.run(&["validate", "--format", "json"]).exits(0);
    let json: serde_json::Value = serde_json::from_str(&valid.out).unwrap();
    assert_eq!((&json["format"], &json["valid"]), (&"omni-scale.validate".into(), &true.into()), "{json}");
    assert_eq!(r.run(&["validate", "--format", "github"]).exits(0).out, "");
    r.edit("machine-classes/matrix-worker.yaml", "storage_selector:", "storage_selektor:");
    r.edit("spec/omni.yaml", "lan_address:", "lan_adress:");
    let wrong = r.run(&["validate", "--format", "json"]).exits(65);
    let json: serde_json::Value = serde_json::from_str(&wrong.out).unwrap();
    assert_eq!(json["valid"], false);
    let place = |path: &str, key: &str| {
        let problems = json["problems"].as_array().unwrap();
        let named = |p: &&serde_json::Value| p["message"].as_str().is_some_and(|m| m.contains(key));
        let of = problems.iter().filter(named).find(|p| p["places"][0]["path"] == path);
        of.unwrap_or_else(|| panic!("{path}: {json}")).clone()
    };
    for (path, key) in
        [("machine-classes/matrix-worker.yaml", "storage_selektor"), ("spec/omni.yaml", "lan_adress")]
    {
        let found = place(path, key);
        let line = found["places"][0]["line"].as_u64().unwrap() as usize;
        let text = std::fs::read_to_string(r.path(path)).unwrap();
        assert!(text.lines().nth(line - 1).unwrap().contains(key), "{found}");
        let command = format!("file={path},line={line},");
        let github = r.run(&["validate", "--format", "github"]).exits(65);
        let at = github.out.lines().find(|l| l.contains(&command));
        assert!(
            at.is_some_and(|l| l.starts_with("::error title=OS0") || l.starts_with("::warning title=OS0")),
            "{command}: {}",
            github.out
        );
        assert!(github.err.contains(key), "the log has it too: {}", github.err);
    }
    // A spec that cannot be read at all has its line, too.
    std::fs::write(r.path("spec/omni.yaml"), "omni: {\n").unwrap();
    let broken = r.run(&["validate", "--format", "github"]).exits(65);
    assert!(
        broken.out.starts_with("::error ") && broken.out.contains("file=spec/omni.yaml,line="),
        "{}",
        broken.out
    );
}
