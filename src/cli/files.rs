//! The user's files: regular files below the root, no symbolic link out of it, within size limits.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::untrusted::Untrusted;

/// Largest single file, bytes.
pub(super) const FILE_LIMIT: u64 = 4 * 1024 * 1024;
/// Largest sum of all files of a run, bytes.
pub(super) const TOTAL_LIMIT: u64 = 64 * 1024 * 1024;

/// Most symbolic links that are followed on the way to one file, as many as Linux follows.
const LINK_LIMIT: u32 = 40;

/// Why a file was not read. The text is complete: what, where, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FileError {
    /// It is not there.
    #[error("`{0}` does not exist")]
    Missing(String),
    /// A symbolic link leads out of the root.
    #[error("`{0}` is a symbolic link out of the repository")]
    Escapes(String),
    /// It may not be read.
    #[error("{0}")]
    Refused(String),
    /// All files together are too large.
    #[error("{0}")]
    TooMuch(String),
}

impl FileError {
    /// The same about `name` under the path that the user gave.
    pub(super) fn of(self, name: &str, shown: &str) -> Self {
        let told = |text: String| text.replacen(&format!("`{name}`"), &format!("`{shown}`"), 1);
        match self {
            Self::Missing(path) if path == name => Self::Missing(shown.to_owned()),
            Self::Missing(path) => Self::Missing(path),
            Self::Escapes(path) if path == name => Self::Escapes(shown.to_owned()),
            Self::Escapes(path) => Self::Escapes(path),
            Self::Refused(text) => Self::Refused(told(text)),
            Self::TooMuch(text) => Self::TooMuch(told(text)),
        }
    }
}

fn replaced(relative: &str) -> FileError {
    FileError::Refused(format!("`{relative}` was replaced while it was read; run again"))
}

/// Numbers of Linux for: a link where none may be, a way out of the root, a rename on the way. They are asked about only there.
const LOOP: i32 = 40;
const CROSSED: i32 = 18;
const AGAIN: i32 = 11;

/// The repository that `-C` names. Paths are relative to it, with `/` between parts.
#[derive(Clone, Debug)]
pub(super) struct Root {
    folder: PathBuf,
    /// The folder itself, whatever its name leads to later.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "used by `openat2`"))]
    handle: Arc<std::fs::File>,
}

