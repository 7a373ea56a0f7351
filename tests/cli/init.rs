//! `init`: from nothing, from the files that omnictl reads, and from what is hostile.

use std::collections::BTreeMap;
use std::path::Path;

use crate::repository::{Ran, Repository};
use crate::terminal::Terminal;
use crate::trust::Served;

/// All files below a folder with their bytes; the lab's and git's are left out.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(at: &Path, root: &Path, out: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let shown = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            let meta = path.symlink_metadata().unwrap();
            if meta.is_dir() && shown != "state/lab" {
                walk(&path, root, out);
            } else if meta.is_file() {
                out.insert(shown, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(root, root, &mut out);
    out
}

fn put(r: &Repository, path: &str, text: &str) {
    let path = r.path(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn spec(r: &Repository) -> String {
    std::fs::read_to_string(r.path("spec/omni.yaml")).unwrap()
}

/// The shipped templates and classes as somebody who uses omnictl keeps them, beside other people's YAML.
fn omnictl() -> Repository {
    let r = Repository::empty();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copy = |from: &str, to: &str| put(&r, to, &std::fs::read_to_string(root.join(from)).unwrap());
    copy("clusters/talos-prod-01.yaml", "omni templates/größer/prod.yml");
    copy("machine-classes/matrix-control-plane.yaml", "c/control plane.yaml");
    copy("machine-classes/matrix-worker.yaml", "c/worker.yaml");
    put(&r, "c/README.md", "kind: Cluster\n");
    put(&r, "omni templates/größer/patches/ntp.yaml", "machine: {time: {servers: [192.168.3.1]}}\n");
    put(&r, "apps/deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n");
    put(&r, "apps/capi.yaml", "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: x}\n");
    put(&r, "chart/templates/x.yaml", "{{ if .Values.x }}\nkind: Service\n{{ end }}\n");
    r
}

fn classes(id: &str, provider: &str) -> String {
    format!(
        "metadata: {{namespace: default, type: MachineClasses.omni.sidero.dev, id: {id}}}\nspec: {{autoprovision: {{providerid: {provider}, providerdata: '{{}}'}}}}\n"
    )
}

fn template(name: &str) -> String {
    format!(
        "kind: Cluster\nname: {name}\nkubernetes: {{version: v1.34.3}}\ntalos: {{version: v1.11.6}}\n---\nkind: ControlPlane\n---\nkind: Workers\n"
    )
}

#[test]
fn from_nothing_to_a_repository_that_is_valid() {
    let r = Repository::empty();
    r.run(&["init"]).exits(0).says("spec/omni.yaml").says("clusters/first.yaml").says("where is Omni");
    let made = files(&r.path(""));
    assert_eq!(
        made.keys().map(String::as_str).collect::<Vec<_>>(),
        [
            ".gitignore",
            "clusters/first.yaml",
            "machine-classes/standard.yaml",
            "spec/omni.yaml",
            "state/README.md"
        ]
    );
    assert_eq!(made[".gitignore"], b"/state/*\n!/state/README.md\n");
    r.run(&["validate"]).exits(0).says("Valid: 1 provider, 1 machine class, 1 cluster");
    r.run(&["fmt", "--check"]).exits(0);
    r.run(&["init"]).exits(1).says("there is a spec already: `spec/omni.yaml`");
    assert_eq!(files(&r.path("")), made);
}

#[test]
fn from_nothing_with_a_lab_the_first_cluster_comes_up() {
    let r = Repository::empty();
    r.run(&["init", "--lab"]).exits(0).says("world fresh of the lab");
    r.run(&["apply", "--lab", "--auto-approve", "--quiet"]).exits(0).says("first is up");
}

#[test]
fn two_commands_lead_from_omnictls_files_to_an_empty_plan() {
    let r = omnictl();
    let before = files(&r.path(""));
    r.run(&["init", "--lab=deployed"])
        .exits(0)
        .says("1 cluster template, 2 files of machine classes")
        .says("omni-scale plan --lab=deployed");
    let after = files(&r.path(""));
    assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)), "a file was changed");
    let spec = spec(&r);
    assert!(spec.contains("- \"omni templates/größer\" # cluster talos-prod-01"), "{spec}");
    assert!(spec.contains("- c # 2 classes: matrix-control-plane, matrix-worker"), "{spec}");
    assert!(!spec.contains("apps") && !spec.contains("chart"), "{spec}");
    r.run(&["fmt", "--check", "spec/omni.yaml"]).exits(0);
    let plan = r
        .run(&["plan", "--lab=deployed", "--detailed-exitcode"])
        .exits(0)
        .says("No changes. 8 objects are live as the files have it; apply only writes the record.");
    for kept in ["left alone: `cluster/talos-prod-01/patch/500-ntp-servers`", "1 foreign"] {
        assert!(plan.out.contains(kept), "{}", plan.out);
    }
    assert!(r.requests("deployed").iter().all(|l| l["writing"] == false));
}

