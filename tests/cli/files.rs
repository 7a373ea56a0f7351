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
