//! A served world and a repository that points at it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use omni_scale::state::model::Record;
use omni_scale::state::{journal, store};
use omni_scale::world::real::RealFs;
use serde_json::{Value, json};

/// A served world and a repository that points at it.
pub struct Bench {
    dir: tempfile::TempDir,
    lab: Child,
    env: Vec<(String, String)>,
}

impl Bench {
    /// A fresh world that runs 2000 times as fast as real time.
    pub fn new() -> Self {
        Self::serve(&["--speed", "2000"])
    }

    /// A fresh world, served with these arguments.
    pub fn serve(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        crate::shipped::deployment(dir.path());
        let mut lab = Command::new(env!("CARGO_BIN_EXE_omni-scale"))
            .args(["lab", "up", "fresh"])
            .args(arguments)
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

    /// An apply by the written-out spec, as against a real Omni.
    pub fn apply(&self) -> Command {
        let mut command = self.command(&["apply", "--auto-approve", "--max-risk", "low"]);
        command.envs(self.env.iter().cloned());
        command
    }

    /// The binary in this repository, with a bare environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omni-scale"));
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .env("HOME", self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The lab's own log of requests.
    pub fn log(&self) -> PathBuf {
        self.dir.path().join("state/lab/fresh/requests.jsonl")
    }

    /// Its lines.
    pub fn requests(&self) -> Vec<Value> {
        let bytes = std::fs::read(self.log()).unwrap_or_default();
        bytes.split_inclusive(|b| *b == b'\n').filter_map(|l| serde_json::from_slice(l).ok()).collect()
    }

    /// Stops the lab cleanly; its world stays.
    pub fn unserve(&mut self) {
        kill(Pid::from_raw(self.lab.id() as i32), Signal::SIGTERM).unwrap();
        self.lab.wait().unwrap();
    }

    /// Journals of runs with `--lab`.
    pub fn journals(&self) -> Vec<journal::Found> {
        journal::all(&RealFs::new(), &self.dir.path().join("state/lab/fresh/runs")).unwrap()
    }

    /// The record of runs with `--lab`.
    pub fn record(&self) -> Option<Record> {
        let folder = self.dir.path().join("state/lab/fresh");
        let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
        let is_record = |p: &PathBuf| {
            let name = p.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("lab-") && name.ends_with(".json") && !name.contains(".backup-")
        };
        let path = names.into_iter().find(is_record)?;
        Some(store::decode("record", &std::fs::read(path).unwrap()).unwrap())
    }

    /// Stops the lab cleanly and reads what users made in it.
    pub fn stop(mut self) -> (Vec<Value>, BTreeMap<String, Value>) {
        self.unserve();
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
    pub fn memory_is_readable(&self, moment: usize) {
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

impl Drop for Bench {
    /// A failed test leaves no server behind.
    fn drop(&mut self) {
        if matches!(self.lab.try_wait(), Ok(None)) {
            let _ = self.lab.kill();
            let _ = self.lab.wait();
        }
    }
}
