//! Interrupts: the first stops cleanly and says what goes on, the second aborts; the next apply takes up where it was.
//! The world stands still (one virtual second per real one), so that an apply is still waiting whenever the signal comes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::bench::Bench;

const APPLY: [&str; 3] = ["apply", "--lab", "--auto-approve"];

/// An apply whose talk is read line by line.
struct Running {
    child: Child,
    talk: BufReader<ChildStderr>,
    said: String,
}

/// How it ended.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Running {
    fn start(bench: &Bench) -> Self {
        let mut child = bench.command(&APPLY).spawn().unwrap();
        let talk = BufReader::new(child.stderr.take().unwrap());
        Self { child, talk, said: String::new() }
    }
    /// Reads on until a line holds `text`.
    fn says(&mut self, text: &str) {
        loop {
            let mut line = String::new();
            let read = self.talk.read_line(&mut line).unwrap();
            self.said.push_str(&line);
            assert!(read > 0, "it ended without saying `{text}`:\n{}", self.said);
            if line.contains(text) {
                return;
            }
        }
    }
    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }
    fn end(mut self) -> Ended {
        let mut out = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.talk.read_to_string(&mut self.said).unwrap();
        Ended { code: self.child.wait().unwrap().code(), out, err: self.said }
    }
}

/// Until `there` holds; nothing else tells when another process has got somewhere.
fn once(mut there: impl FnMut() -> bool) {
    while !there() {
        std::thread::yield_now();
    }
}

/// Looks at the bootstrap of clusters that the lab has answered: the plan's, and one for each look of a wait.
fn looks(bench: &Bench) -> usize {
    bench.requests().iter().filter(|l| l["type"] == "ClusterBootstrapStatuses.omni.sidero.dev").count()
}

/// An apply that waits for the cluster and has looked at it.
fn waiting(bench: &Bench) -> Running {
    let mut running = Running::start(bench);
    running.says("step cluster/talos-prod-01 await");
    let before = looks(bench);
    // A further look begins only after what the one before it saw is known.
    once(|| looks(bench) >= before + 2);
    running
}

/// After the wait was cut off: nothing to change, but not up; the next apply waits until it is.
fn is_taken_up(mut bench: Bench) {
    let plan = bench.command(&["plan", "--lab", "--detailed-exitcode"]).output().unwrap();
    let text = String::from_utf8(plan.stdout).unwrap();
    assert_eq!(plan.status.code(), Some(0), "{text}");
    assert!(text.starts_with("No changes. ") && text.contains("\ntalos-prod-01 is not up yet: "), "{text}");
    let plan = bench.command(&["plan", "--lab", "--format", "json"]).output().unwrap();
    let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
    assert_eq!(plan["not_up"][0]["address"], "cluster/talos-prod-01");
    assert_eq!(plan["has_changes"], false);
    bench.unserve();
    let writes = |b: &Bench| b.requests().iter().filter(|l| l["writing"] == true).count();
    let before = writes(&bench);
    let again = bench.command(&APPLY).output().unwrap();
    let shown = String::from_utf8_lossy(&again.stdout).into_owned() + &String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(0), "{shown}");
    for text in ["Applied 1 of 1 step", "talos-prod-01 is up: ", "Verified"] {
        assert!(shown.contains(text), "no `{text}` in\n{shown}");
    }
    assert_eq!(writes(&bench), before, "waiting writes nothing");
    let plan = bench.command(&["plan", "--lab"]).output().unwrap();
    let text = String::from_utf8(plan.stdout).unwrap();
    assert!(text.starts_with("No changes. ") && text.lines().count() == 1, "{text}");
}