#[test]
fn a_spec_is_never_written_over() {
    for path in ["spec/omni.yaml", "specs/omni.yaml"] {
        let r = omnictl();
        put(&r, path, "phases: {a: {name: x}}\n");
        let before = files(&r.path(""));
        r.run(&["init"]).exits(1).says(path).says("omni-scale spec upgrade");
        assert_eq!(files(&r.path("")), before);
    }
    let r = omnictl();
    r.run(&["init", "--offline", "--spec", "deep/er/x.yaml"]).exits(0);
    r.run(&["validate", "--spec", "deep/er/x.yaml"]).exits(0);
    r.run(&["init", "--offline", "--spec", "deep/er/x.yaml"]).exits(1).says("deep/er/x.yaml");
    r.run(&["init", "--spec", "../x.yaml"]).exits(64).says("leaves its folder");
    assert!(!r.path("../x.yaml").exists());
    r.run(&["init", "--offline", "--lab"]).exits(64);
}

#[test]
fn a_gitignore_is_not_changed() {
    let r = omnictl();
    put(&r, ".gitignore", "*.log\n");
    r.run(&["init", "--offline"]).exits(0).says("state/.gitignore");
    assert_eq!(std::fs::read(r.path(".gitignore")).unwrap(), b"*.log\n");
    assert!(std::fs::read_to_string(r.path("state/.gitignore")).unwrap().starts_with("*\n"));
    let r = omnictl();
    put(&r, ".gitignore", "state/\n");
    r.run(&["init", "--offline"]).exits(0);
    assert!(!r.path("state/.gitignore").exists());
}

