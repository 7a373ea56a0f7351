//! Cluster templates against what the real client made of them.
//!
//! A case is a folder: `template.yaml`, files it names, `args.txt` (more flags), then `expected.yaml` or `expected-error.txt`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use omni_scale::diag::{Diagnostic, Severity, Sink, SourceId, Sources};
use omni_scale::template::{self, Dialect, FileProblem, PatchFiles};
use omni_scale::value::Value;
use omni_scale::yaml::{self, Limits, Node, NodeKind};

use crate::support::{Facts, Tally, present};

/// The time with which the recorded output was normalised.
pub const TIME: &str = "0001-01-01T00:00:00Z";

/// Files of a case folder, links followed only inside the allowed folder.
struct Folder {
    dir: PathBuf,
    allowed: String,
}

impl PatchFiles for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileProblem> {
        let dir = self.dir.to_str().unwrap();
        let target = PathBuf::from(template::resolve(dir, &self.allowed, path)?);
        let real = match target.canonicalize() {
            Ok(real) => real,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(FileProblem::Missing),
            Err(e) => return Err(FileProblem::Unreadable(e.kind().to_string())),
        };
        let root = PathBuf::from(template::join(dir, &self.allowed)).canonicalize().unwrap();
        if !real.starts_with(root) {
            return Err(FileProblem::Escapes);
        }
        if real.is_dir() {
            return Err(FileProblem::Directory);
        }
        std::fs::read(real).map_err(|e| FileProblem::Unreadable(e.kind().to_string()))
    }
}

/// The folders below `folder`, sorted.
pub fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    all.sort();
    all
}

pub fn read(case: &Path, name: &str) -> Option<String> {
    std::fs::read_to_string(case.join(name)).ok()
}

fn facts(case: &Path) -> Facts {
    let mut facts = Facts::new();
    if read(case, "about.txt").is_some_and(|about| about.contains("[Talos schema]")) {
        facts.insert("needs".into(), "Talos schema".into());
    }
    let outcome = if case.join("expected.yaml").exists() { "render" } else { "refuse" };
    facts.insert("outcome".into(), outcome.into());
    facts
}

/// What we make of a case in a dialect: the rendered text, or the errors.
fn ours(dialect: Dialect, case: &Path) -> Result<String, Vec<Diagnostic>> {
    let loaded = loaded(dialect, case)?;
    Ok(template::render::text(dialect, &loaded.resources, TIME))
}

/// The template of a case, or its errors.
pub fn loaded(dialect: Dialect, case: &Path) -> Result<template::Loaded, Vec<Diagnostic>> {
    let args = read(case, "args.txt").unwrap_or_default();
    let words: Vec<&str> = args.split_whitespace().collect();
    let allowed = words
        .iter()
        .position(|w| *w == "--allowed-dir")
        .and_then(|i| words.get(i + 1).copied())
        .or_else(|| words.iter().find_map(|w| w.strip_prefix("--allowed-dir=")))
        .unwrap_or("./");
    let dir = case.canonicalize().unwrap();
    let files = Folder { dir, allowed: allowed.to_owned() };
    let text = read(case, "template.yaml").unwrap();
    let mut sources = Sources::default();
    let source = sources.add("template.yaml", &text);
    let documents = yaml::parse(source, &text, &Limits::default())?;
    let mut sink = Sink::default();
    let loaded = template::load(dialect, source, &documents, &files, &mut sources, &mut sink);
    check_places(&sink, &sources);
    if sink.has_errors() {
        return Err(sink.all().iter().filter(|d| d.severity == Severity::Error).cloned().collect());
    }
    Ok(loaded)
}

/// Every problem has a place, inside its text.
fn check_places(sink: &Sink, sources: &Sources) {
    for d in sink.all() {
        assert!(!d.labels.is_empty(), "no place: {}", d.message);
        for label in &d.labels {
            let text = &sources.get(label.source).unwrap().text;
            assert!(
                label.span.end <= text.len() && text.get(label.span.start..label.span.end).is_some(),
                "place outside the text: {}",
                d.message
            );
        }
    }
}

/// A rendered stream: metadata scalars as text, spec as data.
fn stream(text: &str) -> Result<Vec<Value>, String> {
    let documents = yaml::parse(SourceId(0), text, &Limits::default()).map_err(|e| format!("{e:?}"))?;
    Ok(documents
        .iter()
        .map(|d| {
            let root = d.root.as_ref().unwrap();
            let mut out = Value::map();
            out.set("metadata", as_text(root.get("metadata").unwrap()));
            out.set("spec", yaml::to_value(root.get("spec").unwrap()));
            out
        })
        .collect())
}

