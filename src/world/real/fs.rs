//! Files on disk, written so that a crash at any moment leaves the old or the new content.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::world::{Fs, FsError, FsLock};

/// Most bytes of a file that is read: records of ten thousand machines stay far below.
const LIMIT: u64 = 64 << 20;

/// The filesystem of this machine. Files are made readable by their owner only (0600), folders 0700.
#[derive(Debug, Default)]
pub struct RealFs {
    counter: AtomicU64,
}

struct Held {
    _file: File,
}
impl FsLock for Held {}

impl RealFs {
    /// A filesystem.
    pub fn new() -> Self {
        Self::default()
    }

    /// A name beside `path` that no other writer uses: process id and counter. `O_EXCL` catches what is left over.
    fn temporary(&self, path: &Path) -> PathBuf {
        let n = self.counter.fetch_add(1, Ordering::Relaxed);
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        path.with_file_name(format!(".{name}.{}-{n}.tmp", std::process::id()))
    }
}

fn error(path: &Path, e: &std::io::Error) -> FsError {
    if e.kind() == ErrorKind::NotFound {
        FsError::Missing(path.display().to_string())
    } else {
        FsError::Other { path: path.display().to_string(), cause: e.to_string() }
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn folder(path: &Path) -> Result<(), FsError> {
    let dir = parent(path);
    if dir.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| error(dir, &e))?;
    // The names of the new folders must survive too.
    let above = parent(dir);
    File::open(above).and_then(|d| d.sync_all()).map_err(|e| error(above, &e))
}

fn sync_folder(path: &Path) -> Result<(), FsError> {
    let dir = parent(path);
    File::open(dir).and_then(|d| d.sync_all()).map_err(|e| error(dir, &e))
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

impl Fs for RealFs {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FsError> {
        let file = File::open(path).map_err(|e| error(path, &e))?;
        let mut bytes = Vec::new();
        file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|e| error(path, &e))?;
        if bytes.len() as u64 > LIMIT {
            let cause = format!("it is larger than {} MiB, which this program never writes", LIMIT >> 20);
            return Err(FsError::Other { path: path.display().to_string(), cause });
        }
        Ok(bytes)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), FsError> {
        folder(path)?;
        let temporary = self.temporary(path);
        let written = match write_new(&temporary, bytes) {
            // Left over by a process of the same id that died.
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                std::fs::remove_file(&temporary).and_then(|()| write_new(&temporary, bytes))
            }
            other => other,
        };
        if let Err(e) = written.and_then(|()| std::fs::rename(&temporary, path)) {
            let _ = std::fs::remove_file(&temporary);
            return Err(error(path, &e));
        }
        sync_folder(path)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), FsError> {
        folder(path)?;
        let fresh = !path.exists();
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .map_err(|e| error(path, &e))?;
        file.write_all(bytes).and_then(|()| file.sync_data()).map_err(|e| error(path, &e))?;
        if fresh { sync_folder(path) } else { Ok(()) }
    }

    fn remove(&self, path: &Path) -> Result<(), FsError> {
        match std::fs::remove_file(path) {
            Ok(()) => sync_folder(path),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            Err(e) => Err(error(path, &e)),
        }
    }

    fn list(&self, path: &Path) -> Result<Vec<String>, FsError> {
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(error(path, &e)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| error(path, &e))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn FsLock>, FsError> {
        folder(path)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|e| error(path, &e))?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(Held { _file: file })),
            Err(TryLockError::WouldBlock) => Err(FsError::Held(path.display().to_string())),
            Err(TryLockError::Error(e)) => Err(error(path, &e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn replaced_files_are_private_and_leave_no_temporary_file() {
        let dir = tempfile::tempdir().unwrap();
        let fs = RealFs::new();
        let path = dir.path().join("a/b/record.json");
        fs.replace(&path, b"one").unwrap();
        fs.replace(&path, b"two").unwrap();
        assert_eq!(fs.read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs.list(&dir.path().join("a/b")).unwrap(), ["record.json"]);
    }

    #[test]
    fn a_replacement_that_fails_keeps_the_old_content() {
        let dir = tempfile::tempdir().unwrap();
        let fs = RealFs::new();
        let path = dir.path().join("folder");
        std::fs::create_dir(&path).unwrap();
        assert!(matches!(fs.replace(&path, b"x"), Err(FsError::Other { .. })));
        assert_eq!(fs.list(dir.path()).unwrap(), ["folder"]);
    }

    #[test]
    fn appended_lines_follow_each_other_and_missing_things_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let fs = RealFs::new();
        let path = dir.path().join("runs/1.jsonl");
        fs.append(&path, b"a\n").unwrap();
        fs.append(&path, b"b\n").unwrap();
        assert_eq!(fs.read(&path).unwrap(), b"a\nb\n");
        fs.remove(&path).unwrap();
        fs.remove(&path).unwrap();
        assert!(matches!(fs.read(&path), Err(FsError::Missing(_))));
        assert!(fs.list(&dir.path().join("none")).unwrap().is_empty());
    }

    #[test]
    fn a_lock_is_held_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let fs = RealFs::new();
        let path = dir.path().join("lock");
        let held = fs.lock(&path).unwrap();
        assert!(matches!(fs.lock(&path), Err(FsError::Held(_))));
        drop(held);
        assert!(fs.lock(&path).is_ok());
    }
}
