//! All entries in one place: each is run here, or proved by a test that exists, or is about something that this program does not have.

use std::path::Path;

use crate::entries::{Entry, NONE, exists, numbers};
use crate::{a_command_line, b_files, c_yaml, d_semantics, e_servers, f_memory, g_to_j_outputs};

/// Parts with their titles and numbers of entries.
const PARTS: [(char, &str, usize, &[Entry]); 10] = [
    ('A', "Command line, environment, streams", 12, a_command_line::TABLE),
    ('B', "Files", 26, b_files::TABLE),
    ('C', "YAML", 23, c_yaml::TABLE),
    ('D', "Valid files that would ruin a cluster", 17, d_semantics::TABLE),
    ('E', "What Omni and Proxmox answer", 30, e_servers::TABLE),
    ('F', "Records, leases, saved plans, journals", 18, f_memory::TABLE),
    ('G', "Terminals", 10, g_to_j_outputs::TERMINALS),
    ('H', "Logs of workflows", 10, g_to_j_outputs::LOGS),
    ('I', "Markdown", 12, g_to_j_outputs::MARKDOWN),
    ('J', "HTML", 12, g_to_j_outputs::PAGES),
];

/// Where the table is written down for readers.
const PAGE: &str = "docs/reference/hostile-inputs.md";

#[test]
fn every_entry_is_run_or_proved_or_does_not_apply() {
    let mut wrong = Vec::new();
    for (part, _, count, table) in PARTS {
        let named: Vec<&str> = table.iter().map(|e| e.id).collect();
        if named != numbers(part, count) {
            wrong.push(format!("part {part} has {named:?}"));
        }
        for entry in table {
            for (file, function) in entry.there {
                if !exists(file, function) {
                    wrong.push(format!("{}: no test `{function}` in {file}", entry.id));
                }
            }
            let proved = entry.here.is_some() || !entry.there.is_empty();
            if !proved && !entry.expected.starts_with(NONE) {
                wrong.push(format!("{}: nothing proves it", entry.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tests_that_are_named_are_looked_for() {
    assert!(exists("tests/hostile/coverage.rs", "tests_that_are_named_are_looked_for"));
    assert!(exists("tests/sinks/corpus.rs", "g1_clear_and_cursor"));
    assert!(exists("src/world/real/net/tests.rs", "a_redirect_is_a_reply_and_is_not_followed"));
    assert!(!exists("tests/hostile/coverage.rs", "page"), "a function that is no test");
    assert!(!exists("tests/hostile/coverage.rs", "tests_that_are"), "a part of a name");
    assert!(!exists("tests/hostile/nothing.rs", "tests_that_are_named_are_looked_for"));
}

fn page() -> String {
    let mut out = String::from(
        "# Hostile inputs\n\nWhat is tried with every build, by number, and what must happen. Unless the table says otherwise an input is refused with a cause \
         and its place, in two seconds and 256 MiB, without a crash, a write, a request or a secret in any output. The table is written from `tests/hostile`; \
         `cargo test --test hostile` runs it.\n",
    );
    let total: usize = PARTS.iter().map(|p| p.2).sum();
    out.push_str(&format!("{total} entries, most of them in several forms.\n"));
    for (part, title, _, table) in PARTS {
        out.push_str(&format!(
            "\n## {part}. {title}\n\n| no. | input | what must happen | proof |\n|---|---|---|---|\n"
        ));
        for entry in table {
            let own = entry.here.map(|_| "`tests/hostile`".to_owned());
            let there = entry.there.iter().map(|(file, function)| format!("`{file}` {function}"));
            let proof: Vec<String> = own.into_iter().chain(there).collect();
            let proof = if proof.is_empty() { "–".to_owned() } else { proof.join(", ") };
            out.push_str(&format!("| {} | {} | {} | {proof} |\n", entry.id, entry.what, entry.expected));
        }
    }
    out
}

/// `UPDATE_GOLDEN=1` writes the page.
#[test]
fn the_page_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), page(), "run it with UPDATE_GOLDEN=1");
}
