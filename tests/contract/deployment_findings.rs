//! What `validate` says of a deployment in use equals a list, and the list has a reason for each finding.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use omni_scale::diag::SourceId;
use omni_scale::yaml::{self, Limits, NodeKind};

use crate::support::{Facts, Tally, fixtures, present};

/// What this program acts on, behind the spec that the deployment has for people.
const ENGINE: &str = "---
omni: { endpoint: https://omni.spaceships.work, lan_address: 192.168.10.20, compose: omni }
proxmox:
  matrix: { endpoints: ['https://192.168.3.5:8006'], nodes: [foxtrot, golf, hotel] }
providers:
  matrix-cluster: { proxmox: matrix, compose: proxmox-provider }
machine_classes: [machine-classes, machine-classes/examples]
clusters: { paths: [clusters] }
";

/// The workers of the example class, with the example patch, as the comments of both say.
const GPU_WORKERS: &str = "---
kind: Workers
name: gpu-workers
machineClass:
  name: matrix-gpu-worker
  size: 1
patches:
  - file: patches/examples/gpu-worker.yaml
";

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::write(to, std::fs::read(&path).unwrap()).unwrap();
        }
    }
}

fn append(path: &Path, text: &str) {
    let before = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, before + text).unwrap();
}

/// How often each code is wanted in each file. A reason is no reason if it is no sentence.
fn wanted() -> BTreeMap<(String, String), usize> {
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/deployment/findings.yaml"),
    )
    .unwrap();
    let root = yaml::parse(SourceId(0), &text, &Limits::default()).unwrap().remove(0).root.unwrap();
    let NodeKind::Seq(items) = &root.get("findings").unwrap().kind else { panic!("no list") };
    let mut out = BTreeMap::new();
    for item in items {
        let get = |key: &str| item.get(key).and_then(|n| n.text()).unwrap_or_default().to_owned();
        assert!(get("why").len() > 30 && get("why").ends_with('.'), "{item:?}");
        *out.entry((get("code"), get("file"))).or_default() += 1;
    }
    out
}

#[test]
fn contract_deployment_findings() {
    if present("deployment-findings", "deployment/machine-classes").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    copy(&fixtures().join("deployment"), dir.path());
    let at = |path: &str| dir.path().join(path);
    std::fs::rename(at("proxmox-provider/config.yaml.example"), at("proxmox-provider/config.yaml")).unwrap();
    append(&at("specs/omni.yaml"), ENGINE);
    append(&at("clusters/talos-prod-01.yaml"), GPU_WORKERS);
    let ran = Command::new(env!("CARGO_BIN_EXE_omni-scale"))
        .args(["validate", "--format", "json"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let json: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for problem in json["problems"].as_array().unwrap() {
        let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
        *seen.entry((text(&problem["code"]), text(&problem["places"][0]["path"]))).or_default() += 1;
    }
    let wanted = wanted();
    let mut tally = Tally::new("deployment-findings");
    let keys: std::collections::BTreeSet<_> = seen.keys().chain(wanted.keys()).cloned().collect();
    for key in keys {
        let count = |of: &BTreeMap<(String, String), usize>| of.get(&key).copied().unwrap_or_default();
        tally.case(&format!("{} {}", key.0, key.1), &Facts::new(), || {
            if count(&seen) == count(&wanted) {
                Ok(())
            } else {
                Err(format!("found {} times, wanted {}", count(&seen), count(&wanted)))
            }
        });
    }
    tally.finish();
}
