//! `fmt`: the files in one form, contents of resources untouched.

use crate::repository::Repository;

/// The shipped template, written another way, with the values as they were.
fn untidy(repository: &Repository) -> String {
    let path = repository.path("clusters/talos-prod-01.yaml");
    let tidy = std::fs::read_to_string(&path).unwrap();
    let untidy = tidy.replace("\n  - ", "\n-   ").replace("---\n", "---  \n\n\n").replace('\n', "\r\n");
    std::fs::write(path, &untidy).unwrap();
    untidy
}

#[test]
fn the_shipped_files_are_formatted() {
    let repository = Repository::new();
    let ran = repository.run(&["fmt", "--check"]).exits(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
}

#[test]
fn check_shows_what_would_change_and_writes_nothing() {
    let repository = Repository::new();
    let before = repository.run(&["render", "clusters/talos-prod-01.yaml"]).exits(0).out;
    let untidy = untidy(&repository);
    let ran = repository.run(&["fmt", "--check"]).exits(1);
    assert!(
        ran.out.starts_with("--- clusters/talos-prod-01.yaml\n+++ clusters/talos-prod-01.yaml\n@@ "),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("\n+  - siderolabs/iscsi-tools\n"), "{}", ran.out);
    ran.says("1 file is not formatted");
    assert_eq!(std::fs::read_to_string(repository.path("clusters/talos-prod-01.yaml")).unwrap(), untidy);
    let ran = repository.run(&["fmt"]).exits(0);
    assert_eq!(ran.out, "clusters/talos-prod-01.yaml\n");
    assert_eq!(repository.run(&["fmt"]).exits(0).out, "", "once is enough");
    repository.run(&["fmt", "--check"]).exits(0);
    let times = |text: &str| text.lines().filter(|l| !l.contains("ated: ")).collect::<Vec<_>>().join("\n");
    let after = repository.run(&["render", "clusters/talos-prod-01.yaml"]).exits(0).out;
    assert_eq!(times(&after), times(&before));
    let text = std::fs::read_to_string(repository.path("clusters/talos-prod-01.yaml")).unwrap();
    assert!(
        text.starts_with("# The production cluster on Matrix") && text.contains("  # Nodes stay NotReady")
    );
}

#[test]
fn patch_files_are_contents_and_stay_as_they_are() {
    let repository = Repository::new();
    let patch = "machine:\n      sysctls:   {a: '1'}  \n";
    std::fs::create_dir_all(repository.path("clusters/patches")).unwrap();
    std::fs::write(repository.path("clusters/patches/p.yaml"), patch).unwrap();
    std::fs::write(repository.path("clusters/patches/other.yaml"), patch).unwrap();
    let template = repository.path("clusters/talos-prod-01.yaml");
    let text = std::fs::read_to_string(&template).unwrap();
    std::fs::write(&template, text.replace("patches:\n", "patches:\n  - file: patches/p.yaml\n")).unwrap();
    assert_eq!(repository.run(&["fmt"]).exits(0).out, "");
    repository
        .run(&["fmt", "clusters/patches/p.yaml"])
        .exits(64)
        .says("is not formatted: a template names it");
    repository
        .run(&["fmt", "clusters/patches"])
        .exits(0)
        .says("`clusters/patches/other.yaml` is left as it is");
    assert_eq!(std::fs::read_to_string(repository.path("clusters/patches/p.yaml")).unwrap(), patch);
    assert_eq!(std::fs::read_to_string(repository.path("clusters/patches/other.yaml")).unwrap(), patch);
}

#[test]
fn what_lies_outside_or_is_no_yaml_is_refused_and_then_nothing_is_written() {
    let repository = Repository::new();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("x.yaml"), "a:   \n").unwrap();
    std::os::unix::fs::symlink(outside.path().join("x.yaml"), repository.path("link.yaml")).unwrap();
    let far = outside.path().join("x.yaml");
    repository.run(&["fmt", far.to_str().unwrap()]).exits(64).says("is not in the repository");
    repository.run(&["fmt", "link.yaml"]).exits(64).says("is not in the repository");
    repository.run(&["fmt", "none.yaml"]).exits(64).says("`none.yaml` cannot be opened");
    let untidy = untidy(&repository);
    std::fs::write(repository.path("machine-classes/broken.yaml"), "a: [1\nb: 2\n").unwrap();
    repository.run(&["fmt"]).exits(65).says("machine-classes/broken.yaml:");
    assert_eq!(std::fs::read_to_string(repository.path("clusters/talos-prod-01.yaml")).unwrap(), untidy);
    assert_eq!(std::fs::read_to_string(far).unwrap(), "a:   \n");
}
