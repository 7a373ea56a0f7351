//! Secrets that stand in templates are found nowhere in what the tool prints or remembers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "shipped/mod.rs"]
mod shipped;

use std::path::{Path, PathBuf};
use std::process::Command;

/// Values that must not appear anywhere.
const CANARIES: [&str; 7] = [
    "canary-registry-password",
    "canary-manifest-token",
    "canary-file-content",
    "canary-environment",
    "canary-private-key",
    "canary-comment",
    "canary-proxy-password",
];

const PATCHES: &str = r#"
  - name: canaries
    inline:
      machine:
        registries:
          config:
            ghcr.io:
              auth: {username: robot, password: canary-registry-password}
        env:
          ANYTHING: canary-environment
          https_proxy: http://me:canary-proxy-password@proxy:3128
        files:
          - path: /var/secret/token.conf
            permissions: 0o600
            op: create
            content: canary-file-content
        sysctls: {net.core.somaxconn: "1024"}
      cluster:
        inlineManifests:
          - name: settings
            contents: |
              apiVersion: v1
              kind: ConfigMap
              metadata: {name: settings, namespace: default}
              data:
                api-token: canary-manifest-token
  - name: tunnel
    file: patches/tunnel.yaml
"#;

const FILE: &str = "# the old password: canary-comment
machine:
  network:
    interfaces:
      - interface: wg0
        wireguard: {privateKey: canary-private-key}
";

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .flat_map(|p| if p.is_dir() { files(&p) } else { vec![p] })
        .collect()
}

fn found(text: &[u8]) -> Vec<&'static str> {
    let text = String::from_utf8_lossy(text);
    CANARIES.into_iter().filter(|c| text.contains(c)).collect()
}

/// The shipped deployment, with secrets in its patches.
fn deployment(patches: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    shipped::deployment(dir.path());
    edit(dir.path(), patches);
    dir
}

fn edit(folder: &Path, patches: &str) {
    let original =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("clusters/talos-prod-01.yaml"))
            .unwrap();
    let template = original.replacen("\npatches:", &format!("\npatches:{patches}"), 1);
    assert_ne!(template, original);
    std::fs::write(folder.join("clusters/talos-prod-01.yaml"), template).unwrap();
    std::fs::create_dir_all(folder.join("clusters/patches")).unwrap();
    std::fs::write(folder.join("clusters/patches/tunnel.yaml"), FILE).unwrap();
}

/// Runs the tool; nothing that it prints may hold a canary.
fn run(folder: &Path, key: Option<&str>, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omni-scale"));
    command.current_dir(folder).args(arguments).env_remove("OMNI_SCALE_DIGEST_KEY");
    if let Some(key) = key {
        command.env("OMNI_SCALE_DIGEST_KEY", key);
    }
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let shown = String::from_utf8_lossy(&text).into_owned();
    assert_eq!(found(&text), [""; 0], "{arguments:?}: {shown}");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {shown}");
    shown
}

