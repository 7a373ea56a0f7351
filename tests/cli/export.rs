//! `export`: a live cluster of the lab as a plain template.

use crate::repository::Repository;

#[test]
fn a_cluster_comes_out_as_a_template_that_renders_to_the_same() {
    let repository = Repository::new();
    let ran = repository.run(&["export", "--cluster", "talos-prod-01", "--lab=deployed"]).exits(0);
    assert!(ran.out.starts_with("kind: Cluster\n"), "{}", ran.out);
    assert!(ran.out.contains("\n---\nkind: ControlPlane\n") && ran.out.ends_with('\n'));
    assert!(!ran.out.contains("warning"), "data and talk are apart");
    // What comes out is what the files say, whatever their form: the same resources.
    std::fs::write(repository.path("clusters/exported.yaml"), &ran.out).unwrap();
    let exported = repository.run(&["render", "clusters/exported.yaml"]).exits(0).out;
    let written = repository.run(&["render", "clusters/talos-prod-01.yaml"]).exits(0).out;
    let (by_hand, exported): (Vec<_>, Vec<_>) =
        resources(&exported).into_iter().partition(|r| r.contains("  id: 500-ntp-servers\n"));
    assert_eq!(exported, resources(&written));
    assert_eq!(by_hand.len(), 1, "the patch that somebody made by hand comes with it");
    // Looking is all it does.
    assert!(repository.requests("deployed").iter().all(|r| {
        let path = r["path"].as_str().unwrap_or_default();
        !["Create", "Update", "Teardown", "Delete"].iter().any(|write| path.ends_with(write))
    }));
}

/// The rendered documents, sorted, without their times.
fn resources(text: &str) -> Vec<String> {
    let mut all: Vec<String> = text
        .split("---\n")
        .map(|d| {
            d.lines()
                .filter(|l| !l.starts_with("  created:") && !l.starts_with("  updated:"))
                .collect::<Vec<_>>()
                .join("\n")
        })
        .collect();
    all.sort();
    all
}

#[test]
fn a_missing_cluster_is_named_with_what_omnictl_says() {
    let repository = Repository::new();
    let ran = repository.run(&["export", "-c", "talos-prod-02", "--lab=deployed"]).exits(1);
    assert_eq!(ran.out, "");
    ran.says("error: there is no cluster `talos-prod-02`")
        .says("resource Clusters.omni.sidero.dev(default/talos-prod-02@undefined) doesn't exist")
        .says("did you mean `talos-prod-01`?");
    let ran = repository.run(&["export", "-c", "x"]).exits(7);
    assert_eq!(ran.out, "", "without credentials nothing is read");
}

#[test]
fn a_broken_template_keeps_nobody_from_exporting() {
    let repository = Repository::new();
    repository.edit("clusters/talos-prod-01.yaml", "kind: ControlPlane", "kind: ControlPlan");
    repository.run(&["plan", "--lab=deployed"]).exits(65);
    let ran = repository.run(&["export", "-c", "talos-prod-01", "--lab=deployed"]).exits(0);
    assert!(ran.out.contains("\nkind: ControlPlane\n"), "{}", ran.out);
    repository.edit("spec/omni.yaml", "omni:", "omny:");
    repository.run(&["export", "-c", "talos-prod-01", "--lab=deployed"]).exits(65);
}

#[test]
fn a_file_is_overwritten_only_by_force() {
    let repository = Repository::new();
    let export = |more: &[&str]| {
        let mut args = vec!["export", "-c", "talos-prod-01", "--lab=deployed", "-o", "out.yaml"];
        args.extend(more);
        repository.run(&args)
    };
    assert_eq!(export(&[]).exits(0).out, "");
    let first = std::fs::read_to_string(repository.path("out.yaml")).unwrap();
    assert!(first.starts_with("kind: Cluster\n"));
    std::fs::write(repository.path("out.yaml"), "mine\n").unwrap();
    export(&[]).exits(1).says("`out.yaml` is there already").says("--force");
    assert_eq!(std::fs::read_to_string(repository.path("out.yaml")).unwrap(), "mine\n");
    export(&["--force"]).exits(0);
    assert_eq!(std::fs::read_to_string(repository.path("out.yaml")).unwrap(), first);
    // A link keeps leading where it leads.
    std::os::unix::fs::symlink("out.yaml", repository.path("link.yaml")).unwrap();
    std::fs::write(repository.path("out.yaml"), "mine\n").unwrap();
    repository.run(&["export", "-c", "talos-prod-01", "--lab=deployed", "-o", "link.yaml", "-f"]).exits(0);
    assert!(repository.path("link.yaml").is_symlink());
    assert_eq!(std::fs::read_to_string(repository.path("out.yaml")).unwrap(), first);
    let left: Vec<String> = std::fs::read_dir(repository.path("."))
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".new"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}
