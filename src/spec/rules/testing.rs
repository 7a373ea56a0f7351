//! A small sound deployment, into which the tests of rules put what they are about.

use std::collections::BTreeMap;

use crate::diag::rule::{Rule, Stands};
use crate::diag::{Severity, Sink, Sources, fix};
use crate::spec::{Entry, FileSet, load, read_spec};

const BASE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/checks/base.txt"));
const CLASS: &str = "machine-classes/worker.yaml";

/// Files in the form of `==> path <==` lines, each before the text of a file.
fn files(text: &str) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    let mut path = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("==> ").and_then(|l| l.strip_suffix(" <==")) {
            name.clone_into(&mut path);
            out.insert(path.clone(), String::new());
        } else if let Some(file) = out.get_mut(&path) {
            file.push_str(line);
            file.push('\n');
        }
    }
    out
}

/// A file of the sound deployment.
pub(super) fn base(path: &str) -> String {
    files(BASE)[path].clone()
}

/// The class of workers with another provider, and with data to which the rest is added.
pub(super) fn class(provider: &str, data: &str) -> String {
    let key = |line: &str| line.split(':').next().unwrap_or_default().trim().to_owned();
    let own: Vec<String> = data.lines().filter(|l| !l.starts_with(' ')).map(key).collect();
    let usual = "cores: 4\nsockets: 1\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"vm_ssd\"\n";
    let rest: String = usual.lines().filter(|l| !own.contains(&key(l))).map(|l| format!("{l}\n")).collect();
    class_of(provider, &format!("{rest}{data}"))
}

fn class_of(provider: &str, data: &str) -> String {
    let head = base(CLASS);
    let (head, _) = head.split_once("      cores:").unwrap();
    let data: String = data.lines().map(|l| format!("      {l}\n")).collect();
    head.replace("providerid: matrix", &format!("providerid: {provider}")) + &data
}

/// What was found.
pub(super) struct Found {
    sources: Sources,
    sink: Sink,
}

impl Found {
    /// The codes, in the order in which they were said.
    pub(super) fn codes(&self) -> Vec<String> {
        self.sink.all().iter().map(|d| d.code.to_string()).collect()
    }
    /// A file after all changes that are offered.
    pub(super) fn fixed(&self, path: &str) -> String {
        let (id, source) = self.sources.iter().find(|(_, s)| s.path == path).unwrap();
        let fixes: Vec<&fix::Fix> = self.sink.all().iter().filter_map(|d| d.fix.as_deref()).collect();
        fix::apply(id, &source.text, &fixes).0
    }
}

/// The sound deployment with other files.
pub(super) fn deployment(other: &[(&str, &str)]) -> Found {
    let mut all = files(BASE);
    all.extend(other.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())));
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let mut set = FileSet::default();
    let spec =
        read_spec(&mut sources, "spec/omni.yaml", all["spec/omni.yaml"].as_bytes(), &mut sink).unwrap();
    loop {
        let wanted = spec.wanted(&set);
        if wanted.is_empty() {
            break;
        }
        for path in wanted {
            let inside: Vec<String> =
                all.keys().filter(|p| p.rsplit_once('/').is_some_and(|(f, _)| f == path)).cloned().collect();
            let entry = match all.get(&path) {
                Some(text) => Entry::File(text.clone().into_bytes()),
                None if !inside.is_empty() => Entry::Folder(inside),
                None => Entry::Missing,
            };
            set.entries.insert(path, entry);
        }
    }
    load(spec, &set, &mut sources, &mut sink);
    Found { sources, sink }
}

/// Codes and severities with one class, besides other files.
pub(super) fn told(class: &str, other: &[(&str, &str)]) -> Vec<(String, Severity)> {
    let mut other = other.to_vec();
    other.push((CLASS, class));
    deployment(&other).sink.all().iter().map(|d| (d.code.to_string(), d.severity)).collect()
}

/// Codes of a class with this data, to which the rest is added.
pub(super) fn data(data: &str) -> Vec<String> {
    told(&class("matrix", data), &[]).into_iter().map(|(code, _)| code).collect()
}

/// Codes of a class with this data and nothing else.
pub(super) fn whole(data: &str) -> Vec<String> {
    told(&class_of("matrix", data), &[]).into_iter().map(|(code, _)| code).collect()
}

/// Whole data after all changes that are offered.
pub(super) fn fixed(data: &str) -> String {
    let class = class_of("matrix", data);
    let fixed = deployment(&[(CLASS, &class)]).fixed(CLASS);
    let head = class_of("matrix", "");
    fixed
        .strip_prefix(&head)
        .unwrap()
        .lines()
        .map(|l| format!("{}\n", l.strip_prefix("      ").unwrap()))
        .collect()
}

