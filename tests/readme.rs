//! Every `console` block of README.md and of the guides is run as a user would run it, and its output compared.
//!
//! A block's commands run in order in one copy of the shipped deployment, with a fresh `state/`; a page that tells one story
//! runs all its blocks in one folder. A line `$ command` is
//! run by `sh`; `omni-scale` is the binary under test. `[..]` in the expected text stands for any text within a line, a
//! line `...` for any lines. `UPDATE_README=1` rewrites the blocks with what was really printed; read the diff.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "shipped/mod.rs"]
mod shipped;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

/// One fenced block: where its body stands in the page, and the commands with what they should print.
struct Block {
    body: std::ops::Range<usize>,
    commands: Vec<(String, String)>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = page[at..].find("```console\n").map(|i| at + i + "```console\n".len()) {
        let end = start + page[start..].find("```").expect("a console block is closed");
        let mut commands: Vec<(String, String)> = Vec::new();
        for line in page[start..end].lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                commands.push((command.to_owned(), String::new()));
            } else if let Some((_, output)) = commands.last_mut() {
                writeln!(output, "{line}").unwrap();
            }
        }
        found.push(Block { body: start..end, commands });
        at = end;
    }
    found
}

fn line_fits(want: &str, have: &str) -> bool {
    let mut parts = want.split("[..]");
    let Some(mut rest) = have.strip_prefix(parts.next().unwrap()) else { return false };
    let mut open = false;
    let parts: Vec<&str> = parts.collect();
    for (i, part) in parts.iter().enumerate() {
        open = true;
        if i + 1 == parts.len() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    open || rest.is_empty()
}

fn fits(want: &[&str], have: &[&str]) -> bool {
    match want.split_first() {
        None => have.is_empty(),
        Some((&"...", rest)) => (0..=have.len()).any(|skip| fits(rest, &have[skip..])),
        Some((first, rest)) => {
            have.split_first().is_some_and(|(line, more)| line_fits(first, line) && fits(rest, more))
        }
    }
}

/// Where the commands of a page are run.
enum Start {
    /// In a copy of the shipped deployment, a new one for every block.
    Shipped,
    /// In one folder for the whole page, with the shipped templates and classes as somebody who uses omnictl keeps them.
    Omnictl,
}

impl Start {
    fn prepare(&self, work: &std::path::Path) {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        match self {
            Self::Shipped => {
                shipped::deployment(work);
                std::fs::create_dir_all(work.join("state")).unwrap();
            }
            Self::Omnictl => {
                shipped::copy(&root.join("clusters"), &work.join("templates"));
                shipped::copy(&root.join("machine-classes"), &work.join("classes"));
            }
        }
    }
}

fn run_page(page: &str, start: &Start) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = root.join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let bin = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_omni-scale"), bin.path().join("omni-scale")).unwrap();
    let search = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());

    let mut bodies = Vec::new();
    let mut problems = Vec::new();
    let mut ran = 0;
    let mut work: Option<tempfile::TempDir> = None;
    let home = tempfile::tempdir().unwrap();
    for block in blocks(&text) {
        let work = match (&mut work, start) {
            (Some(work), Start::Omnictl) => work,
            (work, _) => {
                let fresh = work.insert(tempfile::tempdir().unwrap());
                start.prepare(fresh.path());
                fresh
            }
        };
        let mut body = String::new();
        for (command, want) in block.commands {
            ran += 1;
            let command_run = command.replace("cargo run --release --", "omni-scale");
            let output = Command::new("sh")
                .args(["-c", &format!("exec 2>&1; {command_run}")])
                .current_dir(work.path())
                .env("PATH", &search)
                .env("HOME", home.path())
                .env_remove("XDG_CONFIG_HOME")
                .env_remove("OMNICONFIG")
                .env_remove("PROXMOX_VE_ENDPOINT")
                .env("NO_COLOR", "1")
                .env("COLUMNS", "120")
                .env_remove("OMNI_ENDPOINT")
                .env_remove("OMNI_SERVICE_ACCOUNT_KEY")
                .env_remove("CI")
                .output()
                .unwrap();
            let have = String::from_utf8(output.stdout).unwrap();
            let (w, h): (Vec<_>, Vec<_>) = (want.lines().collect(), have.lines().collect());
            let as_said = fits(&w, &h);
            // What still fits keeps its wildcards.
            write!(body, "$ {command}\n{}", if as_said { &want } else { &have }).unwrap();
            if !body.ends_with('\n') {
                body.push('\n');
            }
            if !as_said {
                problems.push(format!("{page}: `{command}` printed\n{have}\nbut the page says\n{want}"));
            }
        }
        bodies.push((block.body, body));
    }
    let mut updated = text.clone();
    for (place, body) in bodies.into_iter().rev() {
        updated.replace_range(place, &body);
    }
    println!("{page}: {ran} commands");
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, updated).unwrap();
        return;
    }
    assert!(ran > 0, "{page} has no console block");
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[test]
fn readme_shows_what_really_happens() {
    run_page("README.md", &Start::Shipped);
}

#[test]
fn first_steps_show_what_really_happens() {
    run_page("docs/guide/first-steps.md", &Start::Shipped);
}

#[test]
fn from_omnictl_shows_what_really_happens() {
    run_page("docs/guide/from-omnictl.md", &Start::Omnictl);
}

#[test]
fn the_page_on_live_changes_shows_what_really_happens() {
    run_page("docs/guide/adopt.md", &Start::Shipped);
}

#[test]
fn the_page_on_status_shows_what_really_happens() {
    run_page("docs/guide/status.md", &Start::Shipped);
}

#[test]
fn the_page_on_doctor_shows_what_really_happens() {
    run_page("docs/guide/doctor.md", &Start::Shipped);
}

#[test]
fn the_page_on_saved_plans_shows_what_really_happens() {
    run_page("docs/guide/saved-plans.md", &Start::Shipped);
}

#[test]
fn wildcards_match_within_lines_and_over_lines() {
    assert!(line_fits("a [..] c", "a b c") && !line_fits("a [..] c", "a b d") && !line_fits("abc", "abcd"));
    assert!(fits(&["x", "...", "z"], &["x", "1", "2", "z"]) && !fits(&["x", "z"], &["x", "y", "z"]));
}
