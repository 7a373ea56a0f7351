//! The files of a repository as values.

use std::collections::BTreeMap;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file's bytes.
    File(Vec<u8>),
    /// The paths of the regular files directly in a folder, relative to the repository.
    Folder(Vec<String>),
    /// Nothing.
    Missing,
    /// Something that was not read; the text says why.
    Refused(String),
}

/// What was read, by path relative to the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSet {
    /// Entries by path.
    pub entries: BTreeMap<String, Entry>,
}

impl FileSet {
    /// The bytes of a file.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        match self.entries.get(path) {
            Some(Entry::File(bytes)) => Some(bytes),
            _ => None,
        }
    }
    /// Puts a file in.
    pub fn add_file(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.entries.insert(path.into(), Entry::File(bytes.into()));
    }
    /// The YAML files that a listed path stands for: itself, or the `*.yaml` and `*.yml` files of the folder.
    pub fn yaml_files(&self, path: &str) -> Vec<&str> {
        match self.entries.get_key_value(path) {
            Some((path, Entry::File(_))) => vec![path],
            Some((_, Entry::Folder(names))) => {
                names.iter().map(String::as_str).filter(|n| is_yaml(n)).collect()
            }
            _ => Vec::new(),
        }
    }
}

pub(super) fn is_yaml(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    matches!(extension.as_deref(), Some("yaml" | "yml"))
}

/// The path without `./` and trailing `/`, if it is relative and does not leave the repository; else why not.
///
/// # Errors
/// The reason, as the end of a sentence (`… is absolute`).
pub fn below_root(path: &str) -> Result<String, &'static str> {
    if path.is_empty() {
        return Err("is empty");
    }
    if path.len() > 1024 {
        return Err("is longer than 1024 bytes");
    }
    if path.contains("://") {
        return Err("is an address, not a path");
    }
    let drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with('/') || path.starts_with('~') || drive {
        return Err("is absolute");
    }
    if path.contains('\\') {
        return Err("has a backslash; parts are separated by `/`");
    }
    if path.chars().any(crate::untrusted::hidden) {
        return Err("has invisible characters");
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err("leaves its folder with `..`"),
            part => parts.push(part),
        }
    }
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// The path that `reference`, written in the file `from`, names in the repository, with `..` resolved as text; `None` if it is
/// absolute or leads out of the repository.
pub fn resolve(from: &str, reference: &str) -> Option<String> {
    if reference.is_empty() || reference.starts_with('/') || reference.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in reference.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_repository() {
        for (path, want) in [("clusters", "clusters"), ("./a//b/", "a/b"), (".", "."), ("a.b/..c", "a.b/..c")]
        {
            assert_eq!(below_root(path).as_deref(), Ok(want), "{path}");
        }
        for path in ["", "/etc", "../x", "a/../../b", "a/..", "~/.ssh", "C:/x", "a\\b", "a\0b", "https://x/y"]
        {
            assert!(below_root(path).is_err(), "{path}");
        }
    }

    #[test]
    fn references_are_relative_to_their_file() {
        assert_eq!(resolve("clusters/a.yaml", "patches/p.yaml").as_deref(), Some("clusters/patches/p.yaml"));
        assert_eq!(resolve("clusters/a.yaml", "./x/../p.yaml").as_deref(), Some("clusters/p.yaml"));
        assert_eq!(resolve("a.yaml", "../p.yaml"), None);
        assert_eq!(resolve("a.yaml", "/etc/passwd"), None);
    }
}
