//! A table of entries, and the loop that runs it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A test elsewhere: its file, and the name of its function.
pub type There = (&'static str, &'static str);

/// How `expected` begins where an entry is about something that this program does not have.
pub const NONE: &str = "does not apply: ";

/// One numbered entry.
pub struct Entry {
    pub id: &'static str,
    pub what: &'static str,
    /// What must happen, and why where that is no refusal.
    pub expected: &'static str,
    /// Runs it here.
    pub here: Option<fn(&mut Failures)>,
    /// Tests that prove it, or the rest of it.
    pub there: &'static [There],
}

/// What went wrong in one entry.
#[derive(Default)]
pub struct Failures(pub Vec<String>);

impl Failures {
    pub fn check(&mut self, holds: bool, why: impl FnOnce() -> String) {
        if !holds {
            self.0.push(why());
        }
    }
}

/// At a time: most of an entry is waiting for a program.
const WORKERS: usize = 3;

/// Runs a whole part, and says of every entry that fails why. `HOSTILE_ONLY=E7` runs that entry alone.
pub fn run(part: char, count: usize, table: &[Entry]) {
    assert_eq!(
        numbers(part, count),
        table.iter().map(|e| e.id).collect::<Vec<_>>(),
        "each stands once and in order"
    );
    let only = std::env::var("HOSTILE_ONLY").ok();
    let (next, broken) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((n, entry)) = take(&next, table) {
                    if only.as_ref().is_some_and(|id| id != entry.id) {
                        continue;
                    }
                    let mut failures = Failures::default();
                    if let Some(here) = entry.here
                        && catch_unwind(AssertUnwindSafe(|| here(&mut failures))).is_err()
                    {
                        failures.0.push("the test itself panicked".to_owned());
                    }
                    if !failures.0.is_empty() {
                        broken.lock().unwrap().insert(n, failures.0);
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    println!("corpus {part}: {}/{count}", count - broken.len());
    let told: Vec<String> = broken
        .iter()
        .flat_map(|(n, failures)| {
            let entry = &table[*n];
            failures.iter().map(move |f| format!("{} {} ({}): {f}", entry.id, entry.what, entry.expected))
        })
        .collect();
    assert!(told.is_empty(), "corpus {part}: {}/{count}\n{}", count - broken.len(), told.join("\n"));
}

fn take<'a>(next: &AtomicUsize, table: &'a [Entry]) -> Option<(usize, &'a Entry)> {
    let n = next.fetch_add(1, Ordering::SeqCst);
    table.get(n).map(|entry| (n, entry))
}

/// `A1` to the last.
pub fn numbers(part: char, count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("{part}{n}")).collect()
}

/// Whether a source file, or any below a folder, has a test of this name, also where a macro makes it.
pub fn exists(path: &str, function: &str) -> bool {
    let mut rest = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(path)];
    while let Some(path) = rest.pop() {
        if path.is_dir() {
            rest.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else if holds(&path, function) {
            return true;
        }
    }
    false
}

fn holds(file: &Path, function: &str) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(n, line)| {
        let plain = line.trim_start_matches("async ").starts_with(&format!("fn {function}("));
        let marked = lines[n.saturating_sub(3)..n]
            .iter()
            .any(|l| l.starts_with("#[test]") || l.starts_with("#[tokio::test"));
        (plain && marked) || line.starts_with(&format!("{function}: ["))
    })
}
