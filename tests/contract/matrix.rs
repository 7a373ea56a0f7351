//! A deployment in use, taken over: the lab's world `matrix` has been running its files, and there is no record yet.
//!
//! The real binary works on copies of the deployment's classes and templates in a temporary folder. Its first plan is
//! committed with a reason per row; applying it sends nothing that writes and leaves an empty plan; one worker section less is
//! exactly that section's removal, down to the VM.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use omni_scale::backend::{Depth, ProxmoxApi, ProxmoxReader};
use omni_scale::lab::{Lab, LabOptions, Speed};
use omni_scale::wire::Fingerprint;
use omni_scale::wire::proxmox::Token;
use omni_scale::world::real::{RealNet, Trust};
use serde_json::Value;

use crate::support::{Facts, Tally, fixtures, present};

/// A spec for the deployment's files. Its provider reads its settings on its own host, so that no `compose` folder is named.
const SPEC: &str = "omni:
  endpoint: https://omni.spaceships.work
  lan_address: 192.168.10.20
proxmox:
  matrix:
    endpoints: ['https://192.168.3.5:8006', 'https://192.168.3.6:8006', 'https://192.168.3.7:8006']
    nodes: [foxtrot, golf, hotel]
    dns: [192.168.3.1]
providers:
  matrix-cluster:
    proxmox: matrix
    container: { node: foxtrot, vmid: 200, hostname: omni-provider, address: 192.168.3.10/24, gateway: 192.168.3.1, cores: 2, memory_mb: 2048, disk_gb: 16, bridge: vmbr0 }
machine_classes: [machine-classes]
clusters: { paths: [clusters], prune: record }
state: { store: local }
";

/// The committed rows.
const FIRST: &str = include_str!("../fixtures/deployment/matrix-first-plan.txt");
const TEMPLATE: &str = "clusters/talos-prod-01.yaml";
const CLUSTER: &str = "talos-prod-01";

/// A user's folder with the deployment's files.
struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    fn new(deployment: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["machine-classes", "clusters"] {
            copy(&deployment.join(name), &folder.path().join(name));
        }
        std::fs::create_dir(folder.path().join("spec")).unwrap();
        std::fs::write(folder.path().join("spec/omni.yaml"), SPEC).unwrap();
        Self { folder }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omni-scale"));
        command.args(arguments).current_dir(self.folder.path()).env("NO_COLOR", "1").env("COLUMNS", "120");
        for name in ["OMNI_ENDPOINT", "OMNI_SERVICE_ACCOUNT_KEY", "OMNI_SCALE_SPEC", "OMNI_SCALE_COLOR", "CI"]
        {
            command.env_remove(name);
        }
        command.output().unwrap()
    }

    /// The plan as JSON, if the command ended with `code`.
    fn plan(&self, code: i32) -> Result<Value, String> {
        let output = self.run(&["plan", "--lab=matrix", "--detailed-exitcode", "--format", "json"]);
        ended(&output, code)?;
        serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())
    }

    /// Applies; returns what it printed.
    fn apply(&self) -> Result<String, String> {
        let output = self.run(&["apply", "--lab=matrix", "--auto-approve"]);
        ended(&output, 0)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// `No changes`, one line, exit 0.
    fn nothing_left(&self) -> Result<(), String> {
        let output = self.run(&["plan", "--lab=matrix", "--detailed-exitcode"]);
        ended(&output, 0)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let empty = text.starts_with("No changes.") && text.lines().count() == 1;
        if empty { Ok(()) } else { Err(format!("not empty:\n{text}")) }
    }

    /// Writing requests in the lab's own log: method name, kind without domain, id.
    fn writes(&self) -> Vec<String> {
        let log =
            std::fs::read_to_string(self.folder.path().join("state/lab/matrix/requests.jsonl")).unwrap();
        log.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|r| r["writing"] == true)
            .map(|r| {
                let text = |key: &str| r[key].as_str().unwrap_or_default().to_owned();
                let (path, kind) = (text("path"), text("type"));
                let method = path.rsplit('/').next().unwrap_or_default();
                format!("{method} {} {}", kind.split('.').next().unwrap_or_default(), text("id"))
            })
            .collect()
    }

    /// Takes the worker section of this name out of the template, as an editor would: every other byte stays.
    fn remove_workers(&self, name: &str) -> Result<(), String> {
        let path = self.folder.path().join(TEMPLATE);
        let text = std::fs::read_to_string(&path).unwrap();
        let documents: Vec<&str> = text.split("\n---\n").collect();
        let kept: Vec<&str> = documents
            .iter()
            .copied()
            .filter(|d| !(d.contains("kind: Workers") && d.contains(&format!("\nname: {name}\n"))))
            .collect();
        if kept.len() + 1 != documents.len() {
            return Err(format!("the template has no worker section `{name}`"));
        }
        std::fs::write(path, kept.join("\n---\n") + "\n").unwrap();
        Ok(())
    }

    fn restore(&self, deployment: &Path) {
        std::fs::copy(deployment.join(TEMPLATE), self.folder.path().join(TEMPLATE)).unwrap();
    }
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::write(&target, std::fs::read(&path).unwrap()).unwrap();
        }
    }
}