fn first_signal_stops_the_wait(signal: Signal) {
    let bench = Bench::serve(&["--speed", "1"]);
    let running = waiting(&bench);
    running.signal(signal);
    let ended = running.end();
    assert_eq!(ended.code, Some(8), "{}\n{}", ended.out, ended.err);
    assert!(ended.err.contains("Stopping: nothing new is started"), "{}", ended.err);
    let line = ended.out.lines().find(|l| l.contains("stopped while waiting: ")).expect("why the wait ended");
    assert!(line.contains("machines up; ") || line.contains("Omni has not taken up"), "{line}");
    assert!(ended.out.contains("Omni goes on with what it has accepted"), "{}", ended.out);
    // Every write is remembered, and no call is in doubt.
    let made = bench
        .requests()
        .iter()
        .filter(|l| l["path"].as_str().is_some_and(|p| p.ends_with("/Create")))
        .count();
    assert!(made > 0 && bench.record().unwrap().entries.len() >= made);
    assert!(bench.journals().iter().all(|j| j.is_closed() && j.open().is_empty()));
    is_taken_up(bench);
}

#[test]
fn sigint_in_the_wait() {
    first_signal_stops_the_wait(Signal::SIGINT);
}

#[test]
fn sigterm_in_the_wait() {
    first_signal_stops_the_wait(Signal::SIGTERM);
}

#[test]
fn sighup_in_the_wait() {
    first_signal_stops_the_wait(Signal::SIGHUP);
}

#[test]
fn kill_in_the_wait() {
    let bench = Bench::serve(&["--speed", "1"]);
    let running = waiting(&bench);
    running.signal(Signal::SIGKILL);
    assert_eq!(running.end().code, None);
    is_taken_up(bench);
}

/// An apply whose first writes are under way: the lab answers late.
fn writing(bench: &Bench) -> Running {
    let running = Running::start(bench);
    once(|| bench.journals().iter().any(|j| !j.open().is_empty()));
    running
}

#[test]
fn first_interrupt_lets_a_call_end() {
    let bench = Bench::serve(&["--speed", "1", "--latency", "1s"]);
    let mut running = writing(&bench);
    running.signal(Signal::SIGINT);
    running.says("Stopping");
    let ended = running.end();
    assert_eq!(ended.code, Some(8), "{}\n{}", ended.out, ended.err);
    assert!(ended.out.contains("stopped by an interrupt"), "{}", ended.out);
    let begun: Vec<_> = bench.journals().iter().flat_map(|j| j.lines.clone()).collect();
    let begun: Vec<_> = begun
        .iter()
        .filter_map(|l| match l {
            omni_scale::state::journal::Line::Begin(intent) => Some(intent.address.clone()),
            _ => None,
        })
        .collect();
    let record = bench.record().unwrap();
    assert!(!begun.is_empty() && begun.iter().all(|a| record.entries.contains_key(a)), "{begun:?}");
    assert!(bench.journals().iter().all(|j| j.open().is_empty()));
}

#[test]
fn second_interrupt_aborts_at_once() {
    let mut bench = Bench::serve(&["--speed", "1", "--latency", "3s"]);
    let mut running = writing(&bench);
    running.signal(Signal::SIGINT);
    running.says("Stopping");
    running.signal(Signal::SIGINT);
    let ended = running.end();
    assert_eq!(ended.code, Some(130), "{}\n{}", ended.out, ended.err);
    assert!(ended.err.contains("Aborted. What was under way is in doubt"), "{}", ended.err);
    assert!(bench.journals().iter().any(|j| !j.open().is_empty()));
    bench.unserve();
    // The next apply looks up what was in doubt first, and makes nothing twice.
    let again = bench.command(&APPLY).output().unwrap();
    let shown = String::from_utf8_lossy(&again.stdout).into_owned() + &String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(0), "{shown}");
    assert!(shown.contains("earlier run: "), "{shown}");
    let mut made = std::collections::BTreeMap::<String, usize>::new();
    for l in bench.requests().iter().filter(|l| l["path"].as_str().is_some_and(|p| p.ends_with("/Create"))) {
        *made.entry(format!("{} {}", l["type"], l["id"])).or_default() += 1;
    }
    assert!(!made.is_empty() && made.values().all(|n| *n == 1), "{made:?}");
}
