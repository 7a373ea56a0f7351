//! A table of entries, and the loop that runs it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// A test elsewhere: its file, and the name of its function.
pub type There = (&'static str, &'static str);

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

/// Runs every entry of a part; `count` is how many the part has.
pub fn run(part: char, count: usize, table: &[Entry]) {
    let wanted: Vec<String> = (1..=count).map(|n| format!("{part}{n}")).collect();
    let named: Vec<&str> = table.iter().map(|e| e.id).collect();
    assert_eq!(named, wanted, "each entry stands once and in order");
    let (mut passed, mut broken) = (0, Vec::new());
    for entry in table {
        let mut failures = Failures::default();
        failures.check(entry.here.is_some() || !entry.there.is_empty(), || "nothing proves it".to_owned());
        for (file, function) in entry.there {
            failures.check(exists(file, function), || format!("there is no test `{function}` in {file}"));
        }
        if let Some(here) = entry.here
            && catch_unwind(AssertUnwindSafe(|| here(&mut failures))).is_err()
        {
            failures.0.push("panicked".to_owned());
        }
        if failures.0.is_empty() {
            passed += 1;
        }
        broken.extend(
            failures.0.iter().map(|f| format!("{} {} ({}): {f}", entry.id, entry.what, entry.expected)),
        );
    }
    println!("corpus {part}: {passed}/{count}");
    assert!(broken.is_empty(), "corpus {part}: {passed}/{count}\n{}", broken.join("\n"));
}

/// Whether a source file has a test of this name, also where a macro makes it.
fn exists(file: &str, function: &str) -> bool {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap_or_default();
    text.contains(&format!("fn {function}(")) || text.contains(&format!("\n    {function}: ["))
}