fn ended(output: &Output, code: i32) -> Result<(), String> {
    if output.status.code() == Some(code) {
        return Ok(());
    }
    Err(format!(
        "{}, wanted {code}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, have: &T, want: &T) -> Result<(), String> {
    if have == want { Ok(()) } else { Err(format!("{what}:\n have {have:#?}\n want {want:#?}")) }
}

fn words(of: &Value) -> String {
    of.as_str().unwrap_or_default().to_owned()
}

/// `action address` of every step.
fn steps(plan: &Value) -> Vec<String> {
    let all = plan["steps"].as_array().unwrap().iter();
    all.map(|s| format!("{} {}", words(&s["action"]), words(&s["address"]))).collect()
}

/// Rows of the committed list, each of which has a reason.
fn committed() -> Vec<String> {
    let rows = FIRST.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    rows.map(|row| {
        let (what, why) = row.split_once('|').unwrap_or_else(|| panic!("no reason: {row}"));
        assert!(!why.trim().is_empty(), "no reason: {row}");
        what.trim().to_owned()
    })
    .collect()
}

/// Everything that the first plan says, in the committed list's words.
fn rows(plan: &Value) -> Vec<String> {
    let mut out = steps(plan);
    out.extend(plan["warnings"].as_array().unwrap().iter().map(|w| format!("warning {}", words(&w["code"]))));
    for kept in plan["unchanged"].as_array().unwrap() {
        let status = words(&kept["status"]);
        out.push(match status.as_str() {
            "not compared yet" => format!("not-compared {}", words(&kept["address"])),
            other => format!("{other} {}", words(&kept["address"])),
        });
    }
    out
}

/// The guests of the lab's Proxmox, as its API tells them: VMID and name.
fn guests(folder: &Path) -> BTreeSet<(u32, String)> {
    let options = LabOptions {
        root: folder.join("state/lab"),
        world: "matrix".to_owned(),
        latency: Duration::ZERO,
        speed: Speed::Jump,
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let lab = Lab::start(options).await.unwrap();
        let cluster = &lab.served().proxmox[0];
        let pin = Fingerprint::parse(&cluster.sha256).unwrap();
        let net =
            RealNet::new(cluster.endpoints.iter().map(|e| (e.clone(), Trust::Pins(vec![pin])))).unwrap();
        let token = Token::parse(cluster.token.expose()).unwrap();
        let api = ProxmoxApi::new("matrix", cluster.endpoints.clone(), token, Arc::new(net));
        let seen = api.snapshot(Depth::Cluster).await;
        let known = seen.guests.known().unwrap_or_else(|| panic!("{:?}", seen.guests));
        let all = known.iter().map(|g| (g.vmid, g.name.clone().unwrap_or_default())).collect();
        lab.stop().await.unwrap();
        all
    })
}

/// What one worker section less plans, and only that.
fn removal(plan: &Value, name: &str) -> Result<String, String> {
    let at = format!("cluster/{CLUSTER}");
    let set = format!("{CLUSTER}-{name}");
    same(
        "steps",
        &steps(plan),
        &vec![
            format!("destroy {at}/machineset/{name}"),
            format!("destroy {at}/extensions/schematic-{set}"),
            format!("destroy {at}/patch/400-{set}-worker-labels"),
            format!("destroy {at}/patch/401-{set}-longhorn-storage"),
            // The machines that stay are looked at afterwards; that writes nothing.
            format!("await {at}"),
        ],
    )?;
    let warnings = plan["warnings"].as_array().unwrap();
    let [warning] = warnings.as_slice() else { return Err(format!("warnings: {warnings:?}")) };
    let told = (words(&warning["code"]), words(&warning["address"]), words(&warning["message"]));
    same("the warning", &(told.0, told.1), &("OS0432".to_owned(), format!("{at}/machineset/{name}")))?;
    same(
        "what goes",
        &told.2.ends_with("its machine is lost, and 3 patches and extension lists go with it"),
        &true,
    )?;
    let lost = plan["lost"].as_array().unwrap();
    let [lost] = lost.as_slice() else { return Err(format!("lost: {lost:?}")) };
    let machine = words(&lost["machine"]);
    same("lost from", &words(&lost["address"]), &format!("{at}/machineset/{name}"))?;
    same("a certain loss", &lost["predicted"], &Value::Bool(false))?;
    if !machine.starts_with(&format!("{set}-")) {
        return Err(format!("`{machine}` is no machine of `{set}`"));
    }
    Ok(machine)
}

fn first_plan(repository: &Repository) -> Result<(), String> {
    let plan = repository.plan(0)?;
    same("the first plan", &rows(&plan), &committed())?;
    for step in plan["steps"].as_array().unwrap() {
        same("fields that differ", &step["fields"], &serde_json::json!([]))?;
        same("effect", &step["effect"], &Value::from("none"))?;
    }
    same("changes", &plan["has_changes"], &Value::Bool(false))?;
    same("lost", &plan["lost"], &serde_json::json!([]))?;
    let text = repository.run(&["plan", "--lab=matrix"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    for address in plan["steps"].as_array().unwrap().iter().map(|s| words(&s["address"])) {
        let told = text.lines().any(|l| l.contains("adopt") && l.split_whitespace().any(|w| w == address));
        if !told {
            return Err(format!("the text does not tell of `{address}`:\n{text}"));
        }
    }
    Ok(())
}

fn taken_over(repository: &Repository) -> Result<(), String> {
    repository.apply()?;
    same("writing requests", &repository.writes(), &Vec::new())?;
    repository.nothing_left()
}

fn removed(repository: &Repository, name: &str) -> Result<(), String> {
    let before = guests(repository.folder.path());
    repository.remove_workers(name)?;
    let machine = removal(&repository.plan(2)?, name)?;
    let told = repository.apply()?;
    if !told.contains(&machine) {
        return Err(format!("apply does not name the machine `{machine}`:\n{told}"));
    }
    let set = format!("{CLUSTER}-{name}");
    let mut writes = repository.writes();
    writes.sort();
    same(
        "writing requests",
        &writes,
        &vec![
            format!("Teardown ConfigPatches 400-{set}-worker-labels"),
            format!("Teardown ConfigPatches 401-{set}-longhorn-storage"),
            format!("Teardown ExtensionsConfigurations schematic-{set}"),
            format!("Teardown MachineSets {set}"),
        ],
    )?;
    repository.nothing_left()?;
    let after = guests(repository.folder.path());
    let gone: Vec<&String> = before.difference(&after).map(|(_, name)| name).collect();
    same("VMs that are gone", &gone, &vec![&machine])?;
    same("VMs that came", &after.difference(&before).count(), &0)
}

#[test]
fn contract_matrix_is_taken_over_and_one_worker_section_removed() {
    for folder in ["deployment/machine-classes", "deployment/clusters"] {
        if present("matrix", folder).is_none() {
            return;
        }
    }
    let deployment: PathBuf = fixtures().join("deployment");
    let mut tally = Tally::new("matrix");
    let repository = Repository::new(&deployment);
    tally.case("first plan", &Facts::new(), || first_plan(&repository));
    tally.case("taken over", &Facts::new(), || taken_over(&repository));
    for name in ["worker-foxtrot", "worker-golf", "worker-hotel"] {
        tally.case(&format!("plan without {name}"), &Facts::new(), || {
            repository.remove_workers(name)?;
            let plan = repository.plan(2);
            repository.restore(&deployment);
            removal(&plan?, name).map(drop)
        });
    }
    tally.case("golf removed", &Facts::new(), || removed(&repository, "worker-golf"));
    tally.finish();
}