impl Root {
    /// The folder, with symbolic links resolved.
    pub(super) fn open(folder: &Path) -> Result<Self, FileError> {
        let shown = folder.display().to_string();
        let folder = folder.canonicalize().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => FileError::Missing(shown.clone()),
            _ => FileError::Refused(format!("`{shown}` cannot be opened: {e}")),
        })?;
        if !folder.is_dir() {
            return Err(FileError::Refused(format!("`{shown}` is not a folder")));
        }
        let handle = std::fs::File::open(&folder)
            .map_err(|e| FileError::Refused(format!("`{shown}` cannot be opened: {e}")))?;
        Ok(Self { folder, handle: Arc::new(handle) })
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The real path of `relative`, which exists and is below the root.
    fn resolve(&self, relative: &str) -> Result<PathBuf, FileError> {
        let path = Path::new(relative);
        let plain = path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        if !plain || relative.contains('\0') || relative.is_empty() {
            return Err(FileError::Refused(format!("`{relative}` is not a path below the repository")));
        }
        let real = self.folder.join(path).canonicalize().map_err(|e| match e.kind() {
            // Nothing stands below a file.
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                FileError::Missing(relative.to_owned())
            }
            _ => FileError::Refused(format!("`{relative}` cannot be opened: {e}")),
        })?;
        if real.starts_with(&self.folder) { Ok(real) } else { Err(FileError::Escapes(relative.to_owned())) }
    }

    /// Whether a symbolic link on the way to `relative` is absolute, or leads above the root, even if the rest of it leads
    /// back. omnictl opens files below a root that refuses both.
    pub(super) fn strays(&self, relative: &str) -> bool {
        // Names still to go, the next one last.
        let parts = |text: &str| text.split('/').rev().map(str::to_owned).collect::<Vec<_>>();
        let mut rest = parts(relative);
        let mut at: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(name) = rest.pop() {
            match name.as_str() {
                "" | "." => {}
                ".." => {
                    if at.pop().is_none() {
                        return true;
                    }
                }
                _ => {
                    at.push(name);
                    let Ok(target) = std::fs::read_link(self.folder.join(at.join("/"))) else { continue };
                    links += 1;
                    if target.is_absolute() || links > LINK_LIMIT {
                        return true;
                    }
                    at.pop();
                    rest.extend(parts(&target.to_string_lossy()));
                }
            }
        }
        false
    }

    /// The real path of a file below the root: of one that exists, with links resolved; of a new one, below a folder that
    /// exists.
    pub(super) fn real(&self, relative: &str) -> Result<PathBuf, FileError> {
        match self.resolve(relative) {
            Err(FileError::Missing(_)) => {}
            other => return other,
        }
        let (folder, name) = relative.rsplit_once('/').unwrap_or((".", relative));
        let path = self.resolve(folder)?.join(name);
        // A link that leads nowhere is missing too, and must not be written through or over.
        if path.symlink_metadata().is_ok() {
            return Err(FileError::Refused(format!("`{relative}` is a symbolic link that leads nowhere")));
        }
        Ok(path)
    }

    /// Whether anything stands at `relative`, even if it may not be read.
    pub(super) fn has(&self, relative: &str) -> bool {
        !matches!(self.resolve(relative), Err(FileError::Missing(_)))
    }

    /// Whether `relative` is a folder below the root.
    pub(super) fn has_folder(&self, relative: &str) -> bool {
        self.resolve(relative).is_ok_and(|p| p.is_dir())
    }

    /// Reads a file.
    pub(super) fn read(&self, relative: &str) -> Result<Vec<u8>, FileError> {
        let file = self.open_beneath(relative)?;
        // Asked of what was opened: between looking and opening, something else may have been put there.
        let meta = file.metadata();
        let meta = meta.map_err(|e| FileError::Refused(format!("`{relative}` cannot be read: {e}")))?;
        if !meta.is_file() {
            return Err(FileError::Refused(format!("`{relative}` is not a regular file")));
        }
        // The length may change while reading, so that the limit holds for what is read, not for what was promised.
        let mut bytes = Vec::new();
        file.take(FILE_LIMIT + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| FileError::Refused(format!("`{relative}` cannot be read: {e}")))?;
        if bytes.len() as u64 > FILE_LIMIT {
            return Err(FileError::Refused(format!("`{relative}` is larger than {} MiB", FILE_LIMIT >> 20)));
        }
        Ok(bytes)
    }

    /// Opens what stands at `relative`, wherever links inside the root lead. Nothing is waited for: a pipe without a writer opens too.
    fn open_beneath(&self, relative: &str) -> Result<std::fs::File, FileError> {
        let real = self.resolve(relative)?;
        let refused = |e: std::io::Error| FileError::Refused(format!("`{relative}` cannot be read: {e}"));
        if let Some(opened) = self.open_whole(&real) {
            return opened.map_err(|e| match e.raw_os_error() {
                // A link in a path that has none any more, or a way out of the root.
                Some(LOOP | CROSSED | AGAIN) => replaced(relative),
                _ => refused(e),
            });
        }
        // A device may act when it is opened, and a pipe waits.
        if !std::fs::metadata(&real).map_err(refused)?.is_file() {
            return Err(FileError::Refused(format!("`{relative}` is not a regular file")));
        }
        let file = std::fs::File::open(&real).map_err(refused)?;
        self.still(relative, &file)?;
        Ok(file)
    }

    /// Opens a resolved path in one step that cannot be interfered with, where the kernel can: below the root's own handle, and
    /// without following a single link on the way.
    #[cfg(target_os = "linux")]
    fn open_whole(&self, real: &Path) -> Option<std::io::Result<std::fs::File>> {
        use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
        use rustix::io::Errno;
        let below = real.strip_prefix(&self.folder).ok()?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let how = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let below = if below.as_os_str().is_empty() { Path::new(".") } else { below };
        match openat2(&*self.handle, below, flags, Mode::empty(), how) {
            Ok(file) => Some(Ok(file.into())),
            // An older kernel, or a container whose rules do not know the call.
            Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) => None,
            Err(e) => Some(Err(e.into())),
        }
    }

    /// Elsewhere there is no such call.
    #[cfg(not(target_os = "linux"))]
    fn open_whole(&self, _: &Path) -> Option<std::io::Result<std::fs::File>> {
        None
    }

    /// That the file which was opened is the one below the root: between looking and opening, somebody may have put a link there.
    /// Only the opened file itself tells.
    #[cfg(unix)]
    fn still(&self, relative: &str, opened: &std::fs::File) -> Result<(), FileError> {
        use std::os::unix::fs::MetadataExt as _;
        let identity = |meta: std::io::Result<std::fs::Metadata>| meta.ok().map(|m| (m.dev(), m.ino()));
        let now = identity(self.resolve(relative)?.symlink_metadata());
        if now.is_some() && now == identity(opened.metadata()) {
            return Ok(());
        }
        Err(replaced(relative))
    }

    /// Elsewhere a link needs privileges, and a file has no identity that could be compared.
    #[cfg(not(unix))]
    fn still(&self, _: &str, _: &std::fs::File) -> Result<(), FileError> {
        Ok(())
    }

    /// Replaces what stands in a file, with its permissions kept: old or new, never neither. A symbolic link stays one.
    pub(super) fn rewrite(&self, relative: &str, bytes: &[u8]) -> Result<(), FileError> {
        let refused =
            |e: &dyn std::fmt::Display| FileError::Refused(format!("`{relative}` cannot be written: {e}"));
        let real = self.resolve(relative)?;
        let mode = std::fs::metadata(&real).map_err(|e| refused(&e))?.permissions();
        // A file that may not be written is not replaced either, whatever its folder allows.
        std::fs::OpenOptions::new().write(true).open(&real).map_err(|e| refused(&e))?;
        let folder = real.parent().ok_or_else(|| refused(&"it has no folder"))?;
        let name = real.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let beside = folder.join(format!(".{name}.{}.new", std::process::id()));
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&beside)
            .and_then(|mut f| {
                f.write_all(bytes).and_then(|()| f.set_permissions(mode)).and_then(|()| f.sync_all())
            })
            .and_then(|()| std::fs::rename(&beside, &real));
        written.map_err(|e| {
            let _ = std::fs::remove_file(&beside);
            refused(&e)
        })
    }

    /// Names of the regular files directly in a folder, and of whatever else is called like a YAML file and is no folder, sorted,
    /// as paths relative to the root. Hidden files are left out.
    pub(super) fn list(&self, relative: &str) -> Result<Vec<String>, FileError> {
        let real = self.resolve(relative)?;
        let entries = std::fs::read_dir(&real)
            .map_err(|e| FileError::Refused(format!("`{relative}` cannot be listed: {e}")))?;
        let base = relative.trim_end_matches('/');
        let mut names = Vec::new();
        for entry in entries {
            let entry =
                entry.map_err(|e| FileError::Refused(format!("`{relative}` cannot be listed: {e}")))?;
            let (name, plain) = match entry.file_name().into_string() {
                Ok(name) => (name, true),
                Err(name) => (name.to_string_lossy().into_owned(), false),
            };
            if name.starts_with('.') {
                continue;
            }
            // What is passed over in silence would be missing from what is wanted, and so be destroyed: a file of YAML that
            // cannot be read has to be told.
            let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
            let wanted = matches!(extension.as_deref(), Some("yaml" | "yml")) && !entry.path().is_dir();
            if !plain && wanted {
                let shown = Untrusted::new(name).line(120);
                return Err(FileError::Refused(format!(
                    "`{base}` has a file whose name is not text: `{shown}`; rename it"
                )));
            }
            if plain && (wanted || entry.path().is_file()) {
                names.push(if base == "." { name } else { format!("{base}/{name}") });
            }
        }
        names.sort();
        Ok(names)
    }
}