#[test]
fn what_cannot_be_written_leaves_nothing_behind() {
    let r = omnictl();
    put(&r, "spec", "a file\n");
    let before = files(&r.path(""));
    r.run(&["init", "--offline"]).exits(1).says("cannot be written").says("nothing was written");
    assert_eq!(files(&r.path("")), before);

    let (r, outside) = (omnictl(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path(), r.path("spec")).unwrap();
    r.run(&["init", "--offline"]).exits(1).says("symbolic link out of the repository");
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    assert!(!r.path(".gitignore").exists() && !r.path("state").exists());

    // Where nobody can make a file, whoever runs the tests.
    let r = Repository::empty();
    r.run(&["init", "--offline", "-C", "/proc/self/task"]).exits(1).says("cannot be written");
    r.run(&["init", "-C", "nowhere"]).exits(65).says("does not exist");
}

#[test]
fn broken_and_mixed_files_are_left_out_and_named() {
    let r = omnictl();
    put(&r, "c/broken.yaml", "kind: Cluster\nname: [\n");
    put(&r, "c/mixed.yaml", &format!("{}---\n{}", classes("a", "p"), template("a")));
    put(&r, "c/part.yaml", "kind: Workers\n");
    put(&r, "c/patch.yaml", "metadata: {type: ConfigPatches.omni.sidero.dev, namespace: default, id: p}\n");
    put(&r, "c/noise.yaml", "a: [\n");
    let ran = r.run(&["init", "--offline"]).exits(0);
    for (path, why) in [
        ("c/broken.yaml", "cannot be read as YAML at line"),
        ("c/mixed.yaml", "files of their own"),
        ("c/part.yaml", "no document of `kind: Cluster`"),
        ("c/patch.yaml", "`ConfigPatches`"),
    ] {
        let line =
            ran.out.lines().find(|l| l.contains(path)).unwrap_or_else(|| panic!("no {path} in {}", ran.out));
        assert!(line.contains(why), "{line}");
    }
    assert!(!ran.out.contains("noise"), "{}", ran.out);
    let spec = spec(&r);
    assert!(spec.contains("- \"c/control plane.yaml\"") && spec.contains("- c/worker.yaml"), "{spec}");
    r.run(&["validate"]).exits(0);
}

#[test]
fn names_that_stand_twice_and_examples_are_questions() {
    let r = Repository::empty();
    put(&r, "a/prod.yaml", &template("prod"));
    put(&r, "a/old/prod.yaml", &template("prod"));
    put(&r, "x/staging.yaml", &template("staging"));
    put(&r, "y/staging.yaml", &template("staging"));
    put(&r, "a/examples/small.yaml", &template("small"));
    put(&r, "k/w.yaml", &classes("w", "bare"));
    r.run(&["init", "--offline"]).exits(0).says("a/old/prod.yaml: has cluster prod too");
    let spec = spec(&r);
    assert!(spec.contains("    - a # cluster prod\n"), "{spec}");
    for line in [
        "# - a/old/prod.yaml # ? has cluster prod too, as a/prod.yaml has",
        "# - x/staging.yaml # ? which one counts: cluster staging is in y/staging.yaml too",
        "# - a/examples/small.yaml # ? is it in use, or an example: cluster small",
    ] {
        assert!(spec.contains(line), "no {line} in {spec}");
    }
    assert!(spec.contains("  bare: {} # from k/w.yaml:2"), "{spec}");
    r.run(&["validate"]).exits(0);
}

#[test]
fn what_omni_has_answers_for_examples() {
    let r = omnictl();
    std::fs::rename(r.path("omni templates/größer"), r.path("examples")).unwrap();
    put(&r, "more/new.yaml", &template("new"));
    put(&r, "more/tests/other.yaml", &template("other"));
    r.run(&["init", "--lab=deployed"]).exits(0);
    let spec = spec(&r);
    for line in [
        "    - examples # cluster talos-prod-01\n",
        "    - more # cluster new; not in Omni yet\n",
        "    # - more/tests/other.yaml # not in Omni: cluster other\n",
    ] {
        assert!(spec.contains(line), "no {line} in {spec}");
    }
}

#[test]
fn the_providers_files_are_facts_and_their_secrets_are_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = |name: &str| std::fs::read_to_string(root.join("proxmox-provider").join(name)).unwrap();
    let r = omnictl();
    put(&r, "provider/compose.yml", &shipped("compose.yml"));
    put(&r, "provider/config.yaml", &shipped("config.yaml"));
    r.run(&["init", "--offline"]).exits(0);
    let spec_text = spec(&r);
    for line in [
        "endpoint: https://omni.spaceships.work # from provider/compose.yml:14",
        "endpoints: [https://192.168.3.5:8006] # from provider/config.yaml:3",
        "    compose: provider",
    ] {
        assert!(spec_text.contains(line), "no {line} in {spec_text}");
    }
    r.run(&["validate"]).exits(0);

    let r = omnictl();
    put(&r, "provider/compose.yml", &shipped("compose.yml"));
    put(
        &r,
        "provider/config.yaml",
        &shipped("config.yaml").replace("${PROXMOX_TOKEN_SECRET}", "canary-4711"),
    );
    let ran = r.run(&["init", "--offline"]).exits(0).says("a secret stands in the file");
    assert!(!spec(&r).contains("canary") && !ran.out.contains("canary") && !ran.err.contains("canary"));
    assert!(spec(&r).contains("# compose: provider # ? config.yaml"), "{}", spec(&r));
    r.run(&["validate"]).exits(0);
}

#[test]
fn a_huge_tree_and_circles_end() {
    let r = omnictl();
    for i in 0..51 {
        std::fs::create_dir(r.path(&format!("z{i}"))).unwrap();
        for j in 0..400 {
            std::fs::write(r.path(&format!("z{i}/{j}.yaml")), "a: 1\n").unwrap();
        }
    }
    std::os::unix::fs::symlink("..", r.path("c/up")).unwrap();
    std::os::unix::fs::symlink("me.yaml", r.path("c/me.yaml")).unwrap();
    for skipped in [".git/x", "node_modules/x", "state/x"] {
        put(&r, &format!("{skipped}/t.yaml"), &template("hidden"));
    }
    let ran =
        r.run(&["init", "--offline"]).exits(0).says("only the first").says("c/up: symbolic links to folders");
    assert!(!ran.out.contains("hidden") && !spec(&r).contains("hidden"));
    // Folders near the top come first, whatever lies deeper.
    assert!(spec(&r).contains("- c # 2 classes"), "{}", spec(&r));
}

fn with(r: &Repository, args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = r.command(args);
    command.envs(variables.iter().copied());
    Ran::new(command.output().unwrap())
}

