//! A copy of the shipped deployment, and the binary run in it.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

pub struct Repository {
    dir: tempfile::TempDir,
}

impl Repository {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        crate::shipped::deployment(dir.path());
        Self { dir }
    }
    /// A folder with nothing in it.
    pub fn empty() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }
    pub fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }
    pub fn edit(&self, relative: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path(relative)).unwrap();
        assert!(text.contains(from), "{relative} has no {from}");
        std::fs::write(self.path(relative), text.replacen(from, to, 1)).unwrap();
    }
    /// The binary, in this repository, with a bare environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omni-scale"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_clear()
            .env("HOME", self.dir.path())
            .env("PATH", std::env::var_os("PATH").unwrap())
            .stdin(Stdio::null());
        command
    }
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::new(self.command(args).output().unwrap())
    }
    /// Lines of the lab's own request log.
    pub fn requests(&self, world: &str) -> Vec<serde_json::Value> {
        std::fs::read_to_string(self.path(&format!("state/lab/{world}/requests.jsonl")))
            .unwrap()
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect()
    }
}

pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn new(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
    /// Asserts the exit code, and shows everything where it is another.
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.out.contains(text) || self.err.contains(text),
            "no `{text}` in\nstdout:\n{}\nstderr:\n{}",
            self.out,
            self.err
        );
        self
    }
}