#[test]
fn secrets_are_neither_printed_nor_remembered_and_still_compared() {
    let dir = deployment(PATCHES);
    let folder = dir.path();
    run(folder, None, &["plan", "--lab", "--out", "json=state/plan.json", "--out", "text=state/plan.txt"]);
    run(folder, None, &["plan", "--lab", "--format", "json"]);
    run(folder, None, &["apply", "--lab", "--auto-approve"]);

    // The lab's `world.json` is what its Omni stores, as a real Omni would; everything else there is the tool's memory.
    let memory: Vec<PathBuf> =
        files(&folder.join("state")).into_iter().filter(|p| !p.ends_with("world.json")).collect();
    let named = |end: &str| memory.iter().filter(|p| p.to_string_lossy().ends_with(end)).count();
    assert_eq!((named(".digest-key"), named(".jsonl") > 0, named("plan.json")), (1, true, 1), "{memory:?}");
    for path in &memory {
        assert_eq!(found(&std::fs::read(path).unwrap()), [""; 0], "{}", path.display());
    }
    assert!(memory.iter().any(|p| std::fs::read_to_string(p).unwrap().contains("$secret")));

    // Unchanged secrets are equal; a changed one is one change, by the files.
    let again = run(folder, None, &["plan", "--lab", "--format", "json"]);
    assert!(again.contains("\"has_changes\": false") && !again.contains("OS0428"), "{again}");
    edit(folder, &PATCHES.replace("canary-registry-password", "canary-private-key"));
    let edited = run(folder, None, &["plan", "--lab", "--format", "json"]);
    assert!(edited.contains("\"password\"") && edited.contains("\"cause\": \"files\""), "{edited}");
    assert!(!edited.contains("\"cause\": \"both\"") && !edited.contains("\"cause\": \"drift\""), "{edited}");

    // Another key: nothing is destroyed, one warning says what is not known, and an apply remembers anew.
    edit(folder, PATCHES);
    let key = Some("an operator's own key, long enough");
    let other = run(folder, key, &["plan", "--lab", "--format", "json"]);
    assert!(other.contains("OS0428") && other.contains("\"has_changes\": false"), "{other}");
    assert!(!other.contains("\"action\": \"destroy\""), "{other}");
    run(folder, key, &["apply", "--lab", "--auto-approve"]);
    let known = run(folder, key, &["plan", "--lab", "--format", "json"]);
    assert!(!known.contains("OS0428") && known.contains("\"steps\": []"), "{known}");
}

/// A saved plan goes through artefact stores and comments: neither a secret is in it nor what a short one could be guessed
/// from. It is applied all the same, because the secrets come from the files.
#[test]
fn saved_plans_hold_no_secret_and_no_hash_of_one() {
    use sha2::{Digest as _, Sha256};
    let hashes: Vec<String> = CANARIES
        .into_iter()
        .flat_map(|c| [c.to_owned(), format!("\"{c}\""), FILE.to_owned()])
        .map(|text| Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect())
        .collect();
    let dir = deployment(PATCHES);
    let folder = dir.path();
    let checked = |name: &str| {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        assert_eq!(found(&bytes), [""; 0], "{name}");
        let text = String::from_utf8(bytes).unwrap();
        assert!(!hashes.iter().any(|h| text.contains(h)), "{name} holds a bare hash of a secret");
        text
    };
    for (name, key) in [("first.osplan", None), ("keyed.osplan", Some("an operator's own key, long enough"))]
    {
        run(folder, key, &["plan", "--lab", "--out", &format!("plan={name}"), "--out", "diff=p.diff"]);
        let text = checked(name);
        assert_eq!(
            (text.contains("\"bound\":"), text.contains("\"keyed\":{")),
            (key.is_none(), key.is_some())
        );
        assert!(text.contains("(hidden 1)"), "{text}");
        for format in ["text", "json", "diff"] {
            let shown = run(folder, None, &["show", name, "--format", format]);
            if format == "diff" {
                assert_eq!(shown, checked("p.diff"));
            }
        }
    }
    let key = Some("an operator's own key, long enough");
    run(folder, key, &["apply", "keyed.osplan", "--lab"]);
    // What goes holds secrets too.
    run(
        folder,
        key,
        &[
            "plan",
            "--lab",
            "--destroy",
            "cluster/talos-prod-01",
            "--allow",
            "destroy:cluster/talos-prod-01",
            "--out",
            "plan=gone.osplan",
        ],
    );
    checked("gone.osplan");
    // Another key cannot tell whether the secrets are the same.
    edit(folder, &PATCHES.replace("canary-registry-password", "canary-private-key"));
    run(folder, key, &["plan", "--lab", "--out", "plan=next.osplan"]);
    checked("next.osplan");
    let refused = Command::new(env!("CARGO_BIN_EXE_omni-scale"))
        .current_dir(folder)
        .args(["apply", "next.osplan", "--lab"])
        .env("OMNI_SCALE_DIGEST_KEY", "quite another key, and long enough")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(4), "{words}");
    assert!(words.contains("digested with another key"), "{words}");
    run(folder, key, &["apply", "next.osplan", "--lab"]);
}