/// All bytes that a run has read, so that the sum is bounded too.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Content by path relative to the root.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    total: u64,
}

impl Read {
    /// Reads a file once.
    pub(super) fn take(&mut self, root: &Root, relative: &str) -> Result<(), FileError> {
        if self.files.contains_key(relative) {
            return Ok(());
        }
        let bytes = root.read(relative)?;
        self.total += bytes.len() as u64;
        if self.total > TOTAL_LIMIT {
            return Err(FileError::TooMuch(format!(
                "the files are larger than {} MiB in all",
                TOTAL_LIMIT >> 20
            )));
        }
        self.files.insert(relative.to_owned(), bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("repo/clusters/sub")).unwrap();
        std::fs::write(dir.path().join("repo/clusters/b.yaml"), "b").unwrap();
        std::fs::write(dir.path().join("repo/clusters/a.yaml"), "a").unwrap();
        std::fs::write(dir.path().join("repo/clusters/sub/c.yaml"), "c").unwrap();
        std::fs::write(dir.path().join("outside"), "secret").unwrap();
        let root = Root::open(&dir.path().join("repo")).unwrap();
        (dir, root)
    }

    #[test]
    fn folders_are_read_sorted_and_without_sub_folders() {
        let (_dir, root) = repository();
        assert_eq!(root.list("clusters").unwrap(), ["clusters/a.yaml", "clusters/b.yaml"]);
        assert!(matches!(root.list("none"), Err(FileError::Missing(_))));
    }