fn as_text(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar { text, .. } => Value::Str(text.clone()),
        NodeKind::Seq(items) => Value::List(items.iter().map(as_text).collect()),
        NodeKind::Map(pairs) => Value::Map(
            pairs.iter().map(|(k, v)| (k.text().unwrap().to_owned(), as_text(v))).collect::<BTreeMap<_, _>>(),
        ),
    }
}

fn renders(dialect: Dialect, case: &Path, expected: &str) -> Result<(), String> {
    let got = ours(dialect, case).map_err(|all| {
        let lines: Vec<String> = all.iter().map(|d| format!("{} {}", d.code, d.message)).collect();
        format!("refused: {}", lines.join("; "))
    })?;
    let (want, have) = (stream(expected)?, stream(&got)?);
    for (i, (w, h)) in want.iter().zip(&have).enumerate() {
        if w != h {
            return Err(format!("document {i} differs:\n want {}\n have {}", w.canonical(), h.canonical()));
        }
    }
    if want.len() != have.len() {
        return Err(format!("{} documents instead of {}", have.len(), want.len()));
    }
    // Parsed mappings show neither the order of keys nor the notation.
    if expected.trim_end() != got.trim_end() {
        let line = expected.lines().zip(got.lines()).find(|(w, h)| w != h);
        return Err(format!("the same data in other bytes, first {line:?}"));
    }
    Ok(())
}

#[test]
fn contract_template_cases_render() {
    render_cases("template/cases (render)", "template/cases");
}

/// Cases of this project's own, with what the real client made of them.
#[test]
fn contract_template_own_cases_render() {
    render_cases("template/cases-ours (render)", "template/cases-ours");
}

fn render_cases(suite: &'static str, relative: &str) {
    let Some(folder) = present(suite, relative) else { return };
    let mut tally = Tally::new(suite);
    let (mut rendered, mut refused) = ((0, 0), (0, 0));
    for case in cases(&folder) {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let counter = if case.join("expected.yaml").exists() { &mut rendered } else { &mut refused };
        counter.1 += 1;
        tally.case(&name, &facts(&case), || {
            let result = match read(&case, "expected.yaml") {
                Some(expected) => renders(Dialect::V1_9, &case, &expected),
                None => match ours(Dialect::V1_9, &case) {
                    Err(_) => Ok(()),
                    Ok(_) => Err("rendered, but the real client refuses it".to_owned()),
                },
            };
            counter.0 += usize::from(result.is_ok());
            result
        });
    }
    println!("{suite}: render {}/{}, refuse {}/{}", rendered.0, rendered.1, refused.0, refused.1);
    tally.finish();
}

/// What the newest client makes of a case: its own recording, else that of 1.9.3 with the one key that it always prints besides.
fn newest(case: &Path) -> Result<String, String> {
    if let Some(expected) = read(case, "expected.main.yaml") {
        return Ok(expected);
    }
    if let Some(error) = read(case, "expected-error.main.txt") {
        return Err(error);
    }
    match (read(case, "expected.yaml"), read(case, "expected-error.txt")) {
        (Some(expected), _) => {
            let mut out = String::new();
            for line in expected.split_inclusive('\n') {
                out.push_str(line);
                if line.starts_with("    enablenodeauditskip: ") {
                    out.push_str("    disablepublicdiscoveryservice: false\n");
                }
            }
            Ok(out)
        }
        (None, error) => Err(error.unwrap()),
    }
}

#[test]
fn contract_template_cases_newest() {
    const SUITE: &str = "template/cases (newest)";
    let Some(folder) = present(SUITE, "template/cases") else { return };
    let mut tally = Tally::new(SUITE);
    let (mut rendered, mut refused, mut own) = ((0, 0), (0, 0), 0);
    for case in cases(&folder) {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        own += usize::from(
            case.join("expected.main.yaml").exists() || case.join("expected-error.main.txt").exists(),
        );
        let expected = newest(&case);
        let counter = if expected.is_ok() { &mut rendered } else { &mut refused };
        counter.1 += 1;
        tally.case(&name, &facts(&case), || {
            let result = match &expected {
                Ok(expected) => renders(Dialect::Newest, &case, expected),
                Err(error) => refuses(Dialect::Newest, &case, error),
            };
            counter.0 += usize::from(result.is_ok());
            result
        });
    }
    println!(
        "{SUITE}: render.main {}/{}, refuse.main {}/{}, {own} of them with a recording of its own",
        rendered.0, rendered.1, refused.0, refused.1
    );
    tally.finish();
}

