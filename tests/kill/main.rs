//! `kill -9` of an apply at seeded moments, then apply again: the same end as undisturbed, nothing created twice, record
//! and journal readable at every moment. The lab is served by another process, which survives; its own request log is
//! the witness. `OMNI_SCALE_KILLS` sets the number of moments, `OMNI_SCALE_KILL_SEED` the seed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use omni_scale::state::{journal, store};
use omni_scale::world::real::RealFs;
use serde_json::{Value, json};

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::copy(from, to).unwrap();
    }
}

/// A served world and a repository that points at it.
struct Bench {
    dir: tempfile::TempDir,
    lab: Child,
    env: Vec<(String, String)>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for entry in ["spec", "machine-classes", "clusters", "proxmox-provider"] {
            copy(&root.join(entry), &dir.path().join(entry));
        }
        let mut lab = Command::new(env!("CARGO_BIN_EXE_omni-scale"))
            .args(["lab", "up", "fresh", "--speed", "2000"])
            .current_dir(dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut env = Vec::new();
        for line in BufReader::new(lab.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
            env.push((name.to_owned(), value.trim_matches('\'').to_owned()));
            if name == "OMNI_SCALE_SPEC" {
                break;
            }
        }
        Self { dir, lab, env }
    }

    fn apply(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omni-scale"));
        command
            .args(["apply", "--auto-approve", "--max-risk", "low"])
            .current_dir(self.dir.path())
            .env_clear()
            .envs(self.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("state/lab/fresh/requests.jsonl")
    }

    fn requests(&self) -> Vec<Value> {
        let bytes = std::fs::read(self.log()).unwrap_or_default();
        bytes.split_inclusive(|b| *b == b'\n').filter_map(|l| serde_json::from_slice(l).ok()).collect()
    }

    /// Stops the lab cleanly and reads what users made in it.
    fn stop(mut self) -> (Vec<Value>, BTreeMap<String, Value>) {
        kill(Pid::from_raw(self.lab.id() as i32), Signal::SIGTERM).unwrap();
        self.lab.wait().unwrap();
        let world = std::fs::read(self.dir.path().join("state/lab/fresh/world.json")).unwrap();
        let world: Value = serde_json::from_slice(&world).unwrap();
        let users =
            ["MachineClasses", "Clusters", "MachineSets", "ConfigPatches", "ExtensionsConfigurations"];
        let resources = world["resources"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|r| r["owner"] == "" && users.iter().any(|u| r["type"] == format!("{u}.omni.sidero.dev")))
            .map(|r| {
                let id = format!("{}/{}", r["type"].as_str().unwrap(), r["id"].as_str().unwrap());
                (id, json!({"spec": r["spec"], "labels": r["labels"], "annotations": r["annotations"]}))
            })
            .collect();
        (self.requests(), resources)
    }

    /// Record and journals read, whatever happened.
    fn memory_is_readable(&self, moment: usize) {
        let state = self.dir.path().join("state");
        for entry in std::fs::read_dir(&state).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.ends_with(".json") && !name.starts_with('.') {
                let bytes = std::fs::read(&path).unwrap();
                store::decode(&name, &bytes).unwrap_or_else(|e| panic!("moment {moment}: {e}"));
            }
        }
        for found in journal::all(&RealFs::new(), &state.join("runs")).unwrap() {
            assert!(found.scope().is_some() || found.lines.is_empty(), "moment {moment}");
        }
    }
}

/// Kills an apply once the lab has served `moment` requests; false when it ended before.
fn killed(bench: &Bench, moment: usize) -> bool {
    let mut child = bench.apply().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    loop {
        let served = std::fs::read(bench.log()).unwrap_or_default().iter().filter(|b| **b == b'\n').count();
        if served >= moment {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::yield_now();
    }
}

fn check(moment: usize, wanted: &BTreeMap<String, Value>) {
    let bench = Bench::new();
    killed(&bench, moment);
    bench.memory_is_readable(moment);
    let again = bench.apply().output().unwrap();
    let shown = String::from_utf8_lossy(&again.stderr).into_owned() + &String::from_utf8_lossy(&again.stdout);
    assert_eq!(again.status.code(), Some(0), "moment {moment}:\n{shown}");
    bench.memory_is_readable(moment);
    let (requests, resources) = bench.stop();
    assert_eq!(&resources, wanted, "moment {moment}");
    let mut creates: BTreeMap<String, usize> = BTreeMap::new();
    for line in requests.iter().filter(|l| l["path"].as_str().is_some_and(|p| p.ends_with("/Create"))) {
        *creates.entry(format!("{}/{}", line["type"], line["id"])).or_default() += 1;
    }
    assert!(creates.values().all(|n| *n == 1), "moment {moment}: created twice: {creates:?}");
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

#[test]
fn killed_anywhere_and_applied_again_ends_the_same() {
    let undisturbed = Bench::new();
    let ran = undisturbed.apply().output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    let (requests, wanted) = undisturbed.stop();
    // Most of a run is waiting; the moments lie from the first request to a few looks after the last write.
    let last = requests.iter().rposition(|l| l["writing"] == true).unwrap();
    let (kills, seed) = (number("OMNI_SCALE_KILLS", 50), number("OMNI_SCALE_KILL_SEED", 1));
    let moments: Vec<usize> = (0..kills)
        .map(|i| {
            let n = (i as u64 + seed as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            1 + ((n ^ (n >> 31)) % (last as u64 + 20)) as usize
        })
        .collect();
    println!("{kills} moments among the first {} requests, seed {seed}", last + 20);
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    // Runs mostly wait, so that more of them than processors fit side by side.
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                while let Some(moment) = moments.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let result = std::panic::catch_unwind(|| check(*moment, &wanted));
                    if let Err(why) = result {
                        let text = why.downcast_ref::<String>().cloned().unwrap_or_default();
                        failures.lock().unwrap().push(text);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {kills} moments:\n{}", failures.len(), failures.join("\n\n"));
}