    #[test]
    fn nothing_outside_the_root_is_read() {
        let (dir, root) = repository();
        std::os::unix::fs::symlink(dir.path().join("outside"), dir.path().join("repo/link")).unwrap();
        std::os::unix::fs::symlink("clusters/a.yaml", dir.path().join("repo/inside")).unwrap();
        std::os::unix::fs::symlink("..", dir.path().join("repo/clusters/up")).unwrap();
        std::os::unix::fs::symlink("../..", dir.path().join("repo/clusters/above")).unwrap();
        std::os::unix::fs::symlink("sub/loop", dir.path().join("repo/clusters/loop")).unwrap();
        std::os::unix::fs::symlink("../loop", dir.path().join("repo/clusters/sub/loop")).unwrap();
        for path in ["../outside", "/etc/hosts", "", "clusters", "clusters/../../outside", "clusters/loop"] {
            assert!(matches!(root.read(path), Err(FileError::Refused(_))), "{path}");
        }
        for path in ["link", "clusters/above/outside"] {
            assert_eq!(root.read(path), Err(FileError::Escapes(path.to_owned())));
            assert!(!root.has_folder(path), "{path}");
        }
        assert_eq!(root.read("inside").unwrap(), b"a");
        // Links may lead anywhere inside, upwards too.
        assert_eq!(root.read("clusters/up/clusters/b.yaml").unwrap(), b"b");
    }

    #[test]
    fn links_that_are_absolute_or_leave_the_root_stray() {
        let (dir, root) = repository();
        let link = |to: &str, name: &str| {
            std::os::unix::fs::symlink(to, dir.path().join("repo").join(name)).unwrap();
        };
        link(dir.path().join("repo/clusters/a.yaml").to_str().unwrap(), "absolute");
        link("../repo/clusters/a.yaml", "back");
        link("clusters", "folder");
        link("../folder/b.yaml", "clusters/inside");
        link("circle", "circle");
        for path in ["absolute", "back", "circle", "clusters/../.."] {
            assert!(root.strays(path), "{path}");
        }
        for path in [
            "clusters/a.yaml",
            "folder/b.yaml",
            "clusters/inside",
            "folder/../clusters/a.yaml",
            "none/at/all",
        ] {
            assert!(!root.strays(path), "{path}");
        }
        // What strays can still be read: the repository's own rule is where a file really lies.
        assert_eq!(root.read("back").unwrap(), b"a");
    }

    /// A folder that is another one half of the time: what is read was inside, always.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_is_swapped_for_a_link_leads_nowhere_else() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let (dir, root) = repository();
        std::fs::create_dir(dir.path().join("beyond")).unwrap();
        std::fs::write(dir.path().join("beyond/c.yaml"), "secret").unwrap();
        let (sub, link) = (dir.path().join("repo/clusters/sub"), dir.path().join("repo/link"));
        std::os::unix::fs::symlink(dir.path().join("beyond"), &link).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let swapper = std::thread::spawn(move || {
            let mut swaps = 0_u64;
            while !stopped.load(Ordering::Relaxed) {
                let flags = rustix::fs::RenameFlags::EXCHANGE;
                rustix::fs::renameat_with(rustix::fs::CWD, &sub, rustix::fs::CWD, &link, flags).unwrap();
                swaps += 1;
            }
            swaps
        });
        let (mut read, mut refused) = (0, 0);
        for _ in 0..20_000 {
            match root.read("clusters/sub/c.yaml") {
                Ok(bytes) => {
                    assert_eq!(bytes, b"c");
                    read += 1;
                }
                Err(_) => refused += 1,
            }
        }
        stop.store(true, Ordering::Relaxed);
        let swaps = swapper.join().unwrap();
        assert!(
            swaps > 1_000 && read > 100 && refused > 100,
            "{swaps} swaps, {read} read, {refused} refused"
        );
    }

    #[test]
    fn large_files_are_refused() {
        let (dir, root) = repository();
        let file = std::fs::File::create(dir.path().join("repo/large")).unwrap();
        file.set_len(FILE_LIMIT + 1).unwrap();
        assert!(root.read("large").unwrap_err().to_string().contains("larger than 4 MiB"));
    }
}