/// Whether each innermost message of the real client is among our notes.
fn refuses(dialect: Dialect, case: &Path, error: &str) -> Result<(), String> {
    let Err(problems) = ours(dialect, case) else {
        return Err("rendered, but the real client refuses it".to_owned());
    };
    let notes: Vec<&str> = problems.iter().flat_map(|d| d.notes.iter().map(String::as_str)).collect();
    let missing: Vec<String> = innermost(error)
        .into_iter()
        .filter(|message| !notes.iter().any(|note| note.contains(message.as_str())))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("not among {notes:?}: {missing:?}")) }
}

/// The innermost messages of the real client's error, without what its own reference calls incidental.
fn innermost(error: &str) -> Vec<String> {
    let mut out = Vec::new();
    let body = error.trim_start_matches("Error: ").trim_start_matches("error rendering template: ");
    if let Some(load) = body.strip_prefix("error loading template: ") {
        let mut lines: Vec<&str> = load.lines().skip(1).map(str::trim).filter(|l| !l.is_empty()).collect();
        if lines.is_empty() {
            lines.push(load.trim());
        }
        for line in lines {
            let line = line.split_once(": ").map_or(line, |(_, rest)| rest);
            out.push(line.to_owned());
        }
        return out.iter().map(|l| stable(l)).filter(|l| !parser_text(l)).collect();
    }
    let mut quoted = false;
    for line in body.lines() {
        let bullet = line.starts_with("\t*");
        let line = line.trim_start_matches(['\t', '*', ' ']).trim_end();
        // The lines that quote unknown keys are no messages; an empty one ends them.
        quoted &= !bullet && !line.is_empty();
        let inner =
            line.is_empty() || line.ends_with("error occurred:") || line.ends_with("errors occurred:");
        if !inner && !quoted && !line.ends_with("yaml: construct errors:") {
            out.push(stable(line));
        }
        quoted |= line.contains("unknown keys found");
    }
    out.retain(|line| !parser_text(line));
    out
}

/// Texts of YAML parsers are incidental.
fn parser_text(line: &str) -> bool {
    line.starts_with("yaml: ")
        || line.starts_with("mapping key ")
        || line.starts_with("line ")
        || line.contains("decode error: yaml: ")
}

fn stable(line: &str) -> String {
    let mut line = line.to_owned();
    for cut in
        ["failed to access \"", "failed to read ", "version should be in semver format", "cannot construct"]
    {
        if let Some(at) = line.find(cut) {
            let tail = line.get(at..).unwrap();
            line = match cut {
                "failed to access \"" | "failed to read " => tail.split("\":").next().unwrap().to_owned(),
                _ => cut.to_owned(),
            };
        }
    }
    for (start, keep) in [
        ("failed to validate", "config not found"),
        ("failed to validate", "missing kind"),
        ("failed to validate", "not registered"),
        ("failed to validate", "unknown keys found"),
        ("failed to validate", "unexpected type for yaml"),
        ("failed to validate", "arg value must be a string or list of strings"),
        ("invalid machine count", ""),
    ] {
        if line.starts_with(start) && line.contains(keep) {
            line = if keep.is_empty() { start.to_owned() } else { keep.to_owned() };
        }
    }
    line
}

#[test]
fn contract_template_cases_messages() {
    messages_cases("template/cases (messages)", "template/cases");
}

#[test]
fn contract_template_own_cases_messages() {
    messages_cases("template/cases-ours (messages)", "template/cases-ours");
}

fn messages_cases(suite: &'static str, relative: &str) {
    let Some(folder) = present(suite, relative) else { return };
    let mut tally = Tally::new(suite);
    for case in cases(&folder) {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        if case.join("expected.yaml").exists() {
            continue;
        }
        let Some(error) = read(&case, "expected-error.txt") else { continue };
        tally.case(&name, &facts(&case), || refuses(Dialect::V1_9, &case, &error));
    }
    tally.finish();
}