#[test]
fn omnictls_context_is_found_and_a_strange_one_is_not_believed() {
    let config = |url: &str| format!("context: home\ncontexts: {{home: {{url: {url}, auth: {{}}}}}}\n");
    let r = omnictl();
    put(&r, ".talos/omni/config", &config("https://omni.example.net/omni/"));
    r.run(&["init", "--offline"]).exits(0).says("context `home`");
    assert!(
        spec(&r).contains("endpoint: https://omni.example.net # from omnictl's context home"),
        "{}",
        spec(&r)
    );

    for url in [
        "'https://me:canary@evil.example'",
        "\"https://evil\\e]0;canary\\a.example\"",
        "'https://evil.example/?canary'",
        "'ftp://evil.example'",
        "'http://evil.example'",
        "[evil]",
    ] {
        let r = omnictl();
        put(&r, "elsewhere", &config(url));
        let ran = with(&r, &["init", "--offline"], &[("OMNICONFIG", "elsewhere")]).exits(0).says("Left out");
        let spec = spec(&r);
        assert!(spec.contains("endpoint: https://omni.example.org # ? a placeholder"), "{url}: {spec}");
        for text in [&ran.out, &ran.err, &spec] {
            assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{url}: {text:?}");
        }
        assert!(!ran.out.contains("me:canary") && !spec.contains("evil"), "{url}: {}", ran.out);
    }
}

#[test]
fn names_with_quotes_and_comments_in_them_stay_names() {
    let r = Repository::empty();
    put(&r, "a # b: [c]/\"d\" 'e'.yaml", &template("\"x # y\\n: z\""));
    put(&r, "k/w.yaml", &classes("w", "'#1: {}'"));
    put(&r, "k/v.yaml", &classes("v", "\"on\""));
    r.run(&["init", "--offline"]).exits(0);
    let spec = spec(&r);
    assert!(spec.contains("- \"a # b: [c]\""), "{spec}");
    assert!(spec.contains("  \"on\": {}") || spec.contains("  on: {}"), "{spec}");
    // The template's name is no name for a cluster, which is for `validate` to say; the spec itself is one.
    r.run(&["graph"]).exits(65).says("a # b: [c]/");
}

#[test]
fn a_bound_omni_is_asked_and_an_unbound_one_is_not() {
    let r = Repository::new();
    let served = Served::up(&r);
    let other = omnictl();
    let variables: Vec<(&str, &str)> = served
        .env
        .iter()
        .filter(|(n, _)| n != "OMNI_SCALE_SPEC")
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let ran = with(&other, &["init"], &variables)
        .exits(0)
        .says("infrastructure providers: Proxmox")
        .says("its certificate is not believed by this system");
    let text = spec(&other);
    assert!(
        text.contains(" # from OMNI_ENDPOINT\n") && text.contains(" # from PROXMOX_VE_ENDPOINT\n"),
        "{text}"
    );
    assert!(text.contains("# tls: { sha256: [") && text.contains("# ? Proxmox signs"), "{text}");
    for (name, value) in &variables {
        let secret = name.ends_with("KEY") || name.ends_with("TOKEN");
        assert!(
            !secret || !(text.contains(value) || ran.out.contains(value) || ran.err.contains(value)),
            "{name}"
        );
    }

    let key: Vec<(&str, &str)> =
        variables.iter().copied().filter(|(n, _)| *n == "OMNI_SERVICE_ACCOUNT_KEY").collect();
    let other = omnictl();
    put(
        &other,
        "p/compose.yml",
        "services: {p: {image: x/omni-infra-provider-proxmox, command: [--omni-api-endpoint=https://omni.example.net/]}}\n",
    );
    with(&other, &["init"], &key).exits(0).says("not asked").says("nothing was sent");
    assert!(spec(&other).contains("endpoint: https://omni.example.net # from p/compose.yml:1"));
    // The same on a terminal: the certificate is shown, and a yes pins it.
    let other = omnictl();
    let mut terminal = Terminal::run(&other, &["init"], &variables);
    terminal.shows("[y/N]");
    terminal.types("y\n");
    let (code, shown) = terminal.ends();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("shows a certificate that this system does not believe"), "{shown}");
    let text = spec(&other);
    assert!(
        text.contains("      sha256:\n        - \"") && text.contains("nodes: [foxtrot, golf, hotel]"),
        "{text}"
    );
    with(&other, &["plan"], &variables).exits(0);
    drop(served);
}
