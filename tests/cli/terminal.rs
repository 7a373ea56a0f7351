//! The question before an apply, on a terminal of its own.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};

use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::repository::Repository;

const COLUMNS: u16 = 100;

/// A program on a terminal: everything that it shows, and a line to it.
pub struct Terminal {
    child: Child,
    line: File,
    shown: String,
}

impl Terminal {
    fn apply(r: &Repository) -> Self {
        Self::run(r, &["apply", "--lab"], &[])
    }
    pub fn run(r: &Repository, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let size = Winsize { ws_row: 40, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(Some(&size), None).unwrap();
        let end = || Stdio::from(pair.slave.try_clone().unwrap());
        let mut command = r.command(args);
        command.envs(variables.iter().copied());
        command.env("TERM", "xterm-256color").stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap();
        Self { child, line: File::from(pair.master), shown: String::new() }
    }
    /// Reads until `text` is shown.
    pub fn shows(&mut self, text: &str) {
        while !self.shown.contains(text) {
            assert!(self.read(), "no `{text}` in\n{}", self.shown);
        }
    }
    /// Reads what there is; false once the program has gone.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        // A terminal whose other end is closed is an error to read from, not an end.
        let n = self.line.read(&mut bytes).unwrap_or(0);
        self.shown.push_str(&String::from_utf8_lossy(&bytes[..n]));
        n > 0
    }
    pub fn types(&mut self, text: &str) {
        self.line.write_all(text.as_bytes()).unwrap();
    }
    pub fn ends(mut self) -> (i32, String) {
        while self.read() {}
        (self.child.wait().unwrap().code().unwrap(), self.shown)
    }
}

fn writes(r: &Repository) -> usize {
    r.requests("fresh").iter().filter(|l| l["writing"] == true).count()
}

#[test]
fn no_sends_nothing() {
    for answer in ["n\n", "\n", "yess\n"] {
        let r = Repository::new();
        let mut terminal = Terminal::apply(&r);
        terminal.shows("Apply 7 changes? [y/N]");
        terminal.types(answer);
        let (code, shown) = terminal.ends();
        assert_eq!(code, 1, "{shown}");
        assert!(shown.contains("Not approved. Nothing was changed."), "{shown}");
        assert_eq!(writes(&r), 0);
    }
}

#[test]
fn an_interrupt_at_the_question_ends_it() {
    let r = Repository::new();
    let mut terminal = Terminal::apply(&r);
    terminal.shows("Apply 7 changes? [y/N]");
    kill(Pid::from_raw(terminal.child.id() as i32), Signal::SIGINT).unwrap();
    let (code, shown) = terminal.ends();
    assert_eq!(code, 8, "{shown}");
    assert!(shown.contains("Nothing was changed."), "{shown}");
    assert_eq!(writes(&r), 0);
}

#[test]
fn yes_shows_a_tree_and_the_report_below_it() {
    let r = Repository::new();
    let mut terminal = Terminal::apply(&r);
    terminal.shows("Apply 7 changes? [y/N]");
    terminal.types("y\n");
    let (code, shown) = terminal.ends();
    assert_eq!(code, 0, "{shown}");
    let at = shown.find("[y/N]").unwrap();
    let tree = &shown[at..];
    for text in
        ["create       cluster/talos-prod-01", "await        cluster/talos-prod-01", "done         class/"]
    {
        assert!(tree.contains(text), "no `{text}` in\n{tree}");
    }
    // A line that is redrawn never exceeds the width: it would wrap, and the next redraw would leave a part of it.
    for drawn in
        tree.split(['\r', '\n']).flat_map(|l| l.split("\u{1b}[")).filter(|l| l.contains("machines up"))
    {
        let plain = drawn.split_once('K').map_or(drawn, |(_, rest)| rest);
        assert!(plain.chars().count() <= usize::from(COLUMNS), "{drawn:?}");
    }
    let report = tree.find("Applied 9 of 9 steps").unwrap();
    assert!(tree[..report].ends_with("\r\n\r\n"), "the report stands below an empty line");
    assert!(tree[report..].contains("talos-prod-01 is up"), "{tree}");
}

#[test]
fn a_wait_redraws_its_tree_and_leaves_one_behind() {
    let r = Repository::new();
    r.run(&["apply", "--lab", "--auto-approve", "--timeout", "1"]).exits(9);
    let (code, shown) = Terminal::run(&r, &["status", "--lab", "--wait", "30m"], &[]).ends();
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("INSTALLING") && shown.contains("\u{1b}[2K"),
        "it is drawn while it changes\n{shown}"
    );
    let (drawn, left) = shown.rsplit_once("omni-scale status").unwrap();
    assert!(drawn.matches("omni-scale status").count() > 3, "{shown}");
    assert!(left.contains("up RUNNING") || left.contains("up\u{1b}[0m"), "{left}");
    assert!(
        !left.contains("\u{1b}[2K") && !left.contains("INSTALLING"),
        "nothing is redrawn over the end\n{left}"
    );
}

#[test]
fn an_interrupt_ends_a_wait() {
    let r = Repository::new();
    let mut terminal = Terminal::run(&r, &["status", "--lab", "--wait", "100h"], &[]);
    terminal.shows("Omni does not have this cluster");
    kill(Pid::from_raw(terminal.child.id() as i32), Signal::SIGINT).unwrap();
    let (code, shown) = terminal.ends();
    assert_eq!(code, 8, "{shown}");
    assert!(shown.contains("nothing was changed"), "{shown}");
    assert_eq!(writes(&r), 0);
}