/// The bad example of a rule is found by it, the good one is not, and there is no other difference between them.
pub(super) fn example(rule: &'static Rule) {
    let (_, stands) =
        super::ALL.iter().find(|(r, _)| r.code == rule.code).expect("a rule that is not registered");
    let codes = |text: &str| -> Vec<String> {
        let found = match stands {
            Stands::Data => deployment(&[(CLASS, &class("matrix", text))]),
            Stands::Whole => deployment(&[(CLASS, &class_of("matrix", text))]),
            Stands::Files => {
                let mut files = files(text);
                if let Some(data) = files.remove("provider data") {
                    files.insert(CLASS.to_owned(), class("matrix", &data));
                }
                let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
                deployment(&files)
            }
        };
        found.codes()
    };
    let (bad, good) = (codes(rule.bad), codes(rule.good));
    assert!(bad.iter().any(|c| c == rule.code), "{} is silent about its bad example: {bad:?}", rule.code);
    let rest: Vec<&String> = bad.iter().filter(|c| *c != rule.code).collect();
    assert_eq!(rest, good.iter().collect::<Vec<_>>(), "{}: what else is said of the bad example", rule.code);
}

#[test]
fn the_sound_deployment_is_sound() {
    assert_eq!(deployment(&[]).codes(), [""; 0]);
}

#[test]
fn codes_and_names_are_used_once() {
    let rules = || super::ALL.iter().map(|(r, _)| r);
    let codes: std::collections::BTreeSet<&str> = rules().map(|r| r.code).collect();
    let names: std::collections::BTreeSet<&str> = rules().map(|r| r.name).collect();
    assert_eq!((codes.len(), names.len()), (super::ALL.len(), super::ALL.len()));
}

use proptest::prelude::*;

/// A line of provider data, sound or with a slip that is mended, and its comment.
fn line() -> impl Strategy<Value = (usize, usize, bool)> {
    (0usize..9, 0usize..4, any::<bool>())
}

proptest! {
    /// Whatever slips come together: changes keep every comment and every line that has no slip, in their order; they leave
    /// data that the rules have no change for; and a second run changes nothing.
    #[test]
    fn changes_touch_nothing_else(lines in proptest::collection::vec(line(), 0..9), crlf in any::<bool>()) {
        const KINDS: [(&str, [&str; 4]); 9] = [
            ("cores", ["4", "'4'", "\"16\"", "8"]),
            ("sockets", ["1", "\"2\"", "2", "'1'"]),
            ("machine_type", ["q35", "i440fx", "'i440fx'", "pc"]),
            ("balloon", ["false", "off", "'no'", "0"]),
            ("numa", ["true", "yes", "1", "\"true\""]),
            ("cpu_type", ["host", "kvm64", "'qemu64'", "x86-64-v2"]),
            ("diskSsd", ["true", "true", "false", "true"]),
            ("vlan", ["20", "0", "'30'", "4094"]),
            ("storage_selector", ["name == \"a\"", "type == \"rbd\"", "'type == \"rbd\"'", "name == \"a\" && availableSpace > 5"]),
        ];
        let mut data = String::new();
        let mut used = Vec::new();
        for (n, (kind, value, comment)) in lines.iter().enumerate() {
            let (key, values) = KINDS[*kind];
            if used.contains(kind) {
                continue;
            }
            used.push(*kind);
            let behind = if *comment { format!("  # note {n}") } else { String::new() };
            data.push_str(&format!("# above {n}\n{key}: {}{behind}\n", values[*value]));
        }
        let end = if crlf { "\r\n" } else { "\n" };
        let before = class_of("matrix", &data).replace('\n', end);
        let mut text = before.clone();
        for _ in 0..4 {
            text = deployment(&[(CLASS, &text)]).fixed(CLASS);
        }
        let last = deployment(&[(CLASS, &text)]);
        prop_assert_eq!(&last.fixed(CLASS), &text, "it ends");
        prop_assert!(!last.codes().iter().any(|c| c == "OS0100"), "{}", text);
        let notes = |t: &str| -> Vec<String> {
            t.match_indices('#').map(|(i, _)| t[i..].lines().next().unwrap().to_owned()).collect()
        };
        prop_assert_eq!(notes(&before), notes(&text), "comments stay");
        let found = deployment(&[(CLASS, &before)]);
        let (id, source) = found.sources.iter().find(|(_, s)| s.path == CLASS).unwrap();
        let touched: Vec<usize> = found.sink.all().iter().filter_map(|d| d.fix.as_deref()).flat_map(|f| &f.edits)
            .filter(|e| e.source == id && e.span.start < e.span.end || e.text == "u")
            .map(|e| source.line_col(e.span.start).0)
            .collect();
        let mut rest = text.split('\n');
        for (n, line) in before.split('\n').enumerate() {
            if !touched.contains(&(n + 1)) {
                prop_assert!(rest.any(|l| l == line), "the line `{}` is gone or moved in\n{}", line, text);
            }
        }
    }
}
