//! New files in the user's repository: nothing that exists is touched, nothing is written outside, and all or none.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::fail::Fail;

/// A file to make.
#[derive(Clone, Debug)]
pub(super) struct NewFile<'a> {
    /// Path below the root, with `/` between parts, none of which is `..`.
    pub(super) path: &'a str,
    /// Content.
    pub(super) bytes: &'a [u8],
    /// Whether only its owner may read it.
    pub(super) secret: bool,
}

/// Paths at which something stands already, be it in other case: on many disks that is the same file.
pub(super) fn taken(root: &Path, files: &[NewFile<'_>]) -> Vec<String> {
    let mut out = Vec::new();
    for file in files {
        let path = root.join(file.path);
        if path.symlink_metadata().is_ok() {
            out.push(file.path.to_owned());
            continue;
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str())) else {
            continue;
        };
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        let lower = name.to_lowercase();
        let other = entries
            .flatten()
            .filter_map(|e| e.file_name().into_string().ok())
            .find(|e| e.to_lowercase() == lower);
        if let Some(other) = other {
            let above = file.path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
            out.push(format!("{above}{other}"));
        }
    }
    out
}

/// Makes all files, or none: what was made is taken away again when one cannot be.
pub(super) fn make(root: &Path, files: &[NewFile<'_>]) -> Result<(), Fail> {
    let mut made = Made::default();
    for file in files {
        if let Err(why) = made.file(root, file) {
            made.undo();
            return Err(Fail::new(Exit::Error, format!("`{}` cannot be written: {why}", file.path))
                .help("nothing was written"));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Made {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Made {
    fn file(&mut self, root: &Path, file: &NewFile<'_>) -> Result<(), String> {
        let (folders, name) = file.path.rsplit_once('/').unwrap_or(("", file.path));
        let mut at = root.to_path_buf();
        for part in folders.split('/').filter(|p| !p.is_empty()) {
            at.push(part);
            match at.canonicalize() {
                Ok(real) if real.is_dir() && real.starts_with(root) => {}
                Ok(real) if real.is_dir() => {
                    return Err("its folder is a symbolic link out of the repository".to_owned());
                }
                Ok(_) => return Err("a file stands where its folder should be".to_owned()),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    DirBuilder::new().mode(0o777).create(&at).map_err(|e| e.to_string())?;
                    self.folders.push(at.clone());
                }
                Err(e) => return Err(e.to_string()),
            }
        }
        at.push(name);
        let mode = if file.secret { 0o600 } else { 0o666 };
        let mut made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&at)
            .map_err(|e| e.to_string())?;
        self.files.push(at);
        made.write_all(file.bytes).and_then(|()| made.sync_all()).map_err(|e| e.to_string())
    }

    fn undo(self) {
        for file in self.files {
            let _ = std::fs::remove_file(file);
        }
        for folder in self.folders.into_iter().rev() {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, secret: bool) -> NewFile<'_> {
        NewFile { path, bytes: b"a: 1\n", secret }
    }

    #[test]
    fn all_or_none_and_nothing_outside() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("repo");
        std::fs::create_dir(&root).unwrap();
        let root = root.canonicalize().unwrap();
        make(&root, &[file("a/b.yaml", false), file("c.yaml", true)]).unwrap();
        assert_eq!(std::fs::read(root.join("a/b.yaml")).unwrap(), b"a: 1\n");
        assert_eq!(root.join("c.yaml").metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            taken(&root, &[file("a/B.yaml", false), file("new.yaml", false), file("c.yaml", false)]),
            ["a/b.yaml", "c.yaml"]
        );
        std::os::unix::fs::symlink(dir.path(), root.join("out")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("dangling.yaml")).unwrap();
        assert_eq!(taken(&root, &[file("dangling.yaml", false)]), ["dangling.yaml"]);
        let fail = make(&root, &[file("new/d.yaml", false), file("out/e.yaml", false)]).unwrap_err();
        assert!(fail.message.contains("symbolic link out"), "{}", fail.message);
        assert!(!root.join("new").exists() && !dir.path().join("e.yaml").exists());
        assert!(make(&root, &[file("c.yaml", false)]).is_err() && root.join("c.yaml").exists());
    }
}
