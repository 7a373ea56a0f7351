//! Counting cases, and the rules by which some are skipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Facts of one case, by which skip rules choose: `method = "Watch"`.
pub type Facts = BTreeMap<String, String>;

#[derive(serde::Deserialize)]
struct Rules {
    #[serde(default)]
    skip: Vec<Rule>,
}

#[derive(serde::Deserialize)]
struct Rule {
    suite: String,
    when: BTreeMap<String, String>,
    reason: String,
}

impl Rule {
    /// A wanted value, and the suite's name, may begin or end with `*`.
    fn matches(&self, suite: &str, facts: &Facts) -> bool {
        fits(&self.suite, suite)
            && !self.when.is_empty()
            && self.when.iter().all(|(key, want)| facts.get(key).is_some_and(|have| fits(want, have)))
    }
}

fn fits(want: &str, have: &str) -> bool {
    match (want.strip_prefix('*'), want.strip_suffix('*')) {
        (Some(_), Some(_)) => have.contains(want.trim_matches('*')),
        (Some(tail), None) => have.ends_with(tail),
        (None, Some(head)) => have.starts_with(head),
        (None, None) => want == have,
    }
}

/// The folder of recordings.
pub fn fixtures() -> PathBuf {
    std::env::var_os("OMNI_SCALE_FIXTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"), PathBuf::from)
}

/// A sub-folder or file of the recordings, or `None` after saying that it is absent.
pub fn present(suite: &str, relative: &str) -> Option<PathBuf> {
    let path = fixtures().join(relative);
    if path.exists() {
        return Some(path);
    }
    println!("{suite}: absent ({relative})");
    None
}

/// YAML files in a folder and below it, sorted.
pub fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            out.push(path);
        }
    }
    out.sort();
    out
}

/// The count of one suite.
pub struct Tally {
    suite: &'static str,
    rules: Vec<Rule>,
    passed: usize,
    total: usize,
    skipped: BTreeMap<String, usize>,
    failures: Vec<String>,
}

impl Tally {
    /// Starts counting.
    pub fn new(suite: &'static str) -> Self {
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/skips.toml"))
                .unwrap();
        let rules: Rules = toml::from_str(&text).expect("tests/fixtures/skips.toml");
        Self { suite, rules: rules.skip, passed: 0, total: 0, skipped: BTreeMap::new(), failures: Vec::new() }
    }

    /// Runs one case, unless a rule skips it.
    pub fn case(&mut self, name: &str, facts: &Facts, run: impl FnOnce() -> Result<(), String>) {
        self.total += 1;
        if let Some(rule) = self.rules.iter().find(|r| r.matches(self.suite, facts)) {
            *self.skipped.entry(rule.reason.clone()).or_default() += 1;
            return;
        }
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
            Ok(Ok(())) => self.passed += 1,
            Ok(Err(why)) => self.failures.push(format!("{name}: {why}")),
            Err(_) => self.failures.push(format!("{name}: panicked")),
        }
    }

    /// A precondition of the case that cannot be derived from the recording: counted as a skip with its reason, which
    /// must be one of the suite's rules with `when = { precondition = "…" }`.
    pub fn finish(self) {
        let skipped: usize = self.skipped.values().sum();
        println!("{}: {}/{}, skipped {}", self.suite, self.passed, self.total, skipped);
        for (reason, n) in &self.skipped {
            println!("{}:   skipped {n}: {reason}", self.suite);
        }
        for failure in &self.failures {
            println!("{}:   FAILED {failure}", self.suite);
        }
        assert!(
            self.failures.is_empty(),
            "{}: {} of {} cases failed",
            self.suite,
            self.failures.len(),
            self.total
        );
        assert!(self.passed > 0, "{}: present, but nothing was run", self.suite);
    }
}
