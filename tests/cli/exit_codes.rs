//! Every exit code, produced by the program, and the tables of them.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use omni_scale::cli::Exit;
use omni_scale::state::local::LocalStore;
use omni_scale::world::Fs;
use omni_scale::world::real::RealFs;

use crate::repository::Repository;
use crate::trust::Served;

/// Set in a process that is this test program once more, and has a bug.
const BUG: &str = "OMNI_SCALE_TEST_HAS_A_BUG";

fn everything() -> BTreeSet<u8> {
    Exit::ALL.iter().map(|e| e.code()).collect()
}

#[test]
fn the_tables_name_every_code() {
    let all = everything();
    assert_eq!(all.len(), 15, "codes are apart");
    let help = Repository::empty().run(&["--help"]).exits(0).out;
    let table = help.split("Exit codes:").nth(1).unwrap();
    // Columns are apart by blanks; a number begins an entry where a text follows it.
    let words: Vec<&str> = table.split_whitespace().collect();
    let named =
        words.windows(2).filter(|w| w[1].starts_with(char::is_alphabetic)).filter_map(|w| w[0].parse().ok());
    assert_eq!(named.collect::<BTreeSet<u8>>(), all, "{table}");
    let readme = include_str!("../../README.md");
    let rows = readme.split("| exit code |").nth(1).unwrap().split("\n\n").next().unwrap();
    let first = rows.lines().filter_map(|l| l.split('|').nth(1)).flat_map(|cell| cell.split(','));
    assert_eq!(first.filter_map(|n| n.trim().parse().ok()).collect::<BTreeSet<u8>>(), all, "{rows}");
}

#[test]
fn codes_of_commands_that_end_by_themselves() {
    let r = Repository::new();
    r.run(&["validate"]).exits(0);
    r.run(&["verify", "--lab"]).exits(1).says("fails");
    r.run(&["plan", "--lab", "--detailed-exitcode"]).exits(2);
    r.run(&["status", "--lab"]).exits(9);
    r.run(&["plan", "--lab", "--out", "plan=p.osplan"]).exits(0);
    let other = format!("sha256:{}", "0".repeat(64));
    r.run(&["apply", "p.osplan", "--lab", "--expect-digest", &other]).exits(4);
    r.run(&["plan"]).exits(7);
    r.run(&["plan", "--nonsense"]).exits(64);
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let store = LocalStore::new(fs, &r.path("state/lab/fresh"), "spec/omni.yaml", "lab/fresh");
    let lease = store.lease().unwrap();
    r.run(&["apply", "--lab", "--auto-approve"]).exits(6);
    drop(lease);
    // The shipped decisions show how they are given teeth.
    r.edit("spec/omni.yaml", "# assert: desired.classes", "assert: desired.classes");
    r.run(&["plan", "--lab"]).exits(0);
    r.edit("machine-classes/matrix-worker.yaml", "vm_ssd", "local-lvm");
    r.run(&["plan", "--lab"]).exits(3);
    r.edit("machine-classes/matrix-worker.yaml", "memory:", "memry:");
    r.edit("spec/omni.yaml", "endpoint:", "endpiont:");
    r.run(&["validate"]).exits(65);
}

#[test]
fn a_server_that_nobody_answers_for_is_69() {
    let r = Repository::new();
    let served = Served::up(&r);
    let env = served.env.clone();
    drop(served);
    let mut command = r.command(&["plan"]);
    command.envs(env);
    crate::repository::Ran::new(command.output().unwrap()).exits(69);
}

#[test]
fn a_bug_is_70_and_tells_no_value() {
    if std::env::var_os(BUG).is_some() {
        let exit = omni_scale::cli::caught(|| panic!("hunter2 {}", "is a secret"));
        #[expect(
            clippy::exit,
            reason = "this process stands for the program, whose end is what is looked at"
        )]
        std::process::exit(i32::from(exit.code()));
    }
    let again = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "exit_codes::a_bug_is_70_and_tells_no_value", "--nocapture"])
        .env(BUG, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(70), "{said}");
    assert!(said.contains("has a bug at tests/cli/exit_codes.rs:") && !said.contains("hunter2"), "{said}");
}

/// An apply against a served world, whose talk is read line by line.
struct Applying {
    child: Child,
    talk: BufReader<std::process::ChildStderr>,
    said: String,
}

impl Applying {
    fn start(r: &Repository) -> Self {
        let mut child = r
            .command(&["apply", "--lab", "--auto-approve", "--timeout", "1"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let talk = BufReader::new(child.stderr.take().unwrap());
        Self { child, talk, said: String::new() }
    }
    /// Reads on until it says `text`.
    fn says(mut self, text: &str) -> Self {
        while !self.said.contains(text) {
            let read = self.talk.read_line(&mut self.said).unwrap();
            assert!(read > 0, "it ended without `{text}`:\n{}", self.said);
        }
        self
    }
    fn interrupt(self) -> Self {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGINT).unwrap();
        self
    }
    fn exits(mut self, code: i32) {
        while self.talk.read_line(&mut self.said).unwrap_or(0) > 0 {}
        assert_eq!(self.child.wait().unwrap().code(), Some(code), "{}", self.said);
    }
}

#[test]
fn a_first_interrupt_is_8_and_a_second_130() {
    let r = Repository::new();
    let _served = Served::with(&r, &["--speed", "1", "--latency", "100ms"]);
    Applying::start(&r).says("step cluster/talos-prod-01 await").interrupt().exits(8);
    // While a server holds a call back, the first interrupt waits for it, and the second does not.
    let r = Repository::new();
    let _served = Served::with(&r, &["--speed", "1", "--latency", "4s"]);
    let running = Applying::start(&r).says("step class/matrix-control-plane create").interrupt();
    running.says("Stopping").interrupt().exits(130);
}

#[test]
fn a_run_that_loses_its_server_on_the_way_is_5() {
    let r = Repository::new();
    let served = Served::with(&r, &["--speed", "1", "--latency", "300ms"]);
    let running = Applying::start(&r).says("step cluster/talos-prod-01 create");
    drop(served);
    running.exits(5);
}
