//! The part of the filesystem that memory (record, journal, lab world) needs. Reading the user's files is `spec`'s caller.

/// Why a filesystem operation failed.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    /// No such file or folder.
    #[error("`{0}` does not exist")]
    Missing(String),
    /// Anything else, with the operating system's words.
    #[error("`{path}`: {cause}")]
    Other {
        /// Which path.
        path: String,
        /// Why.
        cause: String,
    },
    /// Another process holds the lock.
    #[error("`{0}` is locked by another process")]
    Held(String),
}

/// A lock that is held until it is dropped, and that the operating system releases when the process dies.
pub trait FsLock: Send + Sync {}

/// Files of the tool itself. Every write is durable when it returns, or is an error.
pub trait Fs: Send + Sync {
    /// Reads a whole file.
    fn read(&self, path: &std::path::Path) -> Result<Vec<u8>, FsError>;
    /// Replaces a file: new temporary file, fsync, rename, fsync of the folder. Old or new, never neither.
    fn replace(&self, path: &std::path::Path, bytes: &[u8]) -> Result<(), FsError>;
    /// Appends to a file (created when missing) and syncs it.
    fn append(&self, path: &std::path::Path, bytes: &[u8]) -> Result<(), FsError>;
    /// Removes a file; missing is fine.
    fn remove(&self, path: &std::path::Path) -> Result<(), FsError>;
    /// Names in a folder, sorted; a missing folder is empty.
    fn list(&self, path: &std::path::Path) -> Result<Vec<String>, FsError>;
    /// Takes the exclusive lock that the file `path` stands for, without waiting; [`FsError::Held`] when somebody has it.
    fn lock(&self, path: &std::path::Path) -> Result<Box<dyn FsLock>, FsError>;
}
