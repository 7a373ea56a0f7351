//! Files that a template names: where a path leads, and what stands there.
//!
//! Nothing is read here. The caller hands in a lookup ([`PatchFiles`]); whether a path stays inside the allowed folder is
//! decided on the path alone ([`resolve`]), and what symbolic links do is the caller's to check.

use std::collections::BTreeMap;

use crate::diag::{SourceId, Sources};
use crate::template::model::Template;

/// Why a file's content is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// Nothing has this path.
    #[error("no such file or directory")]
    Missing,
    /// A folder has this path.
    #[error("is a directory")]
    Directory,
    /// The path, or a symbolic link on it, leads out of the allowed folder.
    #[error("path escapes from parent")]
    Escapes,
    /// The content is no UTF-8 text; Omni stores texts.
    #[error("is not UTF-8 text")]
    NotText,
    /// Anything else that the operating system said, made fit for printing by the caller.
    #[error("{0}")]
    Unreadable(String),
}

/// The caller's lookup.
pub trait PatchFiles {
    /// The bytes of the file that a template names as `path` (as written there).
    ///
    /// # Errors
    /// Why they are not there.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileProblem>;
    /// The path shown to people for `path`.
    fn shown(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// Where `path`, named by a template in the folder `template_dir`, leads: relative paths start at that folder, `.` and
/// `..` are resolved as text. `allowed_dir`, too, is relative to the template's folder; `./` is omnictl's default.
///
/// An absolute path can only be judged if `template_dir` is absolute as well; otherwise it counts as leading outside.
///
/// # Errors
/// [`FileProblem::Escapes`] if the result is not inside the allowed folder.
pub fn resolve(template_dir: &str, allowed_dir: &str, path: &str) -> Result<String, FileProblem> {
    if path.contains('\0') {
        return Err(FileProblem::Escapes);
    }
    let base = join(template_dir, allowed_dir);
    let target = join(template_dir, path);
    let inside = match (&base[..], &target[..]) {
        (b, t) if b.starts_with('/') != t.starts_with('/') => false,
        (b, t) if b == t => true,
        (".", t) => t != ".." && !t.starts_with("../"),
        ("/", _) => true,
        // Above the start, `..` says how far; a target is inside if it goes up no further.
        (b, t) if b == ".." || b.ends_with("/..") => {
            let up = b.split('/').count();
            let target_up = t.split('/').take_while(|part| *part == "..").count();
            target_up <= up
        }
        (b, t) => t.strip_prefix(b).is_some_and(|rest| rest.starts_with('/')),
    };
    if inside { Ok(target) } else { Err(FileProblem::Escapes) }
}

/// `path` from `base`, cleaned as text: no `.`, no doubled slashes, `..` only at the beginning.
pub fn join(base: &str, path: &str) -> String {
    let full = if path.starts_with('/') { path.to_owned() } else { format!("{base}/{path}") };
    let rooted = full.starts_with('/') && (path.starts_with('/') || base.starts_with('/'));
    let mut parts: Vec<&str> = Vec::new();
    for part in full.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(last) if *last != ".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(".."),
            },
            other => parts.push(other),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// Files that the caller has read beforehand, by their resolved paths.
#[derive(Clone, Debug, Default)]
pub struct FileMap {
    /// Folder of the template, as it stands in the keys.
    pub template_dir: String,
    /// Allowed folder, relative to the template's; `.` unless the user says otherwise.
    pub allowed_dir: String,
    /// Content by resolved path; a path that is not here is missing.
    pub files: BTreeMap<String, Result<Vec<u8>, FileProblem>>,
}

impl PatchFiles for FileMap {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileProblem> {
        let target = resolve(&self.template_dir, &self.allowed_dir, path)?;
        self.files.get(&target).cloned().unwrap_or(Err(FileProblem::Missing))
    }
    fn shown(&self, path: &str) -> String {
        join(&self.template_dir, path)
    }
}

/// What the files of one template hold, each read once.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    by_path: BTreeMap<String, Result<SourceId, FileProblem>>,
}

impl Contents {
    /// Reads every file that `template` names, once, into `sources`.
    pub fn read(template: &Template, files: &dyn PatchFiles, sources: &mut Sources) -> Self {
        let mut by_path = BTreeMap::new();
        for file in template.files() {
            if by_path.contains_key(&file.value) {
                continue;
            }
            let read = files.read(&file.value).and_then(|bytes| {
                let text = String::from_utf8(bytes).map_err(|_| FileProblem::NotText)?;
                Ok(sources.add(files.shown(&file.value), text))
            });
            by_path.insert(file.value.clone(), read);
        }
        Self { by_path }
    }
    /// The text named as `path`.
    ///
    /// # Errors
    /// Why it is not there.
    pub fn get(&self, path: &str) -> Result<SourceId, FileProblem> {
        self.by_path.get(path).cloned().unwrap_or(Err(FileProblem::Missing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_text() {
        for (base, path, want) in [
            ("clusters", "p.yaml", "clusters/p.yaml"),
            ("clusters", "./a/../b//p.yaml", "clusters/b/p.yaml"),
            ("clusters", "../p.yaml", "p.yaml"),
            ("clusters", "../../p.yaml", "../p.yaml"),
            (".", "..", ".."),
            ("clusters", "..", "."),
            ("/x", "../../p", "/p"),
            ("", "p", "p"),
            ("clusters", "/etc/hostname", "/etc/hostname"),
        ] {
            assert_eq!(join(base, path), want, "{base} {path}");
        }
    }

    #[test]
    fn only_paths_inside_the_allowed_folder() {
        let ok = |dir, allowed, path| resolve(dir, allowed, path).is_ok();
        assert!(ok("clusters", "./", "a/../b/p.yaml"));
        assert!(ok("clusters", "ok", "ok/a.yaml"));
        assert!(!ok("clusters", "ok", "other/a.yaml"));
        assert!(!ok("clusters", "ok", "okay/a.yaml"));
        assert!(!ok("clusters", ".", "../p.yaml"));
        assert!(ok("clusters", "..", "../p.yaml"));
        assert!(!ok("clusters", "..", "../../p.yaml"));
        assert!(ok(".", "..", "../sibling/p.yaml"));
        assert!(!ok(".", "..", "../../p.yaml"));
        assert!(!ok("clusters", ".", "/etc/hostname"));
        assert!(ok("/srv/clusters", ".", "/srv/clusters/p.yaml"));
        assert!(!ok("/srv/clusters", ".", "/srv/clusters2/p.yaml"));
        assert!(!ok("/srv/clusters", ".", "p\0.yaml"));
        assert!(ok("/", ".", "/etc/hostname"));
    }
}
