//! Writing the user's files: all of them or none, each old or new at any moment, never outside of the repository.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::exit::Exit;
use super::fail::Fail;
use super::files::{FileError, Root};
use crate::world::Fs as _;
use crate::world::real::RealFs;

/// Permissions of a new file, as an editor leaves it.
const NEW_FILE: u32 = 0o644;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rewrite {
    /// What was read; `None` if there is no such file.
    pub(super) before: Option<Vec<u8>>,
    /// What is to be written.
    pub(super) after: Vec<u8>,
}

/// Files to write, by path relative to the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rewrites {
    /// The files.
    pub(super) files: BTreeMap<String, Rewrite>,
}

impl Rewrites {
    /// Takes a file in. What is as it was is left out.
    pub(super) fn add(&mut self, path: impl Into<String>, before: Option<Vec<u8>>, after: Vec<u8>) {
        if before.as_ref() != Some(&after) {
            self.files.insert(path.into(), Rewrite { before, after });
        }
    }

    /// Writes all files. If one cannot be written, or is not as it was when it was read, all are as before.
    pub(super) fn write(&self, root: &Root) -> Result<(), Fail> {
        for (path, file) in &self.files {
            let now = match root.read(path) {
                Ok(bytes) => Some(bytes),
                Err(FileError::Missing(_)) => None,
                Err(e) => return Err(e.into()),
            };
            if now != file.before {
                return Err(Fail::new(Exit::Error, format!("`{path}` was changed while this command ran"))
                    .help("nothing was written; run the command again"));
            }
        }
        let mut done = Vec::new();
        for (path, file) in &self.files {
            let written = root.real(path).map_err(Fail::from).and_then(|real| put(&real, &file.after));
            if let Err(e) = written {
                for path in done {
                    self.restore(root, path);
                }
                return Err(Fail::new(Exit::Error, format!("`{path}` was not written: {}", e.message))
                    .help("all files are as before"));
            }
            done.push(path.as_str());
        }
        Ok(())
    }

    /// Makes all files what they were.
    pub(super) fn undo(&self, root: &Root) {
        for path in self.files.keys() {
            self.restore(root, path);
        }
    }

    fn restore(&self, root: &Root, path: &str) {
        let (Some(file), Ok(real)) = (self.files.get(path), root.real(path)) else { return };
        let _ = match &file.before {
            Some(bytes) => put(&real, bytes),
            None => RealFs::new().remove(&real).map_err(|e| Fail::new(Exit::Error, e.to_string())),
        };
    }
}

/// Replaces a file and keeps its permissions.
fn put(path: &Path, bytes: &[u8]) -> Result<(), Fail> {
    let mode = std::fs::metadata(path).map_or(NEW_FILE, |m| m.permissions().mode() & 0o777);
    let failed = |why: String| Fail::new(Exit::Error, why);
    RealFs::new().replace(path, bytes).map_err(|e| failed(e.to_string()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(|e| failed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_written_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("a.yaml"), "old").unwrap();
        std::fs::set_permissions(at("a.yaml"), std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(outside.path(), at("out")).unwrap();
        let root = Root::open(dir.path()).unwrap();
        let mut all = Rewrites::default();
        all.add("a.yaml", Some(b"old".to_vec()), b"new".to_vec());
        all.add("same.yaml", Some(b"x".to_vec()), b"x".to_vec());
        all.add("b.yaml", None, b"new".to_vec());
        assert_eq!(all.files.len(), 2);
        all.write(&root).unwrap();
        assert_eq!(std::fs::read(at("a.yaml")).unwrap(), b"new");
        assert_eq!(std::fs::metadata(at("a.yaml")).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::metadata(at("b.yaml")).unwrap().permissions().mode() & 0o777, 0o644);
        all.undo(&root);
        assert_eq!(std::fs::read(at("a.yaml")).unwrap(), b"old");
        assert!(!at("b.yaml").exists());
        // A file that somebody else changed, and a path out of the repository.
        std::fs::write(at("a.yaml"), "theirs").unwrap();
        assert!(all.write(&root).unwrap_err().message.contains("was changed"));
        let mut leads_out = Rewrites::default();
        leads_out.add("a.yaml", Some(b"theirs".to_vec()), b"new".to_vec());
        leads_out.add("out/c.yaml", None, b"new".to_vec());
        assert!(leads_out.write(&root).is_err());
        assert_eq!(std::fs::read(at("a.yaml")).unwrap(), b"theirs");
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}
