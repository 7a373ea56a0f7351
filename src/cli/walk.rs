//! The YAML files below a folder: bounded, without hidden folders, and never through a symbolic link to a folder.

use std::collections::VecDeque;
use std::path::Path;

use super::files::{FILE_LIMIT, Root, TOTAL_LIMIT};

/// Most names that are looked at.
const ENTRIES: usize = 200_000;
/// Most files that are read.
const FILES: usize = 20_000;
/// Deepest folder, counted from the root.
const DEPTH: usize = 16;
/// Folders that hold other people's files or our own.
const SKIPPED: [&str; 1] = ["node_modules"];

/// What was not looked at, one line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unseen {
    /// Paths with why.
    pub(super) paths: Vec<(String, String)>,
    /// The bound that ended the walk.
    pub(super) bound: Option<String>,
}

/// Hands every file whose name `wanted` takes to `found`, folder by folder in order of names: its path relative to the root,
/// and its bytes or why it was not read.
pub(super) fn walk(
    root: &Root,
    wanted: impl Fn(&str) -> bool,
    mut found: impl FnMut(&str, Result<Vec<u8>, String>),
) -> Unseen {
    let mut unseen = Unseen::default();
    let mut folders = VecDeque::from([(String::new(), 0)]);
    let (mut entries, mut files, mut total) = (0, 0, 0);
    while let Some((folder, depth)) = folders.pop_front() {
        let names = match list(&root.folder().join(&folder)) {
            Ok(names) => names,
            Err(why) => {
                unseen.paths.push((folder, format!("it cannot be listed: {why}")));
                continue;
            }
        };
        for (name, kind) in names {
            entries += 1;
            if entries > ENTRIES {
                unseen.bound = Some(format!("only the first {ENTRIES} names were looked at"));
                return unseen;
            }
            let Some(name) = name else {
                unseen.paths.push((folder.clone(), "a name in it is not UTF-8".to_owned()));
                continue;
            };
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let ours = folder.is_empty() && name == "state";
            match kind {
                _ if name.starts_with('.') => {}
                Kind::Folder if ours || SKIPPED.contains(&name.as_str()) => {}
                Kind::Folder if depth + 1 > DEPTH => {
                    unseen.paths.push((path, format!("it lies deeper than {DEPTH} folders")));
                }
                Kind::Folder => folders.push_back((path, depth + 1)),
                Kind::FolderLink => {
                    unseen.paths.push((path, "symbolic links to folders are not followed".to_owned()));
                }
                Kind::File if wanted(&name) => {
                    files += 1;
                    let read = root.read(&path).map_err(|e| e.to_string());
                    total += read.as_ref().map_or(0, |b| b.len() as u64).min(FILE_LIMIT);
                    if files > FILES || total > TOTAL_LIMIT {
                        unseen.bound = Some(format!(
                            "only the first {FILES} files, or {} MiB, were read",
                            TOTAL_LIMIT >> 20
                        ));
                        return unseen;
                    }
                    found(&path, read);
                }
                Kind::File | Kind::Other => {}
            }
        }
    }
    unseen
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    FolderLink,
    Other,
}

/// Names in a folder, sorted; `None` for one that is not UTF-8.
fn list(folder: &Path) -> Result<Vec<(Option<String>, Kind)>, String> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| e.to_string())? {
        let entry = entry.map_err(|e| e.to_string())?;
        let kind = match entry.file_type() {
            Ok(kind) if kind.is_dir() => Kind::Folder,
            Ok(kind) if kind.is_file() => Kind::File,
            Ok(kind) if kind.is_symlink() => match entry.path().metadata() {
                Ok(meta) if meta.is_dir() => Kind::FolderLink,
                Ok(meta) if meta.is_file() => Kind::File,
                // A link that leads nowhere, or in a circle.
                _ => Kind::Other,
            },
            _ => Kind::Other,
        };
        out.push((entry.file_name().into_string().ok(), kind));
        if out.len() > ENTRIES {
            break;
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_linked_or_ours_is_not_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("x.yaml"), "x").unwrap();
        for folder in ["a/b", ".git", "node_modules/m", "state/lab", "a/state"] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
            std::fs::write(dir.path().join(folder).join("f.yaml"), folder).unwrap();
        }
        std::fs::write(dir.path().join("a/note.txt"), "").unwrap();
        let link = |to: &Path, at: &str| std::os::unix::fs::symlink(to, dir.path().join(at)).unwrap();
        link(dir.path(), "a/loop");
        link(Path::new("self"), "self");
        link(&outside.path().join("x.yaml"), "a/out.yaml");
        link(&dir.path().join("a/b/f.yaml"), "a/in.yaml");
        let root = Root::open(dir.path()).unwrap();
        let mut seen = Vec::new();
        let unseen = walk(&root, |n| n.ends_with(".yaml"), |p, r| seen.push((p.to_owned(), r.is_ok())));
        let seen: Vec<(&str, bool)> = seen.iter().map(|(p, ok)| (p.as_str(), *ok)).collect();
        assert_eq!(
            seen,
            [("a/in.yaml", true), ("a/out.yaml", false), ("a/b/f.yaml", true), ("a/state/f.yaml", true)]
        );
        assert_eq!(unseen.paths.len(), 1, "{unseen:?}");
        assert!(unseen.paths[0].0 == "a/loop" && unseen.bound.is_none());
    }

    #[test]
    fn a_deep_tree_ends() {
        let dir = tempfile::tempdir().unwrap();
        let deep = vec!["d"; 40].join("/");
        std::fs::create_dir_all(dir.path().join(&deep)).unwrap();
        std::fs::write(dir.path().join(&deep).join("f.yaml"), "").unwrap();
        let mut seen = 0;
        let unseen = walk(&Root::open(dir.path()).unwrap(), |_| true, |_, _| seen += 1);
        assert_eq!((seen, unseen.paths.len()), (0, 1));
    }
}
