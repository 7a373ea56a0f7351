//! Which files the spec names, as folders where a folder holds nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::spec::files::below_root;
use crate::untrusted::Untrusted;

use super::survey::{Kind, Survey, split};

/// Names of folders that hold what nobody runs, more often than not.
const ASIDE: [&str; 7] = ["example", "examples", "sample", "samples", "test", "tests", "testdata"];
/// Names in one comment.
const NAMES: usize = 4;

/// A path in the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPath {
    /// A file or folder, relative to the repository.
    pub path: String,
    /// Whether it counts; otherwise it stands there as a comment.
    pub active: bool,
    /// What it holds, or why it does not count.
    pub note: String,
}

/// A file that the spec does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Which.
    pub path: String,
    /// Why.
    pub why: String,
}

/// What Omni has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Ids of machine classes.
    pub classes: BTreeSet<String>,
    /// Names of clusters.
    pub clusters: BTreeSet<String>,
}

/// What is chosen of one kind.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// Files that count.
    pub(super) files: Vec<String>,
    /// Paths for the spec.
    pub(super) listed: Vec<ListedPath>,
}

/// Chooses classes and templates.
pub(super) fn choose(survey: &Survey, live: Option<&Live>, left: &mut Vec<LeftOut>) -> (Chosen, Chosen) {
    for (path, kind) in &survey.files {
        if let Kind::Unusable(why) = kind {
            left.push(LeftOut { path: path.clone(), why: why.clone() });
        }
    }
    let classes = |kind: &Kind| match kind {
        Kind::Classes(all) => Some(all.iter().map(|c| c.id.clone()).collect()),
        _ => None,
    };
    let clusters = |kind: &Kind| match kind {
        Kind::Template(names) => Some(names.clone()),
        _ => None,
    };
    (
        of_kind(survey, "class", "classes", classes, live.map(|l| &l.classes), left),
        of_kind(survey, "cluster", "clusters", clusters, live.map(|l| &l.clusters), left),
    )
}

fn of_kind(
    survey: &Survey,
    one: &str,
    many: &str,
    names: impl Fn(&Kind) -> Option<Vec<String>>,
    live: Option<&BTreeSet<String>>,
    left: &mut Vec<LeftOut>,
) -> Chosen {
    let mut all: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (path, kind) in &survey.files {
        let Some(names) = names(kind) else { continue };
        match below_root(path) {
            Ok(same) if same == *path => {
                all.insert(path, names);
            }
            Ok(_) => {}
            Err(why) => left.push(LeftOut { path: path.clone(), why: format!("its path {why}") }),
        }
    }
    let mut out = Chosen::default();
    let mut aside: BTreeMap<&str, String> = BTreeMap::new();
    twice(&all, one, &mut aside);
    let only_aside = all.keys().all(|p| is_aside(p));
    for (path, names) in &all {
        if only_aside || !is_aside(path) || aside.contains_key(path) {
            continue;
        }
        match live {
            Some(live) if !names.is_empty() && names.iter().all(|n| live.contains(n)) => {}
            Some(_) => {
                aside.insert(path, format!("not in Omni: {}", told(names, one, many)));
            }
            None => {
                aside.insert(path, format!("? is it in use, or an example: {}", told(names, one, many)));
            }
        }
    }
    let folders: BTreeSet<&str> = all.keys().map(|p| split(p).0).collect();
    for folder in folders {
        let inside = |path: &&&str| split(path).0 == folder;
        let (counting, resting): (Vec<&str>, Vec<&str>) =
            all.keys().filter(inside).partition(|p| !aside.contains_key(*p));
        // Whoever adds a file to a folder of them wants it read; the top folder is everybody's.
        let whole = !folder.is_empty()
            && resting.is_empty()
            && survey.files.keys().filter(|p| split(p).0 == folder).all(|p| all.contains_key(p.as_str()));
        let held = |paths: &[&str]| -> Vec<String> {
            paths.iter().flat_map(|p| all.get(p).into_iter().flatten().cloned()).collect()
        };
        if whole {
            let note = noted(&held(&counting), live, one, many);
            out.listed.push(ListedPath { path: folder.to_owned(), active: true, note });
        } else {
            for path in &counting {
                let note = noted(&held(&[path]), live, one, many);
                out.listed.push(ListedPath { path: (*path).to_owned(), active: true, note });
            }
        }
        for path in resting {
            let note = aside.get(path).cloned().unwrap_or_default();
            out.listed.push(ListedPath { path: path.to_owned(), active: false, note });
        }
        out.files.extend(counting.iter().map(|p| (*p).to_owned()));
    }
    out
}

fn is_aside(path: &str) -> bool {
    split(path).0.split('/').any(|part| ASIDE.contains(&part.to_ascii_lowercase().as_str()))
}

/// Names that several files have. The one that is nearest to the top and not aside counts, if there is one such.
fn twice<'a>(all: &BTreeMap<&'a str, Vec<String>>, one: &str, aside: &mut BTreeMap<&'a str, String>) {
    let mut holders: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    for (path, names) in all {
        for name in names {
            holders.entry(name).or_default().push(path);
        }
    }
    for (name, mut paths) in holders {
        paths.dedup();
        if paths.len() < 2 {
            continue;
        }
        let rank = |p: &&str| (is_aside(p), p.matches('/').count());
        let best = paths.iter().map(rank).min();
        let first: Vec<&str> = paths.iter().copied().filter(|p| Some(rank(p)) == best).collect();
        let name = Untrusted::new(name).line(60);
        for path in &paths {
            let why = match first.as_slice() {
                [winner] if winner == path => continue,
                [winner] => format!("? has {one} {name} too, as {} has", Untrusted::new(*winner).line(120)),
                _ => {
                    let others: Vec<String> =
                        paths.iter().filter(|p| *p != path).map(|p| Untrusted::new(*p).line(120)).collect();
                    format!("? which one counts: {one} {name} is in {} too", others.join(", "))
                }
            };
            aside.insert(path, why);
        }
    }
}

fn noted(names: &[String], live: Option<&BTreeSet<String>>, one: &str, many: &str) -> String {
    let mut note = told(names, one, many);
    let new: Vec<String> =
        live.map_or_else(Vec::new, |live| names.iter().filter(|n| !live.contains(*n)).cloned().collect());
    if !new.is_empty() {
        let which = if new.len() == names.len() { String::new() } else { format!(" {}", list(&new)) };
        note.push_str(&format!("; not in Omni yet{}{which}", if which.is_empty() { "" } else { ":" }));
    }
    note
}

fn told(names: &[String], one: &str, many: &str) -> String {
    match names {
        [] => format!("a {one} without a name"),
        [name] => format!("{one} {}", Untrusted::new(name).line(60)),
        _ => format!("{} {many}: {}", names.len(), list(names)),
    }
}

fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES).map(|n| Untrusted::new(n).line(60)).collect();
    let more = if names.len() > NAMES { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
