//! Every code that can be said has a page, and every page is of a code that can be said.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use omni_scale::cli::pages;

use crate::cases;

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Codes as constants (`pub const NAME: u16 = 100;`, `pub const NAME: &str = "OS0401";`) and in messages (`OS0601: …`).
fn said() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut out = BTreeSet::new();
    for file in files.iter().filter(|f| !f.ends_with("pages.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
            if file.ends_with("codes.rs")
                && let Some((_, number)) = line.split_once(": u16 = ")
            {
                let number: u16 = number.trim_end_matches(';').replace('_', "").parse().unwrap();
                out.insert(format!("OS{number:04}"));
            }
            for (at, _) in line.match_indices("OS0") {
                let digits: String = line[at + 2..].chars().take_while(char::is_ascii_digit).collect();
                if digits.len() == 4 {
                    out.insert(format!("OS{digits}"));
                }
            }
        }
    }
    out
}

#[test]
fn every_code_is_explained() {
    let said = said();
    assert!(said.len() > 100, "{said:?}");
    let explained: Vec<&str> = pages::all().map(|p| p.code).collect();
    let set: BTreeSet<String> = explained.iter().map(|c| (*c).to_owned()).collect();
    assert_eq!(set.len(), explained.len(), "a page twice");
    assert_eq!(said.difference(&set).collect::<Vec<_>>(), [""; 0], "without a page");
    assert_eq!(set.difference(&said).collect::<Vec<_>>(), [""; 0], "never said");
    for page in pages::all() {
        for text in [page.title, page.means, page.why, page.example, page.act] {
            assert!(text.len() > 3 && text.trim() == text, "{}: `{text}`", page.code);
        }
        assert!(!page.title.ends_with('.') && page.means.ends_with('.'), "{}", page.code);
        let shown = page.text();
        assert!(shown.contains("What to do\n  ") && shown.starts_with(page.code), "{shown}");
    }
}

#[test]
fn the_page_of_codes_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/codes.md");
    assert_eq!(cases::expect(&path, &pages::markdown()), None);
}

#[test]
fn the_page_of_checks_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/checks.md");
    assert_eq!(cases::expect(&path, &pages::checks_markdown()), None);
}

#[test]
fn rules_say_all_that_a_reader_needs() {
    let (mut codes, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (rule, _) in pages::rules() {
        assert!(codes.insert(rule.code) && names.insert(rule.name), "{} twice", rule.code);
        for text in [rule.source, rule.title, rule.means, rule.bad, rule.good, rule.act] {
            assert!(text.len() > 3 && text.trim() == text, "{}: `{text}`", rule.code);
        }
        assert_ne!(rule.bad, rule.good, "{}", rule.code);
        assert!(
            rule.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{}",
            rule.name
        );
    }
}
